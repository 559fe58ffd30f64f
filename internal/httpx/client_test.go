package httpx

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"pgregory.net/rapid"
)

func serve(t testing.TB, handler http.HandlerFunc) string {
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv.URL
}

func client(timeOut time.Duration) (*Client, *usersynctest.Clock) {
	clock := usersynctest.NewClock()
	return New(Config{TimeOut: timeOut, Network: Network{AllowPrivate: true}, Clock: clock}), clock
}

var specialStatus = map[int]usersync.Code{
	401: usersync.Unauthorized, 403: usersync.Forbidden, 404: usersync.NotFound, 408: usersync.Unavailable,
	410: usersync.NotFound, 425: usersync.Unavailable, 429: usersync.Throttled,
}

func TestEveryStatusHasItsCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		status := rapid.IntRange(300, 599).Draw(t, "status")
		r := &Request{Name: "POST /x", Method: rapid.SampledFrom([]string{"GET", "POST", "PUT"}).Draw(t, "method"), Repeat: rapid.Bool().Draw(t, "repeat")}
		e := statusError(r, status, http.Header{"Retry-After": {rapid.String().Draw(t, "after")}}, time.Now())
		want, special := specialStatus[status]
		switch {
		case special:
		case status >= 500:
			want = usersync.Unavailable
		case status >= 400:
			want = usersync.Rejected
		default:
			want = usersync.Malformed
		}
		if e.Code != want || !strings.Contains(e.Message, fmt.Sprint(status)) || !strings.Contains(e.Message, r.Name) {
			t.Fatalf("%d is %s: %s", status, e.Code, e.Message)
		}
		if e.InDoubt && (r.Method == "GET" || r.Repeat || status >= 400 && status < 500 && status != 408 && status != 425) {
			t.Fatalf("%d of a %s leaves something in doubt", status, r.Method)
		}
		if e.RetryAfter < 0 || e.RetryAfter > time.Hour {
			t.Fatalf("RetryAfter %s", e.RetryAfter)
		}
	})
}

func TestATimeOutIsAnErrorOfItsOwnAndACancelledCallIsNot(t *testing.T) {
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server would not see the connection's end
		<-r.Context().Done()
	})
	c, _ := client(30 * time.Millisecond)
	for method, doubt := range map[string]bool{"GET": false, "POST": true} {
		_, err := c.Do(t.Context(), Request{Name: method, Method: method, URL: url, Body: []byte("{}")})
		e, ok := errors.AsType[*usersync.Error](err)
		if !ok || e.Code != usersync.Unavailable || e.InDoubt != doubt || !strings.Contains(e.Message, "no answer within 30ms") {
			t.Errorf("%s: %v", method, err)
		}
	}
	c, _ = client(time.Minute)
	for _, repeat := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if _, err := c.Do(ctx, Request{Name: "GET", Method: "GET", URL: url, Repeat: repeat}); !errors.Is(err, context.DeadlineExceeded) || usersync.CodeOf(err) != usersync.Internal {
			t.Errorf("%v, want the context's own error", err)
		}
	}
}

func TestPausesGrowAndEndWithTheContext(t *testing.T) {
	var calls atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.WriteHeader(502) })
	c, clock := client(time.Minute)
	_, err := c.Do(t.Context(), Request{Name: "GET", Method: "GET", URL: url, Repeat: true})
	if !usersync.Is(err, usersync.Unavailable) || calls.Load() != attempts {
		t.Errorf("%v after %d attempts", err, calls.Load())
	}
	if w := clock.Waited(); w < 1750*time.Millisecond || w > 3500*time.Millisecond {
		t.Errorf("waited %s between four attempts", w)
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls.Store(0)
	c.clock = cancelling{clock, cancel}
	if _, err := c.Do(ctx, Request{Name: "GET", Method: "GET", URL: url, Repeat: true}); !errors.Is(err, context.Canceled) || calls.Load() != 1 {
		t.Errorf("%v after %d attempts, want the context's error after one", err, calls.Load())
	}
}

// cancelling is a clock whose first pause is the caller's end.
type cancelling struct {
	usersync.Clock
	cancel context.CancelFunc
}

func (c cancelling) Wait(ctx context.Context, _ time.Duration) error { c.cancel(); return ctx.Err() }

func TestNoProxyOfTheEnvironmentIsAsked(t *testing.T) {
	if New(Config{Clock: usersynctest.NewClock()}).transport.Proxy != nil {
		t.Error("a proxy would be called instead of the address that the rules know")
	}
}

func TestAServerThatCannotBeTrustedIsSentNothing(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c, _ := client(time.Minute)
	_, err := c.Do(t.Context(), Request{Name: "POST", Method: "POST", URL: srv.URL, Body: []byte("{}")})
	e, ok := errors.AsType[*usersync.Error](err)
	if !ok || e.Code != usersync.Unavailable || e.InDoubt || !strings.Contains(e.Message, "certificate") {
		t.Errorf("%v", err)
	}
}

func TestAConnectionIsUsedAgainAlsoAfterAnError(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c, _ := client(time.Minute)
	for range 20 {
		if _, err := c.Do(t.Context(), Request{Name: "POST", Method: "POST", URL: srv.URL, Body: []byte("{}")}); !usersync.Is(err, usersync.Rejected) {
			t.Fatal(err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections for 20 requests one after the other", opened.Load())
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "3", "-1", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "1.5", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d := retryAfter(http.Header{"Retry-After": {text}}, time.Unix(1_790_000_000, 0)); d < 0 || d > time.Hour {
			t.Errorf("%s", d)
		}
	})
}

func FuzzRoles(f *testing.F) {
	for _, seed := range []string{`{"realm_access":{"roles":["a"]},"resource_access":{"x":{"roles":["b"]}}}`, `{"realm_access":null}`, `{"realm_access":{"roles":[7]}}`, `[]`, ``} {
		f.Add("h." + base64.RawURLEncoding.EncodeToString([]byte(seed)) + ".s")
	}
	for _, text := range usersynctest.Corpus(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if roles := rolesOf(token); len(roles) > 0 && strings.Count(token, ".") != 2 {
			t.Fatalf("%q has %d roles", token, len(roles))
		}
	})
}

func FuzzReadToken(f *testing.F) {
	for _, seed := range []string{`{"access_token":"a","expires_in":"3600"}`, `{"access_token":"a b"}`, `[]`, `{"access_token":"a","expires_in":1e999}`, `<html>`, `{"access_token":"a","token_type":"mac"}`} {
		f.Add([]byte(seed))
	}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readToken(body)
		token, term := got.access, got.term
		if (err == nil) != (token != "") || err != nil && !usersync.Is(err, usersync.Malformed) {
			t.Fatalf("error %v with a token: %v", err, token != "")
		}
		if err == nil && (term <= 0 || term > longestTerm || strings.ContainsAny(token, " \r\n\x00")) {
			t.Fatalf("a token that cannot be used for %s", term)
		}
	})
}

// BenchmarkPosts and BenchmarkBarePosts are 50 in flight against a server that takes 20 ms: what the
// client adds is the difference.
func BenchmarkPosts(b *testing.B) {
	c := New(Config{MaxInFlight: 50, Network: Network{AllowPrivate: true}, Clock: usersync.SystemClock{}})
	s := c.Session(Login{TokenURL: slowServer(b) + "/token", ClientID: "a", ClientSecret: "b"})
	inFlight(b, func(url string) error {
		_, err := s.Do(b.Context(), Request{Name: "POST", Method: "POST", URL: url, Body: []byte(payload)})
		return err
	})
}

func BenchmarkBarePosts(b *testing.B) {
	bare := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}}
	inFlight(b, func(url string) error {
		res, err := bare.Post(url, "application/json", strings.NewReader(payload))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		return err
	})
}

const payload = `{"lookupField":"Code","code":"somebody","name":"Some Body","title":"Leader","mobile":"+47 900 00 000"}`

func slowServer(b *testing.B) string {
	return serve(b, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			_, _ = io.WriteString(w, `{"access_token":"a","expires_in":3600}`)
			return
		}
		time.Sleep(20 * time.Millisecond)
		_, _ = io.WriteString(w, payload)
	})
}

func inFlight(b *testing.B, post func(url string) error) {
	url := slowServer(b)
	b.ReportAllocs()
	work := make(chan struct{})
	var workers sync.WaitGroup
	for range 50 {
		workers.Go(func() {
			for range work {
				if err := post(url); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	workers.Wait()
}
