package connectortest

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// What a source or target under test logs in with, and what the scripted servers plant in their
// answers: no error may hold any of it.
const (
	ClientID     = "client-4711"
	Username     = "user-4711" // of a login by password, which is ClientSecret
	ClientSecret = "planted-secret-4711"
	planted      = "Planted Person 4711"
)

// TokenPath is where the scripted servers give tokens.
const TokenPath = "/connect/token"

// server is a vendor's server with a script: what it answers instead of what it should.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	logins int // tokens given; the last one is the only one that holds
	calls  int // requests with a token that holds, or that were scripted
	login  http.HandlerFunc
	script func(call int) http.HandlerFunc // nil for what is answered as it should be
}

// serve starts a server over the vendor's own handler.
func serve(t *testing.T, vendor http.HandlerFunc) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == TokenPath {
			s.giveToken(w, r)
			return
		}
		if answer := s.instead(r); answer != nil {
			answer(w, r)
		} else {
			vendor(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// instead is the answer that the script or a token that does not hold asks for; nil for none.
func (s *server) instead(r *http.Request) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != fmt.Sprintf("Bearer token-%d", s.logins) {
		return answering(http.StatusUnauthorized)
	}
	s.calls++
	if s.script == nil {
		return nil
	}
	return s.script(s.calls)
}

func (s *server) giveToken(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.login != nil:
		s.login(w, r)
	case !granted(r):
		answering(http.StatusBadRequest)(w, r)
	default:
		s.logins++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, s.logins)
	}
}

// granted reports whether a request for a token is one of the suite's login: by client credentials, or by password
// and without the client's secret.
func granted(r *http.Request) bool {
	secret := r.PostFormValue("client_secret") == ClientSecret
	if r.PostFormValue("grant_type") == "password" {
		secret = r.PostFormValue("client_secret") == "" && r.PostFormValue("username") == Username && r.PostFormValue("password") == ClientSecret
	} else if r.PostFormValue("grant_type") != "client_credentials" {
		return false
	}
	return secret && r.PostFormValue("client_id") == ClientID
}

// revoke makes the token that was given last worthless.
func (s *server) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
}

// counts are the requests so far, and the tokens given or revoked.
func (s *server) counts() (calls, logins int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls, s.logins
}

// always answers every request so; once only the first.
func always(answer http.HandlerFunc) func(int) http.HandlerFunc {
	return func(int) http.HandlerFunc { return answer }
}

func once(answer http.HandlerFunc) func(int) http.HandlerFunc {
	return func(call int) http.HandlerFunc {
		if call == 1 {
			return answer
		}
		return nil
	}
}

// answering answers with a status and a body that tells somebody's name; headers come in pairs.
func answering(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, "%q", planted)
	}
}

// saying answers 200 with that body.
func saying(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// Bodies that are none.
var (
	html    = saying("text/html", "<!doctype html><title>"+planted+"</title>")
	noJSON  = saying("application/json", planted)
	broken  = saying("application/json", `[{"name":"`+planted+`"},{"name`)
	nothing = saying("application/json", "")
)

// cutBody promises more than it sends.
func cutBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `[{"name":"`+planted)
}

// lostConnection closes the connection without an answer.
func lostConnection(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// tooLarge is an array of 17 MiB; zipped it is far smaller on the way.
func tooLarge(zipped bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := io.Writer(w)
		if zipped && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			defer packed.Close()
			body = packed
		}
		io.WriteString(body, "[")
		blank := strings.Repeat(" ", 1<<20)
		for range 17 {
			io.WriteString(body, blank)
		}
		io.WriteString(body, "]")
	}
}

// toldNothing fails the test where an error tells what was planted.
func toldNothing(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{planted, "4711", "token-", "Bearer"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the message tells a person or a secret: it holds what was planted")
		}
	}
}
