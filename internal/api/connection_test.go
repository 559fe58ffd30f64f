package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// TestTheWholeWayOverAConnection has a real server, and tokens of the built-in issuer.
func TestTheWholeWayOverAConnection(t *testing.T) {
	clock, w := usersynctest.NewClock(), newWorld()
	issuer, err := auth.OpenIssuer(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Token(auth.TokenRequest{Company: ours, Roles: []string{roleWrite}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(New(Config{
		Starter: w, Jobs: w, Ping: func(context.Context) error { return nil },
		Verifier: issuer.Verifier(""), Clock: clock, Log: slog.New(slog.DiscardHandler),
	}))
	defer server.Close()
	endless := io.MultiReader(strings.NewReader("{"), io.LimitReader(spaces{}, 1<<20))
	tests := []struct {
		method, path, token string
		body                io.Reader
		status              int
	}{
		{"GET", "/healthz", "", nil, 200},
		{"POST", jobs, token, nil, 200},
		{"POST", jobs, token, strings.NewReader(`{"Full":true}`), 200},
		{"POST", jobs, "", strings.NewReader(`{}`), 401},
		{"POST", jobs, token + "x", strings.NewReader(`{}`), 401},
		{"POST", jobs, token, strings.NewReader(strings.Repeat(" ", 1<<20)), 413},
		{"POST", jobs, "", endless, 413},
		{"HEAD", jobs, token, nil, 200},
		{"GET", jobs + "//", token, nil, 404},
		{"OPTIONS", jobs, "", nil, 204},
		{"PATCH", jobs, token, nil, 405},
	}
	for _, test := range tests {
		r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+test.path, test.body)
		if err != nil {
			t.Fatal(err)
		}
		if test.token != "" {
			r.Header.Set("Authorization", "bearer "+test.token)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != test.status || strings.Contains(string(text), token) {
			t.Errorf("%s %s: %d %s, %v", test.method, test.path, answer.StatusCode, text, err)
		}
		_ = answer.Body.Close()
	}
	if len(w.started) != 2 || w.started[1].Company != ours || !w.started[1].Full {
		t.Errorf("started %+v", w.started)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
