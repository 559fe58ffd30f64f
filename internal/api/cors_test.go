package api

import (
	"net/http/httptest"
	"testing"
)

func TestOnlyAConfiguredOriginMayReadAnswersAndAnybodyMayAskForOptions(t *testing.T) {
	const page = "https://app.example"
	for _, c := range []struct {
		method, path, origin string
		configured           bool
		status               int
		allowed              string
	}{
		{"OPTIONS", jobs, page, true, 204, page},
		{"OPTIONS", jobs, "https://evil.example", true, 204, ""},
		{"OPTIONS", jobs, page, false, 204, ""},
		{"OPTIONS", "/nothing", page, true, 404, page},
		{"GET", "/healthz", page, true, 200, page},
		{"GET", "/healthz", page + ".evil.example", true, 200, ""},
		{"GET", jobs, page, true, 401, page},
		{"GET", "/healthz", "", true, 200, ""},
	} {
		w := newWorld()
		if c.configured {
			w.Handler.(*server).Origins = []string{page}
		}
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("Access-Control-Request-Method", "POST")
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, r)
		got := answer.Header()
		preflight := got.Get("Access-Control-Allow-Headers") != ""
		if answer.Code != c.status || got.Get("Access-Control-Allow-Origin") != c.allowed || preflight != (c.allowed != "" && c.method == "OPTIONS") ||
			(got.Get("Vary") == "Origin") != c.configured || c.status == 204 && got.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
			t.Errorf("%+v: %d %v", c, answer.Code, got)
		}
	}
}
