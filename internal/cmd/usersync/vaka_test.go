package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// vakaOnline is a scripted VAKA Online with one device.
type vakaOnline struct {
	*httptest.Server
	mu    sync.Mutex
	users []map[string]any
}

func newVAKA(t *testing.T, people int) *vakaOnline {
	v := &vakaOnline{}
	for i := range people {
		v.users = append(v.users, map[string]any{
			"userId": fmt.Sprintf("3f2504e0-4f89-41d3-9a0c-%012d", i), "name": fmt.Sprintf("Efternamn%d, Förnamn%d", i, i),
			"email": fmt.Sprintf("boende.%d@example.test", i), "userGroupId": fmt.Sprintf("7d444840-9dc0-11d1-b245-%012d", i/2),
		})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"planted-token-value","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("GET /v1/usergroups/1234/all", func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("continuationToken"))
		groups := []map[string]any{}
		for i := from; i < min(from+100, people/2); i++ {
			groups = append(groups, map[string]any{"id": fmt.Sprintf("7D444840-9DC0-11D1-B245-%012d", i), "name": fmt.Sprint("Lgh ", i), "apartmentId": fmt.Sprint(1000 + i), "deviceId": "1234"})
		}
		var next any
		if from+100 < people/2 {
			next = strconv.Itoa(from + 100)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"userGroups": groups, "continuationToken": next})
	})
	mux.HandleFunc("GET /v1/reservations/users/fetch/1234", func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		if r.Header.Get("x-api-key") != "planted-secret-value" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"userAccounts": append([]map[string]any{}, v.users...)})
	})
	v.Server = httptest.NewServer(mux)
	t.Cleanup(v.Close)
	return v
}

func (v *vakaOnline) endpoint() string {
	return fmt.Sprintf("{type: axema, url: %q, deviceId: \"1234\", tokenUrl: %q, clientId: x, clientSecret: env:WEBSAK_SECRET, apiKey: env:WEBSAK_SECRET}", v.URL+"/v1", v.URL+"/token")
}

// bokaMera is a scripted BokaMera that takes its time.
type bokaMera struct {
	*httptest.Server
	delay     time.Duration
	mu        sync.Mutex
	customers []map[string]any // in the order of creation
	made      int
	posts     int
	lists     int
	token     string // that it gives
	refuse    string // the e-mail address of whom it will not take
}

func newBokaMera(t *testing.T, delay time.Duration) *bokaMera {
	b := &bokaMera{delay: delay, token: "planted-token-value"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /realms/x/protocol/openid-connect/token", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("grant_type") != "refresh_token" && r.PostFormValue("password") != "planted-secret-value" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"r","expires_in":300}`, b.token)
	})
	mux.HandleFunc("GET /customers", b.list)
	mux.HandleFunc("POST /customers", func(w http.ResponseWriter, r *http.Request) { b.write(w, r, "") })
	mux.HandleFunc("DELETE /customers/{id}", func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		before := len(b.customers)
		b.customers = slices.DeleteFunc(b.customers, func(c map[string]any) bool { return c["Id"] == r.PathValue("id") })
		if len(b.customers) == before {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	mux.HandleFunc("PUT /customers/{id}", func(w http.ResponseWriter, r *http.Request) { b.write(w, r, r.PathValue("id")) })
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *bokaMera) add(email, phone string) string {
	b.made++
	id := fmt.Sprintf("c0ffee00-0000-4000-8000-%012d", b.made)
	b.customers = append(b.customers, map[string]any{"Id": id, "Email": email, "Phone": phone})
	return id
}

func (b *bokaMera) write(w http.ResponseWriter, r *http.Request, id string) {
	var c map[string]any
	_ = json.NewDecoder(r.Body).Decode(&c)
	time.Sleep(b.delay)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posts++
	if email, _ := c["Email"].(string); b.refuse != "" && email == b.refuse {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"ResponseStatus":{"ErrorCode":"ValidationException","Message":"planted","Errors":[{"ErrorCode":"InvalidEmail","FieldName":"Email","Message":"planted"}]}}`)
		return
	}
	if id == "" {
		id = b.add("", "")
	}
	for _, stored := range b.customers {
		if stored["Id"] == id {
			for name, value := range c {
				if name != "Id" {
					stored[name] = value
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"Id": id})
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

func (b *bokaMera) list(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lists++
	q := r.URL.Query()
	skip, _ := strconv.Atoi(q.Get("Skip"))
	take, _ := strconv.Atoi(q.Get("Take"))
	found := []map[string]any{}
	for _, c := range b.customers {
		if strings.Contains(strings.ToLower(fmt.Sprint(c["Email"], " ", c["Phone"])), strings.ToLower(q.Get("Search"))) {
			found = append(found, c)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Offset": skip, "Total": len(found), "Results": found[min(skip, len(found)):min(skip+take, len(found))]})
}

func (b *bokaMera) endpoint(more string) string {
	return fmt.Sprintf("{type: bokamera, url: %q, tokenUrl: %q, clientId: app, username: me, password: env:WEBSAK_SECRET, apiKey: env:WEBSAK_SECRET%s}", b.URL, b.URL+"/realms/x/protocol/openid-connect/token", more)
}

// byEmail is how many customers have each address.
func (b *bokaMera) byEmail() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string]int{}
	for _, c := range b.customers {
		email, _ := c["Email"].(string)
		all[strings.ToLower(email)]++
	}
	return all
}
