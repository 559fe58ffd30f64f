package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// directories is two clients of one directory.Store.
type directories = pair[directory.Store]

var userPromises = []promise[directory.Store]{
	{"AUserComesBackWhole", aUserComesBackWhole},
	{"OrdinalsAreDenseUnderConcurrentCreates", ordinalsAreDenseUnderConcurrentCreates},
	{"AnIDIsTakenOnce", anIDIsTakenOnce},
	{"ACodeIsTakenOnceWhateverItsLetterCase", aCodeIsTakenOnceWhateverItsLetterCase},
	{"OneOfManyGetsACode", oneOfManyGetsACode},
	{"UsersWithoutCodeConflictWithNobody", usersWithoutCodeConflictWithNobody},
	{"AnUpdateMovesTheCode", anUpdateMovesTheCode},
	{"OneOfManyUpdatesGetsACode", oneOfManyUpdatesGetsACode},
	{"ARefusedUpdateChangesNothing", aRefusedUpdateChangesNothing},
	{"OfTwoUpdatesOfOneRevOneWins", ofTwoUpdatesOfOneRevOneWins},
	{"CompaniesShareNoUsers", companiesShareNoUsers},
}

func text(s string) *string { return &s }

// newUser has a code, none where it is empty.
func newUser(p directories, code string) directory.User {
	now := p.clock.Now()
	u := directory.User{ID: uuid.NewString(), Created: now, Changed: now}
	u.Request.Name = text("Åse Ærlig O'Neill «" + code + "»")
	if code != "" {
		u.Request.Code = &code
	}
	return u
}

// fullUser has something in every kind of field.
func fullUser(p directories, code string) directory.User {
	u := newUser(p, code)
	expires := p.clock.Now().Add(-24*time.Hour + 7*time.Microsecond)
	u.Unit, u.Expires, u.Changed = "unit-1", &expires, p.clock.Now().Add(123456789)
	u.Request.Username = text("")
	u.Request.MailAddresses = []string{"a@example.com", ""}
	u.Request.UserAccesses = []directory.UserAccess{{Domain: text("D"), Key: text("k\x00\n"), IsPrimary: true, ID: -7}}
	u.Request.AccessToZones = []int32{3, 1, 2}
	u.Request.Note = text(strings.Repeat("n", 60_000))
	u.Request.UserAccessFunctions = []directory.AccessFunction{}
	u.Request.UserRoles = []directory.UserRole{{RoleID: text("r"), ArchiveList: text("a,b")}, {}}
	return u
}

func aUserComesBackWhole(t *testing.T, p directories) {
	company := newCompany()
	for i, u := range []directory.User{fullUser(p, "Code 1"), newUser(p, ""), newUser(p, "2")} {
		u.Ordinal, u.Rev = 99, 99
		created := get(p.a.CreateUser(t.Context(), company, u))(t)
		u.Ordinal, u.Rev = i, 1
		same(t, "what CreateUser returns", created, u)
		same(t, "the user", get(p.b.User(t.Context(), company, u.ID))(t), u)
		if u.Request.Code != nil {
			same(t, "the user by code", get(p.b.UserByCode(t.Context(), company, *u.Request.Code))(t), u)
		}

		p.clock.Advance(time.Minute)
		changed := fullUser(p, fmt.Sprintf("changed %d", i))
		changed.ID, changed.Rev, changed.Ordinal = u.ID, 1, 99
		updated := get(p.b.UpdateUser(t.Context(), company, changed))(t)
		changed.Rev, changed.Ordinal, changed.Created = 2, i, u.Created
		same(t, "what UpdateUser returns", updated, changed)
		same(t, "the updated user", get(p.a.User(t.Context(), company, u.ID))(t), changed)
	}
	_, err := p.a.User(t.Context(), company, uuid.NewString())
	wantCode(t, err, usersync.NotFound)
	_, err = p.a.UserByCode(t.Context(), company, "unknown")
	wantCode(t, err, usersync.NotFound)
	_, err = p.a.UserByCode(t.Context(), company, " ")
	wantCode(t, err, usersync.NotFound)
}

func ordinalsAreDenseUnderConcurrentCreates(t *testing.T, p directories) {
	company := newCompany()
	const callers, each = 50, 6
	together(callers, func(i int) {
		for n := range each {
			// Every third is refused: that must leave no gap.
			code := fmt.Sprintf("%d-%d", i, n)
			if n%3 == 2 {
				code = fmt.Sprintf("%d-%d", i, n-1)
			}
			_, err := p.either(i).CreateUser(t.Context(), company, newUser(p, code))
			if n%3 == 2 {
				wantCode(t, err, usersync.Conflict)
			} else if err != nil {
				t.Errorf("create: %v", err)
			}
		}
	})
	users := get(p.a.Users(t.Context(), company, 0, 1000))(t)
	if want := callers * each * 2 / 3; len(users) != want {
		t.Fatalf("%d users, want %d", len(users), want)
	}
	for i, u := range users {
		if u.Ordinal != i {
			t.Fatalf("element %d has ordinal %d", i, u.Ordinal)
		}
	}
}

func anIDIsTakenOnce(t *testing.T, p directories) {
	company, u := newCompany(), newUser(p, "one")
	errs := make([]error, 10)
	together(len(errs), func(i int) { _, errs[i] = p.either(i).CreateUser(t.Context(), company, u) })
	created := 0
	for _, err := range errs {
		if err == nil {
			created++
			continue
		}
		wantCode(t, err, usersync.Exists)
	}
	if created != 1 {
		t.Fatalf("created %d times", created)
	}
	other := newUser(p, "another code")
	other.ID = u.ID
	_, err := p.b.CreateUser(t.Context(), company, other)
	wantCode(t, err, usersync.Exists)
	// The refused one must not have kept its code.
	get(p.b.CreateUser(t.Context(), company, newUser(p, "another code")))(t)
	if users := get(p.a.Users(t.Context(), company, 0, 10))(t); len(users) != 2 || users[1].Ordinal != 1 {
		t.Fatalf("%d users, want 2 without a gap", len(users))
	}
}

func aRefusedUpdateChangesNothing(t *testing.T, p directories) {
	company := newCompany()
	get(p.a.CreateUser(t.Context(), company, newUser(p, "taken")))(t)
	u := get(p.a.CreateUser(t.Context(), company, newUser(p, "mine")))(t)
	p.clock.Advance(time.Hour)

	taken := fullUser(p, "TAKEN")
	taken.ID, taken.Rev = u.ID, u.Rev
	_, err := p.b.UpdateUser(t.Context(), company, taken)
	wantCode(t, err, usersync.Conflict)
	late := fullUser(p, "free")
	late.ID, late.Rev = u.ID, u.Rev-1
	_, err = p.b.UpdateUser(t.Context(), company, late)
	wantCode(t, err, usersync.Fenced)
	late.Rev = u.Rev + 1
	_, err = p.b.UpdateUser(t.Context(), company, late)
	wantCode(t, err, usersync.Fenced)
	nobody := fullUser(p, "free")
	nobody.Rev = 1
	_, err = p.b.UpdateUser(t.Context(), company, nobody)
	wantCode(t, err, usersync.NotFound)

	same(t, "the user", get(p.a.User(t.Context(), company, u.ID))(t), u)
	same(t, "the user by code", get(p.b.UserByCode(t.Context(), company, "mine"))(t), u)
	same(t, "changed users", len(get(p.b.UsersChanged(t.Context(), company, p.clock.Now()))(t)), 0)
	get(p.b.CreateUser(t.Context(), company, newUser(p, "free")))(t)
}

func ofTwoUpdatesOfOneRevOneWins(t *testing.T, p directories) {
	company := newCompany()
	u := get(p.a.CreateUser(t.Context(), company, newUser(p, "code")))(t)
	for range 4 {
		errs := make([]error, 8)
		mine := make([]directory.User, len(errs))
		together(len(errs), func(i int) {
			next := u
			next.Request.Note = text(fmt.Sprint(i))
			next.Request.Code = text(fmt.Sprintf("code %d of %d", i, u.Rev))
			mine[i], errs[i] = p.either(i).UpdateUser(t.Context(), company, next)
		})
		wantOneNil(t, errs, usersync.Fenced)
		u = mine[slices.Index(errs, nil)]
		same(t, "the user", get(p.a.User(t.Context(), company, u.ID))(t), u)
		for i := range errs {
			if mine[i].Rev == u.Rev {
				continue
			}
			_, err := p.b.UserByCode(t.Context(), company, fmt.Sprintf("code %d of %d", i, u.Rev-1))
			wantCode(t, err, usersync.NotFound)
		}
	}
}

func companiesShareNoUsers(t *testing.T, p directories) {
	one, two := newCompany(), newCompany()
	u := get(p.a.CreateUser(t.Context(), one, newUser(p, "code")))(t)
	_, err := p.b.User(t.Context(), two, u.ID)
	wantCode(t, err, usersync.NotFound)
	_, err = p.b.UserByCode(t.Context(), two, "code")
	wantCode(t, err, usersync.NotFound)
	_, err = p.b.UpdateUser(t.Context(), two, u)
	wantCode(t, err, usersync.NotFound)
	same(t, "users of the other company", len(get(p.b.Users(t.Context(), two, 0, 10))(t)), 0)
	if v := get(p.a.CreateUser(t.Context(), two, u))(t); v.Ordinal != 0 {
		t.Fatalf("the first user has ordinal %d", v.Ordinal)
	}
}
