package directory_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const typical = `{"lookupField":"Code","code":"user.%d","username":"user.%d","name":"Bjørn Ærlig O'Neil","title":"Rådgiver","phone":"+47 22 00 00 00",
	"mobile":"+47 900 00 000","emailAddr":"user@example.test","addr":"Åsveien 1","postalNo":"0150","place":"Oslo","departmentCode":"D1"}`

// request is answered with the status again and again.
func request(b *testing.B, a *api, status int, method, path, body string) {
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer good")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if a.handler.ServeHTTP(w, r); w.Code != status {
			b.Fatal(w.Code)
		}
	}
}

func BenchmarkListOf500(b *testing.B) {
	a := open(b)
	for i := range 500 {
		a.post(fmt.Sprintf(typical, i, i))
	}
	request(b, a, http.StatusOK, "GET", "/directory/api/Users?limit=500&includeEmailAddresses=true", "")
}

func BenchmarkPostOfSomebodyUnchanged(b *testing.B) {
	a := open(b)
	body := fmt.Sprintf(typical, 1, 1)
	a.post(body)
	request(b, a, http.StatusOK, "POST", "/directory/api/Users", body)
}
