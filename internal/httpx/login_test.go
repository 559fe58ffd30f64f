package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// login is a session whose token endpoint and API are the handler.
func login(t *testing.T, handler http.HandlerFunc) (*Session, *usersynctest.Clock, string) {
	url := serve(t, handler)
	c, clock := client(time.Minute)
	return c.Session(Login{TokenURL: url + "/token", ClientID: "me", ClientSecret: "planted secret&=", Scope: "userapi"}), clock, url
}

func get(ctx context.Context, s *Session, url string) error {
	_, err := s.Do(ctx, Request{Name: "GET /", Method: http.MethodGet, URL: url})
	return err
}

func TestATokenIsKeptUntilShortlyBeforeItRunsOut(t *testing.T) {
	asked := 0
	s, clock, url := login(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			return
		}
		asked++
		if r.PostFormValue("scope") != "userapi" || r.PostFormValue("client_secret") != "planted secret&=" {
			t.Error("the form does not hold the login")
		}
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"bearer","expires_in":"600"}`)
	})
	for _, step := range []struct {
		later time.Duration
		asked int
	}{{0, 1}, {539 * time.Second, 1}, {time.Second, 2}, {time.Hour, 3}} {
		clock.Advance(step.later)
		for range 2 {
			if err := get(t.Context(), s, url); err != nil || asked != step.asked {
				t.Errorf("error %v, asked for %d tokens, want %d", err, asked, step.asked)
			}
		}
	}
}

func TestARequestThatChangesSomethingIsSentSoonOrNotAtAllAndSaysWhen(t *testing.T) {
	var clock *usersynctest.Clock
	logins, sent := 0, 0
	s, moved, url := login(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			logins++
			clock.Advance(sendWithin + time.Second)
			_, _ = io.WriteString(w, `{"access_token":"a","expires_in":600}`)
		case r.Method == http.MethodGet:
		case sent == 0:
			sent++
			w.WriteHeader(http.StatusUnauthorized) // the new token comes too late as well
		default:
			sent++
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	clock = moved
	post := func() *usersync.Error {
		_, err := s.Do(t.Context(), Request{Name: "POST /", Method: http.MethodPost, URL: url, Body: []byte("{}")})
		e, ok := errors.AsType[*usersync.Error](err)
		if !ok || e.Code != usersync.Unavailable {
			t.Fatalf("error %v", err)
		}
		return e
	}
	for _, want := range []int{0, 1} {
		if e := post(); e.InDoubt || sent != want || !strings.Contains(e.Message, "was not sent") {
			t.Errorf("%v, in doubt %v, sent %d times, want %d", e, e.InDoubt, sent, want)
		}
	}
	clock.Advance(time.Minute)
	if e := post(); !e.InDoubt || sent != 2 || logins != 2 || e.Sent.Sub(clock.Now()).Abs() > time.Second {
		t.Errorf("%v, in doubt %v, sent at %v of %v", e, e.InDoubt, e.Sent, clock.Now())
	}
	clock.Advance(time.Hour)
	if err := get(t.Context(), s, url); err != nil || logins != 3 {
		t.Errorf("a request that changes nothing: %v", err)
	}
}

func TestARefusedLoginNamesOnlyTheStandardsErrorCodes(t *testing.T) {
	for body, says := range map[string]string{
		`{"error":"invalid_client","error_description":"planted"}`: "invalid_client",
		`{"error":"planted"}`: "status 400",
		`planted`:             "status 400",
	} {
		s, _, url := login(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, body)
		})
		err := get(t.Context(), s, url)
		if !usersync.Is(err, usersync.Unauthorized) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%v (code %s)", err, usersync.CodeOf(err))
		}
	}
}

func TestOneCallersEndDoesNotEndTheRenewalForTheOthers(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s, _, url := login(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			close(asked) // a second request for a token would panic here
			<-answer
			_, _ = io.WriteString(w, `{"access_token":"a"}`)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	callers.Go(func() {
		if err := get(ctx, s, url); !errors.Is(err, context.Canceled) {
			t.Errorf("the first caller: %v", err)
		}
	})
	<-asked
	callers.Go(func() {
		if err := get(t.Context(), s, url); err != nil {
			t.Errorf("the second caller: %v", err)
		}
	})
	cancel()
	close(answer)
	callers.Wait()
}

func TestTheTokenEndpointObeysTheAddressRules(t *testing.T) {
	c := New(Config{Clock: usersynctest.NewClock()})
	s := c.Session(Login{TokenURL: serve(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })})
	if err := get(t.Context(), s, "https://example.test/"); !usersync.Is(err, usersync.Settings) {
		t.Errorf("%v (code %s)", err, usersync.CodeOf(err))
	}
}
