package axema

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestEverybodyIsJoinedWithTheirGroupHoweverManyPagesThereAre(t *testing.T) {
	v := &vaka{groups: groups(10_000), most: 70}
	for i := range 1200 {
		v.users = append(v.users, account(fmt.Sprint("u", i), "Ek, Åsa", "", fmt.Sprintf("g%d", i*8)))
	}
	v.users = append(v.users, account("alone", "Ek", "", nil), account("lost", "Ek", "", "nobody's"))
	got, err := entries(t, open(t, v))
	if err != nil || len(got) != 1202 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	for i := range 1200 {
		p := got[i].Person
		if p.Attributes["apartmentId"] != fmt.Sprint(1000+i*8) || p.Attributes["referenceId"] != fmt.Sprintf("ref-%d", i*8) || p.Groups[0].Name != fmt.Sprintf("Lgh %d", i*8) {
			t.Fatalf("%+v", p)
		}
	}
	if p := got[1200].Person; len(p.Groups)+len(p.Attributes) != 0 {
		t.Errorf("without a group: %+v", p)
	}
	if p := got[1201].Person; len(p.Groups) != 1 || p.Groups[0] != (usersync.Group{ID: "nobody's"}) || len(p.Attributes) != 0 {
		t.Errorf("with a group that nobody has: %+v", p)
	}
}

func TestANameIsPartedAsVAKAWritesIt(t *testing.T) {
	for name, want := range map[string][2]string{
		"Ek, Åsa":                   {"Ek", "Åsa"},
		"von Essen , Carl  Gustaf ": {"von Essen", "Carl Gustaf"},
		"Ek, Åsa, Dr":               {"Ek", "Åsa, Dr"},
		"Åsa Maria Ek":              {"Ek", "Åsa Maria"},
		"Åsa":                       {"Åsa", ""},
		"Ek,":                       {"Ek", ""},
		"":                          {"", ""},
		"Ek,\tÅ\x00sa\n":            {"Ek", "Å sa"},
	} {
		got, err := entries(t, open(t, &vaka{users: []any{account("1", name, "", nil)}}))
		if err != nil || got[0].Person == nil || got[0].Person.Name.FamilyName != want[0] || got[0].Person.Name.GivenName != want[1] {
			t.Errorf("%q: %+v %v", name, got, err)
		}
	}
}

func TestHostileUsersAreFaultsOrHarmless(t *testing.T) {
	const guid = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
	for why, c := range map[string]struct {
		user       any
		key, fault string // an empty fault: a person
	}{
		"other letters of a guid": {account(guid, "A B", "", nil), strings.ToLower(guid), ""},
		"braces round a guid":     {account("{"+guid+"}", "A B", "", nil), strings.ToLower(guid), ""},
		"null for a name":         {map[string]any{"userId": "1", "name": nil}, "1", ""},
		"no e-mail":               {account("1", "A B", "this is none", nil), "1", ""},
		"a number for a name":     {map[string]any{"userId": "1", "name": 7}, "1", "name has the wrong type"},
		"a list for an e-mail":    {map[string]any{"userId": "1", "email": []int{1}}, "1", "email has the wrong type"},
		"a number for an id":      {map[string]any{"userId": 17}, "row:1", "userId has the wrong type"},
		"5,000 runes":             {account("1", strings.Repeat("å", 5000), "", nil), "1", "name is longer than 256 characters"},
		"a control in an e-mail":  {account("1", "A", "a\x00b@x.test", nil), "1", "email is too long or holds control characters"},
		"a long id":               {account(strings.Repeat("x", 257), "A", "", nil), "row:1", "id is longer than 256 bytes"},
		"a long group":            {account("1", "A", "", strings.Repeat("x", 10_000)), "1", ""},
	} {
		got, err := entries(t, open(t, &vaka{users: []any{c.user, account("2", "B", "", nil)}}))
		if err != nil || len(got) != 2 || got[1].Person == nil || got[0].Key != c.key || got[0].Fault != c.fault {
			t.Errorf("%s: %+v %v", why, got, err)
		}
	}
}

// answer answers one path with a status and a body, and the rest as ever.
func answer(path string, status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, path) {
			return false
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// endless answers with ever new tokens, and no group.
func endless(path string) func(http.ResponseWriter, *http.Request) bool {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) bool {
		n++
		return answer(path, 200, `{"userGroups":[],"continuationToken":"`+strconv.Itoa(n)+`"}`)(w, r)
	}
}

func TestHalfAnAnswerIsNoAnswer(t *testing.T) {
	const users, page = "/users/", "/usergroups/"
	for why, c := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request) bool
		code    usersync.Code
		says    string
	}{
		"users are HTML":              {answer(users, 200, "<html>pl@nted</html>"), usersync.Malformed, "no JSON"},
		"users are cut":               {answer(users, 200, `{"userAccounts":[{"userId":"1"},{"userId`), usersync.Malformed, "cut off"},
		"the list does not end":       {answer(users, 200, `{"userAccounts":[{"userId":"1"}`), usersync.Malformed, "cut off"},
		"users are no object":         {answer(users, 200, `[{"userId":"1"}]`), usersync.Malformed, "without a list"},
		"a number beyond every range": {answer(users, 200, "1"+strings.Repeat("0", 400)), usersync.Malformed, "without a list"},
		"users are null":              {answer(users, 200, `{"userAccounts":null}`), usersync.Malformed, "without a list"},
		"users are missing":           {answer(users, 200, `{"users":[{}]}`), usersync.Malformed, "without a list"},
		"users are empty":             {answer(users, 200, ``), usersync.Malformed, "cut off"},
		"a user without an end":       {answer(users, 200, `{"userAccounts":["`+strings.Repeat("x", 3<<20)+`"]}`), usersync.Malformed, "more than 1 MiB"},
		"no such device":              {answer(users, 404, `pl@nted`), usersync.Malformed, "deviceId"},
		"no right":                    {answer(users, 403, `pl@nted`), usersync.Forbidden, "right"},
		"a redirect":                  {answer(users, 302, ``), usersync.Malformed, "redirect"},
		"groups are HTML":             {answer(page, 200, "<html>"), usersync.Malformed, "HTML"},
		"groups are missing":          {answer(page, 200, `{}`), usersync.Malformed, "userGroups"},
		"groups are of another kind":  {answer(page, 200, `{"userGroups":[{"name":7}]}`), usersync.Malformed, "wrong type"},
		"groups fail":                 {answer(page, 500, ``), usersync.Unavailable, "500"},
		"tokens without an end":       {endless(page), usersync.Malformed, "no new group"},
		"tokens go round":             {answer(page, 200, `{"userGroups":[],"continuationToken":"same"}`), usersync.Malformed, "circle"},
	} {
		emitted := 0
		err := open(t, &vaka{users: accounts(nil), groups: groups(3), handler: c.handler}).Stream(t.Context(), func(usersync.Page) error { emitted++; return nil })
		if !usersync.Is(err, c.code) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "pl@nted") || emitted > 0 {
			t.Errorf("%s: %v (%s), %d pages", why, err, usersync.CodeOf(err), emitted)
		}
	}
}

func TestAGroupPageThatFailsInTheMiddleFailsTheReading(t *testing.T) {
	v := &vaka{groups: groups(300), users: []any{account("1", "A", "", "G250")}}
	v.handler = func(w http.ResponseWriter, r *http.Request) bool {
		broken := r.URL.Query().Get("continuationToken") == "200"
		if broken {
			w.WriteHeader(http.StatusBadGateway)
		}
		return broken
	}
	if got, err := entries(t, open(t, v)); !usersync.Is(err, usersync.Unavailable) || len(got) != 0 {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

func TestCheckReadsTheBeginningAlone(t *testing.T) {
	v := &vaka{groups: groups(1000), users: accounts(nil)}
	for i := range 5000 {
		v.users = append(v.users, account(fmt.Sprint(i), "A", "", nil))
	}
	if err := open(t, v).Check(t.Context()); err != nil || len(v.asked) != 2 {
		t.Errorf("%v after %v", err, v.asked)
	}
	v.handler = answer("/users/", 401, "")
	if err := open(t, v).Check(t.Context()); !usersync.Is(err, usersync.Unauthorized) {
		t.Errorf("a refused login: %v", err)
	}
}

func FuzzUsers(f *testing.F) {
	for _, seed := range []string{`{"userAccounts":[{"userId":"1","name":"Ek, Åsa","email":"a@b","userGroupId":null}]}`, `{"a":[{}],"userAccounts":[null,7,{"userId":{}}]}`, `[]`, `{"userAccounts":[`, `<html>`} {
		f.Add([]byte(seed))
	}
	known := map[string]group{"g": {ID: "g", Name: "n"}}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := decodeUsers(bytes.NewReader(body), func(row int, text []byte) error {
			e := entry(row, text, known)
			if (e.Person == nil) == (e.Fault == "") || usersync.KeyFault(e.Key) != "" || e.Person != nil && (e.Keyless || e.Key != e.Person.ID) {
				t.Fatalf("%+v", e)
			}
			return nil
		})
		if err != nil && !usersync.Is(err, usersync.Malformed) {
			t.Fatalf("%v (%T)", err, err)
		}
	})
}

func FuzzGroups(f *testing.F) {
	for _, seed := range []string{`{"userGroups":[{"id":"1","name":"a","apartmentId":"2","referenceId":"3"}],"continuationToken":null}`, `{"userGroups":null}`, `{"userGroups":[{"id":7}],"continuationToken":7}`} {
		f.Add([]byte(seed))
	}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if groups, next, err := decodeGroups(body); err != nil && (!usersync.Is(err, usersync.Malformed) || groups != nil || next != "") {
			t.Fatalf("%v with %d groups", err, len(groups))
		}
	})
}
