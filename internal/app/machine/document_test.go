package machine

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/settings"
)

// document is /openapi.json, as far as the tests look at it.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string
		Tags        []string
		Security    []map[string]any
	}
	Components struct{ Schemas map[string]any }
	text       string
}

func get(t *testing.T, h http.Handler) (d document) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", http.NoBody))
	d.text = w.Body.String()
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || w.Code != http.StatusOK {
		t.Fatal(w.Code, err)
	}
	return d
}

// open is a machine with the settings, and its front door.
func open(t *testing.T, f *settings.File) (*Machine, http.Handler) {
	t.Helper()
	m, err := Open(t.Context(), Options{Settings: f, Data: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	h, err := m.Handler(t.Context(), "http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	return m, h
}

func TestTheOpenAPIDocumentHasTheRoutesOfJobsDirectoryAndIssuer(t *testing.T) {
	m, front := open(t, &settings.File{})
	all, jobs := get(t, front), get(t, m.jobs(m.issuer.Verifier("")))
	people, theirs := directory.Describe()
	issuer, its := auth.Describe()
	if len(people) == 0 || len(issuer) == 0 || len(all.Paths) != len(jobs.Paths)+len(people)+len(issuer) {
		t.Errorf("%d paths, of %d, %d and %d", len(all.Paths), len(jobs.Paths), len(people), len(issuer))
	}
	if n := len(jobs.Components.Schemas) + len(theirs) + len(its); len(all.Components.Schemas) != n {
		t.Errorf("%d schemas of %d: two have one name", len(all.Components.Schemas), n)
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(all.text, -1) {
		if all.Components.Schemas[ref[1]] == nil {
			t.Errorf("%s is named and not there", ref[1])
		}
	}
	ids, tagged := map[string]bool{}, map[string]int{}
	for path, item := range all.Paths {
		for method, o := range item {
			if ids[o.OperationID] || len(o.Tags) != 1 {
				t.Errorf("%s %s is %q, tagged %v", method, path, o.OperationID, o.Tags)
				continue
			}
			ids[o.OperationID] = true
			tagged[o.Tags[0]]++
			if secured := len(o.Security) > 0; secured == (o.Tags[0] == "issuer") && o.Tags[0] != "jobs" {
				t.Errorf("%s %s: security %v", method, path, o.Security)
			}
		}
		if described, served := slices.Sorted(maps.Keys(item)), allowed(t, front, path); !slices.Equal(described, served) {
			t.Errorf("%s: %v are described, and %v served", path, described, served)
		}
	}
	if len(tagged) != 3 || tagged["jobs"] == 0 || tagged["directory"] == 0 || tagged["issuer"] == 0 {
		t.Errorf("the tags are %v", tagged)
	}
}

// allowed are the methods that are served at a path, in small letters.
func allowed(t *testing.T, h http.Handler, path string) []string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "PURGE", regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "x"), http.NoBody))
	methods := strings.Split(strings.ToLower(w.Header().Get("Allow")), ", ")
	return slices.DeleteFunc(methods, func(m string) bool { return m == "head" })
}

func TestAnIssuerOfSomebodyElseIsNotInTheDocument(t *testing.T) {
	_, front := open(t, &settings.File{Auth: settings.Auth{Issuer: "https://login.example"}})
	issuer, _ := auth.Describe()
	for path := range get(t, front).Paths {
		if issuer[path] != nil {
			t.Errorf("%s is described", path)
		}
	}
}
