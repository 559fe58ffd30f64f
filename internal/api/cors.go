package api

import (
	"net/http"
	"slices"
	"strings"
)

// preflightFor is how long a browser may remember what it may ask for, in seconds.
const preflightFor = "600"

// allowOrigin lets a browser's page of a configured origin read the answer; others are told nothing.
func (s *server) allowOrigin(h http.Header, r *http.Request) {
	if len(s.Origins) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(s.Origins, origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
		h.Set("Access-Control-Max-Age", preflightFor)
	}
}

// options says what a path can be asked for; nobody has to log in for it.
func (s *server) options(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions {
		return false
	}
	found, _ := findRoute(r.URL)
	if found == nil {
		return false
	}
	w.Header().Set("Allow", strings.Join([]string{found.allow(), http.MethodOptions}, ", "))
	w.WriteHeader(http.StatusNoContent)
	return true
}
