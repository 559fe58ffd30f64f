package websak

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// vendor is a Websak in a test: it keeps what is posted, and answers as the vendor's document says.
type vendor struct {
	mu    sync.Mutex
	users []map[string]any
	given int
	wrote []map[string]any // the requests, as they came
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	path := strings.ToLower(r.URL.Path)
	switch {
	case r.Method == http.MethodPost && path == "/api/users":
		v.post(w, r)
	case r.Method == http.MethodGet && path == "/api/users":
		listUsers(w, r, v.users, 1000)
	case r.Method == http.MethodGet && strings.HasSuffix(path, "activate"):
		id, what, _ := strings.Cut(r.URL.Path[len("/api/users/"):], "/")
		if user := v.find("gidId", id); user != nil && r.URL.Query().Get("lookupField") == "Id" {
			user["active"] = what == "Activate"
			writeJSON(w, http.StatusOK, "done")
		} else {
			writeJSON(w, http.StatusNotFound, "no such user")
		}
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/api/users/"):
		by := map[string]string{"Id": "gidId", "Code": "code"}[r.URL.Query().Get("lookupField")]
		if user := v.find(by, r.URL.Path[len("/api/users/"):]); user != nil {
			writeJSON(w, http.StatusOK, user)
		} else {
			writeJSON(w, http.StatusNotFound, map[string]any{"title": "Not Found", "status": 404})
		}
	default:
		http.NotFound(w, r)
	}
}

func (v *vendor) find(property, value string) map[string]any {
	for _, user := range v.users {
		if text, _ := user[property].(string); value != "" && fold(text) == fold(value) {
			return user
		}
	}
	return nil
}

func (v *vendor) post(w http.ResponseWriter, r *http.Request) {
	request := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		writeJSON(w, http.StatusBadRequest, "no JSON")
		return
	}
	v.wrote = append(v.wrote, request)
	code, _ := request["code"].(string)
	id, _ := request["id"].(string)
	user := v.find("gidId", id)
	owner := v.find("code", code)
	if request["lookupField"] == "Code" {
		user = owner
	}
	if owner != nil && (user == nil || owner["gidId"] != user["gidId"]) {
		writeJSON(w, http.StatusBadRequest, "the code "+code+" is taken")
		return
	}
	status := http.StatusOK
	if user == nil {
		status = http.StatusCreated
		v.given++
		user = map[string]any{"gidId": "gid-" + strconv.Itoa(v.given), "active": true}
		v.users = append(v.users, user)
	}
	for name, value := range request {
		if name != "id" && name != "lookupField" {
			user[name] = value
		}
	}
	writeJSON(w, status, user)
}

func (v *vendor) stored(id string) map[string]any {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.find("gidId", id)
}

func (v *vendor) active(id string) bool { return v.stored(id)["active"] == true }

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.users)
}

func (v *vendor) remove(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, user := range v.users {
		if user["gidId"] == id {
			v.users = append(v.users[:i], v.users[i+1:]...)
			return
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// listUsers answers a request for a page, at most `most` users long.
func listUsers[U any](w http.ResponseWriter, r *http.Request, users []U, most int) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	offset, err2 := strconv.Atoi(query.Get("offset"))
	if err != nil || err2 != nil || query.Get("includeEmailAddresses") != "true" || !strings.EqualFold(r.URL.Path, "/api/users") {
		writeJSON(w, http.StatusBadRequest, "bad query")
		return
	}
	if len(users) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	from := min(offset, len(users))
	writeJSON(w, http.StatusOK, users[from:min(from+min(limit, most), len(users))])
}

// listed is how the vendor writes a person.
func listed(p *usersync.Person) map[string]any {
	user := map[string]any{
		"gidId": p.ID, "code": p.UserName, "name": p.DisplayName, "title": p.Title, "active": p.IsActive(),
		"phone": p.Phones.Work, "mobile": p.Phones.Mobile, "emailAddr": p.Emails.Work, "addr": p.Addresses.Work.StreetAddress,
		"postalNo": p.Addresses.Work.PostalCode, "place": p.Addresses.Work.Locality, "departmentCode": p.DepartmentCode,
		"userRoles": nil, "note": nil, "unheardOf": []int{1},
	}
	for name, value := range user {
		if value == "" {
			user[name] = nil
		}
	}
	return user
}

// secrets knows the one secret of the tests.
type secrets struct{}

func (secrets) Secret(context.Context, string) (string, error) {
	return connectortest.ClientSecret, nil
}

func endpoint(base string, settings ...string) usersync.Endpoint {
	e := usersync.Endpoint{Type: "websak", Settings: map[string]string{
		"url": base, "tokenUrl": base + connectortest.TokenPath, "clientId": connectortest.ClientID, "clientSecret": "env:SECRET",
	}}
	for i := 0; i < len(settings); i += 2 {
		e.Settings[settings[i]] = settings[i+1]
	}
	return e
}

func openSource(t *testing.T, base string, clock usersync.Clock, settings ...string) usersync.PagedSource {
	src, err := NewSource(t.Context(), endpoint(base, settings...), secrets{}, httpx.Network{AllowPrivate: true}, clock)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func openTarget(t *testing.T, base string, clock usersync.Clock, settings ...string) usersync.Target {
	target, err := NewTarget(t.Context(), endpoint(base, settings...), nil, secrets{}, httpx.Network{AllowPrivate: true}, clock)
	if err != nil {
		t.Fatal(err)
	}
	return target
}
