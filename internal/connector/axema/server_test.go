package axema

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// vaka answers as VAKA Online does.
type vaka struct {
	users  []any
	groups []any
	most   int // groups a page, whatever is asked for; 0: as asked
	// handler answers before the rest does, and says whether it has.
	handler func(http.ResponseWriter, *http.Request) bool
	asked   []string // paths
}

func (v *vaka) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == connectortest.TokenPath {
		_, _ = io.WriteString(w, `{"access_token":"token","expires_in":3600}`)
		return
	}
	v.asked = append(v.asked, r.URL.Path)
	switch {
	case v.handler != nil && v.handler(w, r):
	case r.Header.Get("X-Api-Key") != "key" || r.Header.Get("Authorization") != "Bearer token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/v1/reservations/users/fetch/12 34":
		write(w, map[string]any{"userAccounts": v.users})
	case r.URL.Path == "/v1/usergroups/12 34/all":
		from, _ := strconv.Atoi(r.URL.Query().Get("continuationToken"))
		size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
		if size < 1 || size > 100 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if v.most > 0 {
			size = min(size, v.most)
		}
		to := min(from+size, len(v.groups))
		var next any
		if to < len(v.groups) {
			next = strconv.Itoa(to)
		}
		write(w, map[string]any{"userGroups": append([]any{}, v.groups[from:to]...), "continuationToken": next})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that has gone
}

// secrets has every secret under its own name.
type secrets struct{}

func (secrets) Secret(_ context.Context, reference string) (string, error) { return reference, nil }

func open(t *testing.T, v *vaka) usersync.StreamedSource {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	s, err := NewSource(t.Context(), usersync.Endpoint{Type: "axema", Settings: map[string]string{
		"url": server.URL + "/v1/", "deviceId": "12 34", "tokenUrl": server.URL + connectortest.TokenPath, "clientId": "id", "clientSecret": "secret", "apiKey": "key",
	}}, secrets{}, httpx.Network{AllowPrivate: true}, usersynctest.NewClock())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// account is a user account as the vendor lists it.
func account(id, name, email string, group any) map[string]any {
	return map[string]any{"userId": id, "name": name, "email": email, "userGroupId": group}
}

func accounts(people []usersync.Person) []any {
	all := []any{}
	for _, p := range people {
		all = append(all, account(p.ID, p.DisplayName, p.Emails.Work, nil))
	}
	return all
}

func TestSource(t *testing.T) {
	connectortest.RunSource(t, connectortest.Source{
		Open: func(t *testing.T, people []usersync.Person) usersync.Source {
			return open(t, &vaka{users: accounts(people)})
		},
		Faulty: func(t *testing.T, people []usersync.Person) usersync.Source {
			list := append([]any{7, map[string]any{"userId": 7}}, accounts(people)...)
			list = append(list[:4], append([]any{nil, "text", account("", "Nobody", "", nil), map[string]any{"userId": "x", "name": []int{1}}}, list[4:]...)...)
			return open(t, &vaka{users: append(list, map[string]any{})})
		},
		Lost: []string{"userName", "title", "active", "departmentCode", "phones.work", "phones.mobile",
			"addresses.work.streetAddress", "addresses.work.postalCode", "addresses.work.locality"},
	})
}

// entries are all that a source lists.
func entries(t *testing.T, s usersync.StreamedSource) (all []usersync.Entry, err error) {
	t.Helper()
	err = s.Stream(t.Context(), func(p usersync.Page) error {
		all = append(all, p.Entries...)
		return nil
	})
	return all, err
}

func groups(n int) (all []any) {
	for i := range n {
		all = append(all, map[string]any{"id": fmt.Sprintf("G%d", i), "name": fmt.Sprintf("Lgh %d", i), "apartmentId": strconv.Itoa(1000 + i), "referenceId": fmt.Sprintf("ref-%d", i), "deviceId": "12 34"})
	}
	return all
}
