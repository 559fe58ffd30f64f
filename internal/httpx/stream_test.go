package httpx

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

func TestAPasswordLoginGoesOnWithItsRefreshTokenWhileThatIsTaken(t *testing.T) {
	var grants []string
	refused := false
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			if r.Header.Get("X-Api-Key") != "key" || r.Header.Get("Authorization") != "Bearer a" {
				t.Error("a request without its key or its token")
			}
			return
		}
		if r.Header.Get("X-Api-Key") != "" {
			t.Error("the key was sent to the token endpoint")
		}
		grant := r.PostFormValue("grant_type")
		grants = append(grants, grant)
		switch {
		case grant == "password" && (r.PostFormValue("username") != "me" || r.PostFormValue("password") != "secret" || r.PostFormValue("client_id") != "app"),
			grant == "refresh_token" && (r.PostFormValue("refresh_token") != "r" || r.PostFormValue("password") != ""):
			t.Errorf("%s with another form", grant)
		case grant == "refresh_token" && refused:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"a","refresh_token":"r","expires_in":300}`)
	})
	c, clock := client(time.Minute)
	s := c.Session(Login{TokenURL: url + "/token", ClientID: "app", Username: "me", Password: "secret", Header: http.Header{"X-Api-Key": {"key"}}})
	for _, refused = range []bool{false, false, true, false} {
		if err := get(t.Context(), s, url); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
	}
	if got := strings.Join(grants, " "); got != "password refresh_token refresh_token password refresh_token" {
		t.Error(got)
	}
}

func TestAStreamIsReadAsItComesHoweverLongItIs(t *testing.T) {
	asked := 0
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		for range 40 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})
	c, _ := client(time.Minute)
	var read int64
	err := c.Stream(t.Context(), Request{Name: "GET /", Method: http.MethodGet, URL: url}, func(body io.Reader) (err error) {
		read, err = io.Copy(io.Discard, body)
		return err
	})
	if err != nil || read != 40<<20 || asked != 3 {
		t.Errorf("%d bytes after %d requests: %v", read, asked, err)
	}
	own := errors.New("seen enough")
	if err := c.Stream(t.Context(), Request{Name: "GET /", Method: http.MethodGet, URL: url}, func(io.Reader) error { return own }); err != own || asked != 4 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

func TestAStreamThatBreaksOffIsNotAskedForAgainAndSaysSo(t *testing.T) {
	var asked atomic.Int32
	stuck := make(chan struct{})
	defer close(stuck)
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		code    usersync.Code
		says    string
	}{
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "[1,")
		}, usersync.Malformed, "cut off"},
		"stuck": {func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			_, _ = io.WriteString(w, "[1,")
			w.(http.Flusher).Flush()
			select {
			case <-stuck:
			case <-r.Context().Done():
			}
		}, usersync.Unavailable, "no answer within 200ms"},
	} {
		asked.Store(0)
		client, _ := client(200 * time.Millisecond)
		err := client.Stream(t.Context(), Request{Name: "GET /", Method: http.MethodGet, URL: serve(t, c.handler)}, func(body io.Reader) error {
			_, err := io.ReadAll(body)
			return err
		})
		if !usersync.Is(err, c.code) || !strings.Contains(err.Error(), c.says) || asked.Load() != 1 {
			t.Errorf("%s: %v (%s) after %d requests", name, err, usersync.CodeOf(err), asked.Load())
		}
	}
}
