package bokamera

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// vendor answers as BokaMera does: it takes whatever customer comes.
type vendor struct {
	mu        sync.Mutex
	customers map[string]map[string]any
	order     []string
	made      int
	most      int  // customers a page; 0: as asked
	untold    bool // the total is not said
	ownTotal  bool // the total is the page's own
	refuse    func(customer map[string]any) string
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.customers == nil {
		v.customers = map[string]map[string]any{}
	}
	id, single := strings.CutPrefix(r.URL.Path, "/customers/")
	switch {
	case r.Header.Get("X-Api-Key") != "key" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		w.WriteHeader(http.StatusUnauthorized)
	case single && v.customers[id] == nil:
		say(w, http.StatusNotFound, `{"ResponseStatus":{"ErrorCode":"NotFound","Message":"no customer"}}`)
	case single && r.Method == http.MethodDelete:
		delete(v.customers, id)
		v.order = slices.DeleteFunc(v.order, func(o string) bool { return o == id })
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path == "/customers" && r.Method == http.MethodGet:
		v.list(w, r)
	case single && r.Method == http.MethodPut, r.URL.Path == "/customers" && r.Method == http.MethodPost:
		v.write(w, r, id, single)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (v *vendor) write(w http.ResponseWriter, r *http.Request, id string, there bool) {
	var c map[string]any
	if json.NewDecoder(r.Body).Decode(&c) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if v.refuse != nil {
		if said := v.refuse(c); said != "" {
			say(w, http.StatusBadRequest, said)
			return
		}
	}
	if !there {
		v.made++
		id = fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", v.made)
		v.order = append(v.order, id)
		v.customers[id] = map[string]any{}
	}
	for name, value := range c {
		if name != "Id" {
			v.customers[id][name] = value
		}
	}
	say(w, http.StatusOK, `{"Id":"`+id+`"}`)
}

func (v *vendor) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	skip, _ := strconv.Atoi(q.Get("Skip"))
	take, _ := strconv.Atoi(q.Get("Take"))
	if v.most > 0 {
		take = min(take, v.most)
	}
	all := []map[string]any{}
	for _, id := range v.order {
		c := map[string]any{"Id": id}
		for _, name := range []string{"Firstname", "Lastname", "Email", "Phone"} {
			c[name] = v.customers[id][name]
		}
		text := strings.ToLower(fmt.Sprint(c["Email"], " ", c["Phone"], " ", c["Lastname"]))
		if strings.Contains(text, strings.ToLower(q.Get("Search"))) {
			all = append(all, c)
		}
	}
	answer := map[string]any{"Offset": skip, "Results": all[min(skip, len(all)):min(skip+take, len(all))]}
	if v.ownTotal {
		answer["Total"] = len(answer["Results"].([]map[string]any))
	} else if !v.untold {
		answer["Total"] = len(all)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that has gone
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// tokens answers requests for a token, so that the vendor's handler need not.
func tokens(vendor http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == connectortest.TokenPath {
			say(w, http.StatusOK, `{"access_token":"token","refresh_token":"refresh","expires_in":300}`)
			return
		}
		vendor.ServeHTTP(w, r)
	})
}

// secrets has every secret under its own name.
type secrets struct{}

func (secrets) Secret(_ context.Context, reference string) (string, error) { return reference, nil }

var network = httpx.Network{AllowPrivate: true}

func openAt(t *testing.T, base string, clock usersync.Clock, rules ...usersync.Rule) *target {
	t.Helper()
	made, err := NewTarget(t.Context(), usersync.Endpoint{Type: "bokamera", Settings: map[string]string{
		"url": base, "tokenUrl": base + connectortest.TokenPath, "clientId": connectortest.ClientID, "username": connectortest.Username, "password": connectortest.ClientSecret, "apiKey": "key",
	}}, rules, secrets{}, network, clock)
	if err != nil {
		t.Fatal(err)
	}
	return made.(*target)
}

func open(t *testing.T, v http.Handler, rules ...usersync.Rule) *target {
	server := httptest.NewServer(tokens(v))
	t.Cleanup(server.Close)
	return openAt(t, server.URL, usersynctest.NewClock(), rules...)
}

func record(i int) usersync.Record {
	no := strconv.Itoa(i)
	return usersync.Record{
		{Name: "Email", Value: "åse." + no + "@example.test"}, {Name: "Firstname", Value: "Åse " + no}, {Name: "Lastname", Value: "O'Neil"},
	}
}

func TestTarget(t *testing.T) {
	for _, most := range []int{0, 7} {
		connectortest.RunTarget(t, connectortest.Target{
			Open: func(t *testing.T) connectortest.System {
				v := &vendor{most: most, untold: most > 0}
				return connectortest.System{
					Target: open(t, v),
					Count:  func() int { v.mu.Lock(); defer v.mu.Unlock(); return len(v.customers) },
					Stored: func(id string) map[string]any { v.mu.Lock(); defer v.mu.Unlock(); return v.customers[id] },
					Remove: func(id string) { v.mu.Lock(); defer v.mu.Unlock(); delete(v.customers, id) },
				}
			},
			Record: record, KeyField: "Email", KeyOptional: true, Clears: true,
		})
	}
}

func TestTargetOverHTTP(t *testing.T) {
	connectortest.RunHTTPTarget(t, connectortest.HTTPTarget{
		Open:   func(t *testing.T, base string, clock usersync.Clock) usersync.Target { return openAt(t, base, clock) },
		Vendor: func() http.HandlerFunc { return (&vendor{}).ServeHTTP },
		Record: record,
	})
}
