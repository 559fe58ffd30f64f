package directory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/store/sqlite"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

const company = usersync.CompanyID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")

// tokens knows a caller by the whole Authorization header.
type tokens map[string]auth.Principal

func (t tokens) Verify(_ context.Context, authorization string) (auth.Principal, error) {
	if authorization == "Bearer keyless" {
		return auth.Principal{}, usersync.E(usersync.Unavailable, "the issuer's keys cannot be had")
	}
	p, ok := t[authorization]
	if !ok {
		return p, usersync.E(usersync.Unauthorized, "no")
	}
	return p, nil
}

// api is the directory as a client sees it.
type api struct {
	t       testing.TB
	handler http.Handler
	store   directory.Store
	clock   *usersynctest.Clock
	log     *bytes.Buffer
}

func open(t testing.TB) *api {
	a := &api{t: t, clock: usersynctest.NewClock()}
	store, err := sqlite.Open(t.TempDir(), a.clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return a.with(store)
}

// with is the same API over another store.
func (a *api) with(store directory.Store) *api {
	log := &bytes.Buffer{}
	return &api{a.t, directory.NewHandler(directory.Config{Store: store, Clock: a.clock, Log: slog.New(slog.NewTextHandler(log, nil)), Verifier: tokens{
		"Bearer good":  {Company: company, Scopes: []string{"userapi"}},
		"Bearer other": {Company: "other", Scopes: []string{"userapi"}},
		"Bearer bare":  {Company: company},
		"Bearer lone":  {Scopes: []string{"userapi"}},
	}}), store, a.clock, log}
}

// answer is a response whose body was read as JSON.
type answer struct {
	status int
	header http.Header
	body   any
	raw    string
}

func (a answer) user() map[string]any { u, _ := a.body.(map[string]any); return u }
func (a answer) list() []any          { l, _ := a.body.([]any); return l }
func (a answer) text() string         { s, _ := a.body.(string); return s }

// stored is what userRequestJsonString holds.
func (a answer) stored() map[string]any {
	var stored map[string]any
	raw, _ := a.user()["userRequestJsonString"].(string)
	_ = json.Unmarshal([]byte(raw), &stored)
	return stored
}

func (a *api) do(method, path, body string, header ...string) answer {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	got := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if got.raw != "" {
		if err := json.Unmarshal(w.Body.Bytes(), &got.body); err != nil || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			a.t.Fatalf("%s %s: the body is no JSON: %v", method, path, err)
		}
	}
	return got
}

// must answers with the status, or ends the test.
func (a *api) must(status int, method, path, body string) answer {
	a.t.Helper()
	got := a.do(method, path, body)
	if got.status != status {
		a.t.Fatalf("%s %s: %d %s, want %d", method, path, got.status, got.raw, status)
	}
	return got
}

func (a *api) post(body string) map[string]any {
	a.t.Helper()
	return a.must(http.StatusCreated, "POST", "/directory/api/Users", body).user()
}

// is fails the test where an answer's properties are not these; nil stands for null, missing for none.
func (a *api) is(got map[string]any, want map[string]any) {
	a.t.Helper()
	for name, value := range want {
		has, there := got[name]
		if value == missing && there || value != missing && (has != value || !there) {
			a.t.Errorf("%s is %v, want %v", name, has, value)
		}
	}
}

const missing = "\x00missing"

// failing is a store whose list cannot be had, for a reason that nobody outside may see.
type failing struct{ directory.Store }

func (failing) Users(context.Context, usersync.CompanyID, int, int) ([]directory.User, error) {
	return nil, errors.New("a secret of the engine")
}
