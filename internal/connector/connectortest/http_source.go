package connectortest

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// HTTPSource is how the suite gets at a source that speaks HTTP.
type HTTPSource struct {
	// Open opens the source, with pages of 10, against the server at base. It logs in at base + TokenPath
	// with ClientID and ClientSecret.
	Open func(t *testing.T, base string, clock usersync.Clock) usersync.PagedSource
	// List answers a request for a page of these people as the vendor's server does, with at most `most`
	// of them, whatever is asked for.
	List func(w http.ResponseWriter, r *http.Request, people []usersync.Person, most int)
	// Nobody are the answers that say, each in its way, that nobody is there or that nobody follows.
	Nobody map[string]http.HandlerFunc
}

// scripted is a source over a server with 25 people and a script.
type scripted struct {
	*server
	src    usersync.PagedSource
	clock  *usersynctest.Clock
	people []usersync.Person
	most   int
}

func (s HTTPSource) scripted(t *testing.T) *scripted {
	sc := &scripted{clock: usersynctest.NewClock(), people: People(25), most: 1000}
	sc.server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		sc.mu.Lock()
		people, most := sc.people, sc.most
		sc.mu.Unlock()
		s.List(w, r, people, most)
	})
	sc.src = s.Open(t, sc.URL, sc.clock)
	return sc
}

// everybody reads the list, which has to hold all the people.
func (sc *scripted) everybody(t *testing.T) {
	t.Helper()
	listed := map[string]bool{}
	for _, e := range entries(t, sc.src) {
		listed[e.Key] = true
	}
	if len(listed) != len(sc.people) {
		t.Errorf("%d people, want %d", len(listed), len(sc.people))
	}
}

// RunHTTPSource holds a source against servers on a bad day.
func RunHTTPSource(t *testing.T, s HTTPSource) {
	t.Run("WhatMayPassIsAskedForAgain", func(t *testing.T) { s.passing(t) })
	t.Run("WhatStaysIsAnErrorThatSaysWhich", func(t *testing.T) { s.staying(t) })
	t.Run("ARefusedLoginIsAnErrorThatSaysSo", func(t *testing.T) { s.refusedLogin(t) })
	t.Run("EveryWayToSayNobodyIsUnderstood", func(t *testing.T) { s.nobody(t) })
	t.Run("ShortAndShiftingPagesLoseNobody", func(t *testing.T) { s.pages(t) })
	t.Run("ATokenThatRunsOutIsRenewedOnceForAll", func(t *testing.T) { s.renewal(t) })
	t.Run("CredentialsNeverFollowARedirect", func(t *testing.T) { s.redirect(t) })
}

func (s HTTPSource) passing(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"500":                     answering(500),
		"503 with Retry-After":    answering(503, "Retry-After", "3"),
		"429 with Retry-After":    answering(429, "Retry-After", "3"),
		"429 without Retry-After": answering(429),
		"a cut body":              cutBody,
		"a lost connection":       lostConnection,
		"HTML":                    html,
		"no JSON":                 noJSON,
	} {
		t.Run(name, func(t *testing.T) {
			sc := s.scripted(t)
			sc.script = once(answer)
			sc.everybody(t)
			if waited := sc.clock.Waited(); strings.HasSuffix(name, "with Retry-After") && waited != 3*time.Second {
				t.Errorf("waited %s, want the 3s of Retry-After", waited)
			}
		})
	}
}

func (s HTTPSource) staying(t *testing.T) {
	for name, want := range map[string]struct {
		answer http.HandlerFunc
		code   usersync.Code
		calls  int // at most
		says   string
	}{
		"500":                       {answering(500), usersync.Unavailable, 4, "500"},
		"429 without Retry-After":   {answering(429), usersync.Throttled, 4, "429"},
		"429 for two minutes":       {answering(429, "Retry-After", "120"), usersync.Throttled, 1, "429"},
		"503 for two minutes":       {answering(503, "Retry-After", "120"), usersync.Unavailable, 1, "503"},
		"403":                       {answering(403), usersync.Forbidden, 1, "403"},
		"404":                       {answering(404), usersync.Malformed, 1, "404"},
		"a cut body":                {cutBody, usersync.Malformed, 4, "cut"},
		"a lost connection":         {lostConnection, usersync.Unavailable, 5, "lost"}, // net/http repeats one of them itself
		"HTML":                      {html, usersync.Malformed, 4, "HTML"},
		"no JSON":                   {noJSON, usersync.Malformed, 4, "JSON"},
		"broken JSON":               {broken, usersync.Malformed, 4, "JSON"},
		"an empty body":             {nothing, usersync.Malformed, 4, "empty"},
		"no list":                   {saying("application/json", `{"name":"`+planted+`"}`), usersync.Malformed, 4, ""},
		"a page over 16 MiB":        {tooLarge(false), usersync.Malformed, 1, "16 MiB"},
		"a zipped page over 16 MiB": {tooLarge(true), usersync.Malformed, 1, "16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			sc := s.scripted(t)
			sc.script = always(want.answer)
			_, err := sc.src.Fetch(t.Context(), "")
			if !usersync.Is(err, want.code) {
				t.Fatalf("error %v (code %s), want %s", err, usersync.CodeOf(err), want.code)
			}
			toldNothing(t, err)
			if calls, _ := sc.counts(); calls > want.calls {
				t.Errorf("%d requests, want at most %d", calls, want.calls)
			}
			if !strings.Contains(err.Error(), want.says) || !strings.Contains(err.Error(), "GET /") {
				t.Errorf("the message %q does not say which request and what was wrong", err)
			}
			if strings.HasSuffix(name, "two minutes") && after(err) != 2*time.Minute {
				t.Errorf("RetryAfter %s", after(err))
			}
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		sc := s.scripted(t)
		sc.Close()
		if _, err := sc.src.Fetch(t.Context(), ""); !usersync.Is(err, usersync.Unavailable) {
			t.Errorf("error %v (code %s), want Unavailable", err, usersync.CodeOf(err))
		}
	})
}

func (s HTTPSource) refusedLogin(t *testing.T) {
	for name, want := range badLogins {
		t.Run(name, func(t *testing.T) {
			sc := s.scripted(t)
			sc.login = want.answer
			_, err := sc.src.Fetch(t.Context(), "")
			if !usersync.Is(err, want.code) {
				t.Fatalf("error %v (code %s), want %s", err, usersync.CodeOf(err), want.code)
			}
			toldNothing(t, err)
			if err := sc.src.Check(t.Context()); !usersync.Is(err, want.code) {
				t.Errorf("Check: error %v (code %s), want %s", err, usersync.CodeOf(err), want.code)
			}
			if calls, _ := sc.counts(); calls != 0 {
				t.Errorf("%d requests without a token", calls)
			}
		})
	}
}

func (s HTTPSource) nobody(t *testing.T) {
	for name, answer := range s.Nobody {
		t.Run(name, func(t *testing.T) {
			sc := s.scripted(t)
			sc.script = always(answer)
			if got := entries(t, sc.src); len(got) != 0 {
				t.Errorf("%d entries", len(got))
			}
			if err := sc.src.Check(t.Context()); err != nil {
				t.Errorf("Check: %v", err)
			}

			sc = s.scripted(t)
			sc.script = func(call int) http.HandlerFunc {
				if call > 2 {
					return answer
				}
				return nil
			}
			if got := entries(t, sc.src); len(got) != 20 {
				t.Errorf("%d entries on two pages, want 20", len(got))
			}
		})
	}
}

func (s HTTPSource) pages(t *testing.T) {
	t.Run("a server that caps below what is asked for", func(t *testing.T) {
		sc := s.scripted(t)
		sc.most = 4
		sc.everybody(t)
	})
	t.Run("a short page in the middle", func(t *testing.T) {
		sc := s.scripted(t)
		sc.script = func(call int) http.HandlerFunc {
			if call != 2 {
				return nil
			}
			return func(w http.ResponseWriter, r *http.Request) { s.List(w, r, sc.people, 3) }
		}
		sc.everybody(t)
	})
	t.Run("people who come while it is read", func(t *testing.T) {
		sc := s.scripted(t)
		first := fetch(t, sc.src, "")
		newcomers := People(28)[25:]
		sc.mu.Lock()
		sc.people = append(newcomers, sc.people...)
		sc.mu.Unlock()
		listed := map[string]bool{}
		for at := first; ; at = fetch(t, sc.src, at.Next) {
			for _, e := range at.Entries {
				listed[e.Key] = true
			}
			if at.Last {
				break
			}
		}
		if len(listed) < 25 {
			t.Errorf("%d people, want the 25 who were there all the time", len(listed))
		}
	})
}

func (s HTTPSource) renewal(t *testing.T) {
	sc := s.scripted(t)
	fetch(t, sc.src, "")
	sc.revoke()
	_, before := sc.counts()
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if _, err := sc.src.Fetch(t.Context(), ""); err != nil {
				t.Errorf("%v (code %s)", err, usersync.CodeOf(err))
			}
		})
	}
	readers.Wait()
	if _, logins := sc.counts(); logins != before+1 {
		t.Errorf("%d new tokens for 50 requests at once, want 1", logins-before)
	}
	sc.clock.Advance(2 * time.Hour)
	sc.everybody(t)
	if _, logins := sc.counts(); logins != before+2 {
		t.Error("a token has been used after its time")
	}
}

func (s HTTPSource) redirect(t *testing.T) {
	var followed atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request) {})
	other.login = func(http.ResponseWriter, *http.Request) { followed.Add(1) }
	other.script = always(func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	elsewhere := answering(http.StatusTemporaryRedirect, "Location", other.URL+TokenPath+"?"+planted)

	sc := s.scripted(t)
	sc.script = always(elsewhere)
	_, err := sc.src.Fetch(t.Context(), "")
	if !usersync.Is(err, usersync.Malformed) || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("error %v (code %s)", err, usersync.CodeOf(err))
	}
	toldNothing(t, err)

	sc = s.scripted(t)
	sc.login = elsewhere
	if _, err := sc.src.Fetch(t.Context(), ""); !usersync.Is(err, usersync.Malformed) {
		t.Errorf("at login: error %v (code %s)", err, usersync.CodeOf(err))
	}
	if followed.Load() != 0 {
		t.Errorf("%d redirects followed to another host", followed.Load())
	}
}
