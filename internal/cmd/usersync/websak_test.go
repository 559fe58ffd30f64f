package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// slowWebsak is a Websak-shaped target that takes its time and remembers who it created.
type slowWebsak struct {
	*httptest.Server
	delay time.Duration

	mu      sync.Mutex
	ids     map[string]string // code → id
	created map[string]int    // code → how often
	posts   int
	logins  int
	refuse  map[string]bool // codes that are refused
}

func newSlowWebsak(t *testing.T, delay time.Duration) *slowWebsak {
	w := &slowWebsak{delay: delay, ids: map[string]string{}, created: map[string]int{}, refuse: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /connect/token", func(rw http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		w.logins++
		w.mu.Unlock()
		fmt.Fprint(rw, `{"access_token":"planted-token-value","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("POST /api/Users", w.upsert)
	w.Server = httptest.NewServer(mux)
	t.Cleanup(w.Close)
	return w
}

func (w *slowWebsak) upsert(rw http.ResponseWriter, r *http.Request) {
	var user struct{ ID, LookupField, Code, Name string }
	if err := json.NewDecoder(r.Body).Decode(&user); err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	time.Sleep(w.delay)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posts++
	if w.refuse[user.Code] {
		rw.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(rw, "%q", "refused: "+user.Name)
		return
	}
	id, found := w.ids[user.Code]
	status := http.StatusOK
	if !found {
		id, status = fmt.Sprintf("gid-%d", len(w.ids)+1), http.StatusCreated
		w.ids[user.Code] = id
		w.created[user.Code]++
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	fmt.Fprintf(rw, `{"gidId":%q,"code":%q,"active":true}`, id, user.Code)
}

// seen is how many logins there were, and how many requests were carried out.
func (w *slowWebsak) seen() (logins, posts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logins, w.posts
}

// endpoint is how settings name the server.
func (w *slowWebsak) endpoint() string {
	return fmt.Sprintf("{type: websak, url: %q, tokenUrl: %q, clientId: test, clientSecret: env:WEBSAK_SECRET}", w.URL, w.URL+"/connect/token")
}
