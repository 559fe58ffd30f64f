package websak

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// moving is a Websak whose list is in order of names and without those who are not active, so that whoever
// changes may move, and others slide.
type moving struct {
	mu      sync.Mutex
	users   []usersync.Person
	changed map[string]bool
	asked   map[string]int   // requests, by what they ask for
	answers http.HandlerFunc // of changes, where not as it should be
	mails   bool             // changes come with e-mail addresses
}

func newMoving(n int) *moving {
	m := &moving{users: connectortest.People(n), changed: map[string]bool{}, asked: map[string]int{}}
	for i := range m.users {
		m.users[i].Active, m.users[i].DisplayName = nil, fmt.Sprintf("Name %03d", i)
	}
	return m
}

func (m *moving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api/Users")
	kind, id, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case path == "":
		m.asked["list"]++
		listUsers(w, r, elements(m.visible()), 1000)
	case kind == "changes":
		m.asked["changes since "+id]++
		m.changes(w, r)
	default:
		m.asked["one"]++
		i := slices.IndexFunc(m.users, func(p usersync.Person) bool { return p.ID == kind })
		if q := r.URL.Query(); i < 0 || q.Get("lookupField") != "Id" || q.Get("includeEmailAddresses") != "true" {
			http.NotFound(w, r)
			return
		}
		writeJSON(w, http.StatusOK, listed(&m.users[i]))
	}
}

func (m *moving) changes(w http.ResponseWriter, r *http.Request) {
	var all []any
	for i := range m.users {
		if user := listed(&m.users[i]); m.changed[m.users[i].ID] {
			if !m.mails {
				delete(user, "emailAddr")
			}
			all = append(all, user)
		}
	}
	switch {
	case m.answers != nil:
		m.answers(w, r)
	case len(all) == 0:
		writeJSON(w, http.StatusNotFound, "no changes")
	default:
		writeJSON(w, http.StatusOK, all)
	}
}

// visible are the users of the list, in its order.
func (m *moving) visible() []usersync.Person {
	var list []usersync.Person
	for _, p := range m.users {
		if p.IsActive() {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b usersync.Person) int { return strings.Compare(a.DisplayName, b.DisplayName) })
	return list
}

// rename changes a user's name, and so the place.
func (m *moving) rename(i int, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[i].DisplayName = name
	m.changed[m.users[i].ID] = true
}

// leave takes a user off the list.
func (m *moving) leave(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[i].Active = new(bool)
	m.changed[m.users[i].ID] = true
}

// readAll reads from a cursor to the end; between runs after each page.
func readAll(t testing.TB, src usersync.PagedSource, at usersync.Cursor, between func(page int)) map[string]*usersync.Person {
	t.Helper()
	people := map[string]*usersync.Person{}
	for n := 1; ; n++ {
		page, err := src.Fetch(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if _, there := people[e.Key]; !there { // the first listing counts
				people[e.Key] = e.Person
			}
		}
		if page.Last {
			return people
		}
		if n > 100 {
			t.Fatal("the reading has no end")
		}
		at = page.Next
		between(n)
	}
}

func TestWhoeverIsThereAllTheTimeIsListedHoweverTheListMoves(t *testing.T) {
	clock := usersynctest.NewClock()
	rapid.Check(t, func(rt *rapid.T) {
		m := newMoving(35)
		m.mails = rapid.Bool().Draw(rt, "mails")
		base := start(t, m)
		src := openSource(t, base, clock, "pageSize", "10")
		left := map[int]bool{}
		listed := readAll(t, src, "", func(page int) {
			if page > 3 { // the list is at its end
				return
			}
			for range rapid.IntRange(0, 3).Draw(rt, "events") {
				who := rapid.IntRange(0, 34).Draw(rt, "who")
				if rapid.Bool().Draw(rt, "leaves") {
					m.leave(who)
					left[who] = true
				} else {
					m.rename(who, fmt.Sprintf("Name %03d", rapid.IntRange(0, 34).Draw(rt, "place")))
				}
			}
			if rapid.IntRange(0, 9).Draw(rt, "process") == 0 { // another process goes on
				*src.(*source) = *openSource(t, base, clock, "pageSize", "10").(*source)
			}
		})
		for i, p := range m.users {
			if got := listed[p.ID]; !left[i] && (got == nil || got.Emails.Work != p.Emails.Work) {
				rt.Fatalf("person %d is not listed whole", i)
			}
		}
	})
}

func TestAQuietListIsReadOnceWhateverHasChangedBefore(t *testing.T) {
	m := newMoving(35)
	for i := range 20 {
		m.changed[m.users[i].ID] = true
	}
	src := openSource(t, start(t, m), usersynctest.NewClock(), "pageSize", "10")
	if got := readAll(t, src, "", func(int) {}); len(got) != 35 {
		t.Errorf("%d people", len(got))
	}
	yesterday := usersynctest.NewClock().Now().UTC().AddDate(0, 0, -1).Format("2006-01-02")
	if want := (map[string]int{"list": 5, "changes since " + yesterday: 1}); !maps.Equal(m.asked, want) {
		t.Errorf("asked for %v, want %v", m.asked, want)
	}
}

func TestAListIsReadAgainWhereTheChangesCannotBeLookedAt(t *testing.T) {
	many := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("[" + strings.Repeat("{},", maxElements) + "{}]"))
	}
	large := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("[" + strings.Repeat(" ", 17<<20) + "]"))
	}
	for name, answer := range map[string]http.HandlerFunc{"too many": many, "too large": large} {
		m := newMoving(35)
		m.answers = answer
		src := openSource(t, start(t, m), usersynctest.NewClock(), "pageSize", "10")
		if got := readAll(t, src, "", func(int) {}); len(got) != 35 || m.asked["list"] != 10 {
			t.Errorf("%s: %d people, %d pages", name, len(got), m.asked["list"])
		}
	}
}

func TestAListThatDoesNotMoveWithTheOffsetIsNone(t *testing.T) {
	src := openSource(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, elements(connectortest.People(10)))
	})), usersynctest.NewClock(), "pageSize", "10")
	page, err := src.Fetch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Fetch(t.Context(), page.Next); !usersync.Is(err, usersync.Malformed) || !strings.Contains(err.Error(), "whatever offset says") {
		t.Errorf("error %v (code %s)", err, usersync.CodeOf(err))
	}
}

func TestAListWhosePagesTakeTurnsIsNone(t *testing.T) {
	pages := 0
	src := openSource(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pages++
		writeJSON(w, http.StatusOK, elements(connectortest.People(20))[pages%2*10:][:10])
	})), usersynctest.NewClock(), "pageSize", "10")
	var err error
	for at := usersync.Cursor(""); err == nil && pages < 100; {
		var page usersync.Page
		page, err = src.Fetch(t.Context(), at)
		at = page.Next
	}
	if !usersync.Is(err, usersync.Malformed) || !strings.Contains(err.Error(), "whatever offset says") {
		t.Errorf("error %v (code %s) after %d pages", err, usersync.CodeOf(err), pages)
	}
}

func TestWhoHasNoIDIsCountedOnceHoweverOftenTheListIsRead(t *testing.T) {
	people := append([]any{map[string]any{"code": "a"}, map[string]any{"code": "b"}}, elements(connectortest.People(5))...)
	src := openSource(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/changes/"): // somebody whom the list did not show, and one without an id
			writeJSON(w, http.StatusOK, []any{listed(&connectortest.People(6)[5]), map[string]any{"code": "a"}})
		default:
			listUsers(w, r, people, 1000)
		}
	})), usersynctest.NewClock(), "pageSize", "10")
	keyless, pages := 0, 0
	for at := usersync.Cursor(""); ; pages++ {
		page, err := src.Fetch(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.Keyless {
				keyless++
			}
		}
		if page.Last {
			break
		}
		at = page.Next
	}
	if keyless != 2 || pages < 3 {
		t.Errorf("%d elements without an id on %d pages, want 2", keyless, pages)
	}
}

func TestNoMoreThanAHundredAreAskedForOneByOne(t *testing.T) {
	m := newMoving(350)
	for i := range m.users {
		m.changed[m.users[i].ID] = true
	}
	base := start(t, m)
	var at usersync.Cursor
	first := openSource(t, base, usersynctest.NewClock(), "pageSize", "400")
	if page, err := first.Fetch(t.Context(), ""); err != nil {
		t.Fatal(err)
	} else {
		at = page.Next
	}
	other := openSource(t, base, usersynctest.NewClock(), "pageSize", "400") // remembers nobody
	for id, p := range readAll(t, other, at, func(int) {}) {
		if p.Emails.Work == "" {
			t.Errorf("%s is listed without the e-mail address", id)
		}
	}
	if m.asked["one"] != maxSingly || m.asked["list"] != 4 {
		t.Errorf("asked for %v", m.asked)
	}
}

func TestAnAnswerAboutChangesThatIsNoneFailsTheReading(t *testing.T) {
	for status, want := range map[int]usersync.Code{
		200: usersync.Malformed, 403: usersync.Forbidden, 500: usersync.Unavailable, 202: usersync.Malformed,
		204: "", 400: "", 404: "", 405: "",
	} {
		m := newMoving(5)
		m.answers = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		src := openSource(t, start(t, m), usersynctest.NewClock(), "pageSize", "10")
		page, err := src.Fetch(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		page, err = src.Fetch(t.Context(), page.Next)
		if usersync.CodeOf(err) != want && err != nil || (err == nil) != (want == "") || err == nil && !page.Last {
			t.Errorf("%d: error %v (code %s), want %q", status, err, usersync.CodeOf(err), want)
		}
		if err := src.Check(t.Context()); (err == nil) != (want == "") {
			t.Errorf("%d: Check: %v", status, err)
		}
	}
}
