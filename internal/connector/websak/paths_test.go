package websak

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestPathsAreSpeltAsInTheVendorsDocument(t *testing.T) {
	v := &vendor{}
	var called []string
	base := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called = append(called, r.Method+" "+r.URL.Path)
		v.ServeHTTP(w, r)
	}))
	src, target := openSource(t, base, usersynctest.NewClock()), openTarget(t, base, usersynctest.NewClock())
	made, err := target.Create(t.Context(), record(1))
	if err != nil {
		t.Fatal(err)
	}
	off := target.(usersync.Deactivator)
	for name, call := range map[string]func() error{
		"Check":      func() error { return src.Check(t.Context()) },
		"Fetch":      func() error { _, err := src.Fetch(t.Context(), ""); return err },
		"Update":     func() error { _, err := target.Update(t.Context(), made.ID, record(1)); return err },
		"LookUp":     func() error { _, err := target.LookUp(t.Context(), record(1)); return err },
		"Deactivate": func() error { return off.Deactivate(t.Context(), made.ID) },
		"Activate":   func() error { return off.Activate(t.Context(), made.ID) },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	documented := []string{"GET /api/Users", "POST /api/Users", "GET /api/Users/{id}", "GET /api/Users/{id}/Activate",
		"GET /api/Users/{id}/Deactivate", "GET /api/Users/changes/{fromDate}"}
	for i, path := range called {
		for _, id := range []string{made.ID, "kode.ø1"} {
			path = strings.Replace(path, "/"+id, "/{id}", 1)
		}
		if before, _, ok := strings.Cut(path, "/changes/"); ok {
			path = before + "/changes/{fromDate}"
		}
		if called[i] = path; !slices.Contains(documented, path) {
			t.Errorf("%s is no path of the document", path)
		}
	}
	for _, path := range documented {
		if !slices.Contains(called, path) {
			t.Errorf("%s was not called", path)
		}
	}
}
