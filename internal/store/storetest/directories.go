package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

var userListPromises = []promise[directory.Store]{
	{"UsersAreListedByOrdinal", usersAreListedByOrdinal},
	{"UsersChangedSinceAreInOrderOfOrdinal", usersChangedSinceAreInOrderOfOrdinal},
	{"TheDirectoryIsAsInTheModel", theDirectoryIsAsInTheModel},
}

var unitPromises = []promise[directory.Store]{
	{"UnitsComeBackInOrderOfCreation", unitsComeBackInOrderOfCreation},
	{"OfTwoUnitUpdatesOfOneRevOneWins", ofTwoUnitUpdatesOfOneRevOneWins},
}

func userIDs(users []directory.User) []string {
	ids := []string{}
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return ids
}

func usersAreListedByOrdinal(t *testing.T, p directories) {
	company := newCompany()
	var ids []string
	for i := range 230 {
		u := newUser(p, fmt.Sprintf("code %d", i))
		u.Request.Note = text(strings.Repeat("æ", 6<<10)) // more than one answer of an engine holds
		ids = append(ids, get(p.either(i).CreateUser(t.Context(), company, u))(t).ID)
	}
	for _, window := range [][2]int{{0, 1}, {0, 230}, {0, 10_000}, {7, 100}, {100, 130}, {229, 5}, {230, 5}, {5000, 5}} {
		want := ids[min(window[0], len(ids)):min(window[0]+window[1], len(ids))]
		got := get(p.b.Users(t.Context(), company, window[0], window[1]))(t)
		same(t, fmt.Sprintf("users %v", window), userIDs(got), append([]string{}, want...))
		for i, u := range got {
			if u.Ordinal != window[0]+i {
				t.Fatalf("ordinal %d at %d", u.Ordinal, window[0]+i)
			}
		}
	}
}

func usersChangedSinceAreInOrderOfOrdinal(t *testing.T, p directories) {
	company := newCompany()
	var users []directory.User
	for i := range 6 {
		users = append(users, get(p.a.CreateUser(t.Context(), company, newUser(p, fmt.Sprint(i))))(t))
	}
	created := p.clock.Now()
	p.clock.Advance(time.Hour)
	for _, i := range []int{4, 1} { // the later changed is the earlier one in order
		p.clock.Advance(time.Millisecond)
		users[i].Changed = p.clock.Now()
		users[i] = get(p.b.UpdateUser(t.Context(), company, users[i]))(t)
	}
	for since, want := range map[time.Time][]int{
		created.Add(-time.Hour):      {0, 1, 2, 3, 4, 5},
		created:                      {0, 1, 2, 3, 4, 5},
		created.Add(time.Nanosecond): {1, 4},
		users[4].Changed:             {1, 4},
		users[1].Changed:             {1},
		p.clock.Now().Add(1e6):       {},
	} {
		expected := []directory.User{}
		for _, i := range want {
			expected = append(expected, users[i])
		}
		eventually(t, "changed users", func() bool {
			got := get(p.a.UsersChanged(t.Context(), company, since))(t)
			return asJSON(t, append([]directory.User{}, got...)) == asJSON(t, expected)
		})
	}
}

// theDirectoryIsAsInTheModel tries creates and updates over few codes and checks every view of them.
func theDirectoryIsAsInTheModel(t *testing.T, p directories) {
	codes := rapid.SampledFrom([]string{"", "a", "A", "b", " B", "ç"})
	rapid.Check(t, func(rt *rapid.T) {
		company, model := newCompany(), []directory.User{}
		holder := func(code string) int {
			return slices.IndexFunc(model, func(u directory.User) bool {
				return u.Request.Code != nil && directory.CodeKey(*u.Request.Code) == directory.CodeKey(code)
			})
		}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			s := p.either(rapid.IntRange(0, 1).Draw(rt, "client"))
			code := codes.Draw(rt, "code")
			p.clock.Advance(time.Second)
			u, has := newUser(p, code), holder(code)
			which := rapid.IntRange(-1, len(model)-1).Draw(rt, "update")
			var stored directory.User
			var err error
			if which < 0 {
				u.Rev, u.Ordinal = 1, len(model)
				stored, err = s.CreateUser(t.Context(), company, u)
			} else {
				u.ID, u.Rev = model[which].ID, model[which].Rev
				stored, err = s.UpdateUser(t.Context(), company, u)
				u.Rev, u.Ordinal, u.Created = u.Rev+1, which, model[which].Created
			}
			switch taken := code != "" && has >= 0 && has != which; {
			case taken:
				if !usersync.Is(err, usersync.Conflict) {
					rt.Fatalf("a taken code: error %v", err)
				}
				continue
			case err != nil || asJSON(t, stored) != asJSON(t, u):
				rt.Fatalf("got %s, error %v\nwant %s", asJSON(t, stored), err, asJSON(t, u))
			case which < 0:
				model = append(model, u)
			default:
				model[which] = u
			}
		}
		offset, limit := rapid.IntRange(0, 9).Draw(rt, "offset"), rapid.IntRange(1, 9).Draw(rt, "limit")
		want := model[min(offset, len(model)):min(offset+limit, len(model))]
		listed := get(p.b.Users(t.Context(), company, offset, limit))(t)
		if asJSON(t, append([]directory.User{}, listed...)) != asJSON(t, append([]directory.User{}, want...)) {
			rt.Fatalf("users %d+%d are not as in the model", offset, limit)
		}
		for _, code := range []string{"a", "b", "Ç"} {
			u, err := p.b.UserByCode(t.Context(), company, code)
			if has := holder(code); has < 0 && !usersync.Is(err, usersync.NotFound) || has >= 0 && (err != nil || u.ID != model[has].ID) {
				rt.Fatalf("code %q: error %v, model has it at %d", code, err, has)
			}
		}
	})
}

func unitsComeBackInOrderOfCreation(t *testing.T, p directories) {
	company := newCompany()
	want := []directory.Unit{}
	same(t, "units of none", len(get(p.a.Units(t.Context(), company))(t)), 0)
	for i := range 30 {
		u := directory.Unit{ID: fmt.Sprintf("%02d-%s", 99-i, uuid.NewString()), Rev: 9, Created: p.clock.Now()}
		u.Request.DepartmentName, u.Request.ExternalID = text(fmt.Sprintf("Avdelning «%d»", i)), text("")
		created := get(p.either(i).CreateUnit(t.Context(), company, u))(t)
		u.Rev = 1
		same(t, "what CreateUnit returns", created, u)
		_, err := p.either(i+1).CreateUnit(t.Context(), company, u)
		wantCode(t, err, usersync.Exists)
		want = append(want, u)
		p.clock.Advance(time.Millisecond)
	}
	same(t, "units", get(p.b.Units(t.Context(), company))(t), want)
	for _, i := range []int{20, 3} {
		u := want[i]
		u.Request.Addr = text("Storgatan 1")
		want[i] = get(p.a.UpdateUnit(t.Context(), company, u))(t)
		u.Rev++
		same(t, "what UpdateUnit returns", want[i], u)
	}
	same(t, "units after updates", get(p.b.Units(t.Context(), company))(t), want)
	same(t, "units of another company", len(get(p.b.Units(t.Context(), newCompany()))(t)), 0)
}

func ofTwoUnitUpdatesOfOneRevOneWins(t *testing.T, p directories) {
	company := newCompany()
	u := get(p.a.CreateUnit(t.Context(), company, directory.Unit{ID: "u", Created: p.clock.Now()}))(t)
	errs := make([]error, 10)
	mine := make([]directory.Unit, len(errs))
	together(len(errs), func(i int) {
		next := u
		next.Request.Phone = text(fmt.Sprint(i))
		mine[i], errs[i] = p.either(i).UpdateUnit(t.Context(), company, next)
	})
	wantOneNil(t, errs, usersync.Fenced)
	same(t, "units", get(p.b.Units(t.Context(), company))(t), []directory.Unit{mine[slices.Index(errs, nil)]})
	_, err := p.a.UpdateUnit(t.Context(), company, directory.Unit{ID: "unknown", Rev: 1})
	wantCode(t, err, usersync.NotFound)
}
