package storetest

import (
	"fmt"
	"testing"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

func aCodeIsTakenOnceWhateverItsLetterCase(t *testing.T, p directories) {
	company, u := newCompany(), newUser(p, "Ærlig 7")
	u = get(p.a.CreateUser(t.Context(), company, u))(t)
	for _, code := range []string{"Ærlig 7", "ÆRLIG 7", " ærlig 7\t"} {
		_, err := p.b.CreateUser(t.Context(), company, newUser(p, code))
		wantCode(t, err, usersync.Conflict)
		same(t, "the user by code", get(p.b.UserByCode(t.Context(), company, code))(t), u)
	}
	get(p.b.CreateUser(t.Context(), company, newUser(p, "aerlig 7")))(t)
	u.Request.Code = text("ÆRLIG 7") // its own, in other letters
	get(p.b.UpdateUser(t.Context(), company, u))(t)
}

func oneOfManyGetsACode(t *testing.T, p directories) {
	company := newCompany()
	codes := []string{"Same", "SAME", "same", " sAme "}
	errs := make([]error, 20)
	together(len(errs), func(i int) {
		_, errs[i] = p.either(i).CreateUser(t.Context(), company, newUser(p, codes[i%len(codes)]))
	})
	wantOneNil(t, errs, usersync.Conflict)
	if users := get(p.a.Users(t.Context(), company, 0, 100))(t); len(users) != 1 || users[0].Ordinal != 0 {
		t.Fatalf("%d users have one code", len(users))
	}
}

// wantOneNil fails unless one call succeeded and all others have the code.
func wantOneNil(t *testing.T, errs []error, code usersync.Code) {
	t.Helper()
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		wantCode(t, err, code)
	}
	if succeeded != 1 {
		t.Fatalf("%d succeeded, want 1", succeeded)
	}
}

func usersWithoutCodeConflictWithNobody(t *testing.T, p directories) {
	company := newCompany()
	for i, code := range []*string{nil, nil, text(""), text(" \t"), text("")} {
		u := newUser(p, "")
		u.Request.Code = code
		u = get(p.either(i).CreateUser(t.Context(), company, u))(t)
		get(p.either(i+1).UpdateUser(t.Context(), company, u))(t)
	}
}

func anUpdateMovesTheCode(t *testing.T, p directories) {
	company := newCompany()
	u := get(p.a.CreateUser(t.Context(), company, newUser(p, "old")))(t)
	u.Request.Code = text("new")
	u = get(p.a.UpdateUser(t.Context(), company, u))(t)
	_, err := p.b.UserByCode(t.Context(), company, "old")
	wantCode(t, err, usersync.NotFound)
	same(t, "the user by code", get(p.b.UserByCode(t.Context(), company, "new"))(t), u)
	get(p.b.CreateUser(t.Context(), company, newUser(p, "old")))(t)
	_, err = p.b.CreateUser(t.Context(), company, newUser(p, "new"))
	wantCode(t, err, usersync.Conflict)

	u.Request.Code = nil
	u = get(p.b.UpdateUser(t.Context(), company, u))(t)
	get(p.a.CreateUser(t.Context(), company, newUser(p, "new")))(t)
	u.Request.Code = text("NEW")
	_, err = p.a.UpdateUser(t.Context(), company, u)
	wantCode(t, err, usersync.Conflict)
}

func oneOfManyUpdatesGetsACode(t *testing.T, p directories) {
	company := newCompany()
	users := make([]directory.User, 12)
	for i := range users {
		users[i] = get(p.a.CreateUser(t.Context(), company, newUser(p, fmt.Sprintf("was %d", i))))(t)
	}
	errs := make([]error, len(users))
	together(len(users), func(i int) {
		next := users[i]
		next.Request.Code = text([]string{"Wanted", "WANTED"}[i/2%2])
		_, errs[i] = p.either(i).UpdateUser(t.Context(), company, next)
	})
	wantOneNil(t, errs, usersync.Conflict)
	for i, err := range errs {
		if err == nil {
			same(t, "the holder", get(p.b.UserByCode(t.Context(), company, "wanted"))(t).ID, users[i].ID)
			continue
		}
		same(t, "a loser", get(p.b.UserByCode(t.Context(), company, fmt.Sprintf("was %d", i)))(t), users[i])
	}
}
