package websak

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// tokens answers requests for a token, so that the vendor's handler need not.
func tokens(vendor http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == connectortest.TokenPath {
			writeJSON(w, http.StatusOK, map[string]any{"access_token": "token", "expires_in": 3600})
			return
		}
		vendor.ServeHTTP(w, r)
	})
}

func start(t *testing.T, handler http.Handler) string {
	srv := httptest.NewServer(tokens(handler))
	t.Cleanup(srv.Close)
	return srv.URL
}

// over opens a source that lists these elements, whatever they are.
func over(t *testing.T, elements []any) usersync.Source {
	return openSource(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listUsers(w, r, elements, 1000)
	})), usersynctest.NewClock())
}

func elements(people []usersync.Person) []any {
	list := make([]any, len(people))
	for i := range people {
		list[i] = listed(&people[i])
	}
	return list
}

func TestSource(t *testing.T) {
	connectortest.RunSource(t, connectortest.Source{
		Open: func(t *testing.T, people []usersync.Person) usersync.Source { return over(t, elements(people)) },
		Faulty: func(t *testing.T, people []usersync.Person) usersync.Source {
			list := elements(people)
			list = append([]any{map[string]any{"gidId": 7, "code": "x"}, "text"}, list...)
			list = append(list[:4], append([]any{nil, map[string]any{"code": "y"}, map[string]any{"gidId": "g", "phone": []int{1}}}, list[4:]...)...)
			return over(t, append(list, map[string]any{"gidId": "h", "active": "yes"}))
		},
	})
}

func TestSourceOverHTTP(t *testing.T) {
	connectortest.RunHTTPSource(t, connectortest.HTTPSource{
		Open: func(t *testing.T, base string, clock usersync.Clock) usersync.PagedSource {
			return openSource(t, base, clock, "pageSize", "10")
		},
		List: func(w http.ResponseWriter, r *http.Request, people []usersync.Person, most int) {
			listUsers(w, r, elements(people), most)
		},
		Nobody: map[string]http.HandlerFunc{
			"204":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
			"an empty array": func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, []any{}) },
		},
	})
}

func record(i int) usersync.Record {
	no := strconv.Itoa(i)
	return usersync.Record{
		{Name: "code", Value: "kode.ø" + no}, {Name: "name", Value: "Åse O'Neil " + no}, {Name: "title", Value: "Leder " + no},
		{Name: "username", Value: "kode.ø" + no},
	}
}

func suite(settings ...string) connectortest.Target {
	return connectortest.Target{
		Open: func(t *testing.T) connectortest.System {
			v := &vendor{}
			target := openTarget(t, start(t, v), usersynctest.NewClock(), settings...)
			return connectortest.System{Target: target, Count: v.count, Stored: v.stored, Remove: v.remove, Active: v.active}
		},
		Record: record, KeyField: "code", Clears: true,
	}
}

func TestTargetByCode(t *testing.T) { connectortest.RunTarget(t, suite()) }

func TestTargetByID(t *testing.T) { connectortest.RunTarget(t, suite("lookupField", "Id")) }

func TestTargetOverHTTP(t *testing.T) {
	connectortest.RunHTTPTarget(t, connectortest.HTTPTarget{
		Open: func(t *testing.T, base string, clock usersync.Clock) usersync.Target {
			return openTarget(t, base, clock)
		},
		Vendor: func() http.HandlerFunc { return (&vendor{}).ServeHTTP },
		Record: record,
	})
}
