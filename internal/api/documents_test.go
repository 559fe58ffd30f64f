package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTheOpenAPIDocumentAndTheRouterCannotDiffer(t *testing.T) {
	response, text := request{method: "GET", path: "/openapi.json"}.send(t, newWorld())
	var document struct {
		OpenAPI    string
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil || response.StatusCode != 200 || document.OpenAPI != "3.1.0" {
		t.Fatal(response.StatusCode, document.OpenAPI, err)
	}
	ids := map[string]bool{}
	for path, methods := range document.Paths {
		for method, o := range methods {
			if ids[o.OperationID] {
				t.Errorf("%s is there twice", o.OperationID)
			}
			ids[o.OperationID] = true
			asked := request{method: strings.ToUpper(method), path: strings.ReplaceAll(path, "{Id}", "019590a0-7c00-7000-8000-000000000001"), as: "super"}
			if got, _ := asked.send(t, newWorld()); got.StatusCode == http.StatusNotFound && !strings.Contains(path, "{Id}") && !strings.Contains(path, "Get") || got.StatusCode == http.StatusMethodNotAllowed {
				t.Errorf("%s %s is described, and answers %d", method, path, got.StatusCode)
			}
		}
		unknown := request{method: "PATCH", path: strings.ReplaceAll(path, "{Id}", "x")}
		got, _ := unknown.send(t, newWorld())
		described := slices.Sorted(maps.Keys(methods))
		allowed := strings.Split(strings.ToLower(strings.ReplaceAll(got.Header.Get("Allow"), ", HEAD", "")), ", ")
		if !slices.Equal(described, allowed) {
			t.Errorf("%s: %v are described, and %v served", path, described, allowed)
		}
	}
	for i := range routes {
		if document.Paths[routes[i].pattern] == nil {
			t.Errorf("%s is not described", routes[i].pattern)
		}
	}
	for name, of := range map[string]any{jobSchema: Job{}, outcomeSchema: Outcome{}, jobsSchema: jobsPage{}, outcomesSchema: outcomesPage{}} {
		var fields []string
		for f := range reflect.TypeOf(of).Fields() {
			written, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if written == "" {
				written = f.Name
			}
			fields = append(fields, written)
		}
		slices.Sort(fields)
		if described := slices.Sorted(maps.Keys(document.Components.Schemas[name].Properties)); !slices.Equal(fields, described) {
			t.Errorf("%s: %v are described, and %v written", name, described, fields)
		}
	}
	for _, o := range requests() {
		if len(o.inputsOf()) != len(o.takes) || slices.ContainsFunc(o.inputsOf(), func(p property) bool { return p.name == "" }) {
			t.Errorf("%s takes what is not described", o.name)
		}
	}
}

func TestWhatIsServedBesideIsInTheOpenAPIDocument(t *testing.T) {
	w := newWorld()
	w.Handler.(*server).Beside = []Description{func() (paths, components map[string]any) {
		return map[string]any{"/beside": map[string]any{}}, map[string]any{"Beside": map[string]any{}}
	}}
	_, text := request{method: "GET", path: "/openapi.json"}.send(t, w)
	var document struct {
		Paths      map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Paths) != len(routes)+1 || document.Paths["/beside"] == nil || document.Components.Schemas["Beside"] == nil || document.Components.Schemas[jobSchema] == nil {
		t.Error("what stands beside is not described, or stands in the way")
	}
}

func TestTheTypesHonourTheOptionsOfTheirHeader(t *testing.T) {
	types := func(query string) (classes []string, text string) {
		t.Helper()
		response, text := request{method: "GET", path: "/types/typescript" + query}.send(t, newWorld())
		if response.StatusCode != 200 || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") || !strings.HasPrefix(text, "/* Options:\n") {
			t.Fatalf("%d %s", response.StatusCode, response.Header.Get("Content-Type"))
		}
		for line := range strings.Lines(text) {
			if rest, is := strings.CutPrefix(line, "export class "); is && !strings.HasPrefix(rest, "Response") {
				classes = append(classes, strings.Fields(rest)[0])
			}
		}
		return classes, text
	}
	all, text := types("")
	for _, wanted := range []string{
		`// @Route("/codelock/axema/usersync", "POST")`, "export class CreateAxemaUserSync implements IReturn<AxemaUserSyncJobResponse>, IPost",
		"    public CompanyId?: string;", "    public UsersFound?: number;", "    public getMethod() { return 'POST'; }", "BaseUrl: http://example.com\n",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("there is no %s", wanted)
		}
	}
	if len(all) != len(schemas)+len(requests()) {
		t.Errorf("the types are %v", all)
	}
	for query, want := range map[string]string{
		"?IncludeTypes=GetAxemaUserSyncJob":                              "[GetAxemaUserSyncJob]",
		"?IncludeTypes=GetAxemaUserSyncJob.*":                            "[AxemaUserSyncJobResponse GetAxemaUserSyncJob]",
		"?IncludeTypes=QueryAxemaUserSyncJobs.*,HealthResponse":          "[AxemaUserSyncJobResponse AxemaUserSyncJobsResponse HealthResponse QueryAxemaUserSyncJobs]",
		"?IncludeTypes=*/%20alert(1)&BaseUrl=https://api.example/system": "[]",
	} {
		got, text := types(query)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v", query, got)
		}
		if strings.Contains(query, "BaseUrl") && (!strings.Contains(text, "BaseUrl: https://api.example/system\n") || strings.Count(text, "*/") != 1+strings.Count(text, "/** ") || strings.Contains(text, "alert(1)")) {
			t.Error("the header's options were not taken, or broke out of it")
		}
	}
}
