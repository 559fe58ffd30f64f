package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// plainText is an answer that is no JSON.
type plainText string

// write sends the answer as JSON or, where the query names a callback, as JSONP; that one always has
// status 200, since a script that failed to load could not tell why.
func write(w http.ResponseWriter, r *http.Request, q query, status int, answer any) {
	kind := "application/json; charset=utf-8"
	text, err := json.Marshal(answer)
	if plain, ok := answer.(plainText); ok {
		kind, text = "text/plain; charset=utf-8", []byte(plain)
	} else if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"ResponseStatus":{"ErrorCode":"InternalError","Message":"An unforeseen error"}}`)
	} else if callback := q.callback(); callback != "" {
		status, kind = http.StatusOK, "text/javascript; charset=utf-8"
		text = []byte(callback + "(" + string(text) + ")")
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
	}
}

// callbackName makes a name of what a client sent that can do nothing but be called.
func callbackName(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '.', r == '$':
			return r
		}
		return '_'
	}, text)
}
