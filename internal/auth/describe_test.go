package auth_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/auth"
)

func TestTheOpenAPIDescriptionAndTheIssuerCannotDiffer(t *testing.T) {
	server, _ := newEndpoint(t)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"plain"}, "client_secret": {secret}}
	var described struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema map[string]string }
			}
		}
		Schemas map[string]struct {
			Properties map[string]any
			Required   []string
		}
	}
	paths, schemas := auth.Describe()
	text, err := json.Marshal(map[string]any{"paths": paths, "schemas": schemas})
	if err == nil {
		err = json.Unmarshal(text, &described)
	}
	if err != nil || len(described.Paths) != 3 {
		t.Fatalf("%s %v", text, err)
	}
	for path, item := range described.Paths {
		if !auth.Serves(path) || auth.Serves(path+"/") {
			t.Errorf("%s is described and not served, or served elsewhere", path)
		}
		send := func(method, body string) (*http.Response, map[string]any) {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return ask(t, r)
		}
		for method, o := range item {
			for status, body := range map[string]string{"200": form.Encode(), "400": "%zz"} {
				answered, got := send(strings.ToUpper(method), body)
				if method == "get" {
					status = "200"
				}
				kind, _, _ := strings.Cut(answered.Header.Get("Content-Type"), ";")
				schema := described.Schemas[strings.TrimPrefix(o.Responses[status].Content[kind].Schema["$ref"], "#/components/schemas/")]
				if properties := slices.Sorted(maps.Keys(schema.Properties)); fmt.Sprint(answered.StatusCode) != status || !slices.Equal(properties, slices.Sorted(maps.Keys(got))) {
					t.Errorf("%s %s: %v are described for %s, and %d answered with %v", method, path, properties, status, answered.StatusCode, got)
				}
			}
		}
		refused, _ := send("PURGE", "")
		served := strings.Split(strings.ToLower(strings.ReplaceAll(refused.Header.Get("Allow"), ", HEAD", "")), ", ")
		if described := slices.Sorted(maps.Keys(item)); !slices.Equal(described, served) {
			t.Errorf("%s: %v are described, and %v served", path, described, served)
		}
	}
}
