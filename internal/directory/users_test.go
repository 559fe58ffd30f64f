package directory_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAListIsDenseStableAndInTheOrderOfCreation(t *testing.T) {
	a := open(t)
	a.must(http.StatusNoContent, "GET", "/directory/api/Users", "")
	a.must(http.StatusNoContent, "GET", "/directory/api/Users?offset=5", "")
	for i := range 230 {
		a.post(fmt.Sprintf(`{"code":"c%d"}`, i))
	}
	a.must(200, "POST", "/directory/api/Users", `{"lookupField":"code","code":"C7","name":"changed"}`)
	read := 0
	for _, query := range []string{"", "?offset=100", "?OFFSET=200&Limit=10000"} {
		for _, u := range a.must(200, "GET", "/directory/api/Users"+query, "").list() {
			if got := strings.ToLower(u.(map[string]any)["code"].(string)); got != fmt.Sprintf("c%d", read) {
				t.Fatalf("place %d is %s", read, got)
			}
			read++
		}
	}
	if read != 230 {
		t.Errorf("%d users listed, want 230", read)
	}
	if got := a.must(200, "GET", "/directory/api/Users?offset=230", ""); got.raw != "[]\n" {
		t.Errorf("past the end: %s", got.raw)
	}
}

func TestWhatIsNotAskedForIsLeftOut(t *testing.T) {
	a := open(t)
	id := a.post(`{"emailAddr":"a@example.test","emailAddr2":"b@example.test","userAccessCodes":"X","userAccessFunctions":[{"id":1}],
		"userRoles":[{"id":"r"}]}`)["gidId"].(string)
	switches := map[string][]string{
		"includeEmailAddresses": {"emailAddr", "emailAddr2"},
		"includeUserAccess":     {"userAccessCodes", "userAccessFunctions"},
		"includeRoles":          {"userRoles"},
	}
	for on := range switches {
		query := "?" + strings.ToUpper(on) + "=TRUE"
		single := a.must(200, "GET", "/directory/api/Users/"+id+query, "")
		listed := a.must(200, "GET", "/directory/api/Users"+query, "").list()[0].(map[string]any)
		changed := a.must(200, "GET", "/directory/api/Users/changes/2026-01-01"+query, "").list()[0].(map[string]any)
		for name, properties := range switches {
			for _, p := range properties {
				for _, user := range []map[string]any{single.user(), listed, changed, single.stored()} {
					if value, there := user[p]; there != (name == on) || there && value == nil {
						t.Errorf("%s: %s there: %v", on, p, there)
					}
				}
			}
		}
	}
}

func TestAPostFindsItsUserByTheNamedField(t *testing.T) {
	a := open(t)
	made := a.must(201, "POST", "/directory/api/Users", `{"id":"theirs","code":"Ola","name":"Ola","title":"Boss"}`)
	id := made.user()["gidId"].(string)
	if id == "theirs" || made.header.Get("Location") != "/directory/api/Users/"+id {
		t.Errorf("id %q, Location %q", id, made.header.Get("Location"))
	}
	a.must(200, "GET", made.header.Get("Location"), "")
	byID := a.must(200, "POST", "/directory/api/Users", `{"id":"`+id+`","title":"Chief"}`).user()
	a.is(byID, map[string]any{"gidId": id, "code": "Ola", "name": "Ola", "title": "Chief"})
	byCode := a.must(200, "POST", "/directory/api/Users", `{"LookupField":"CODE","code":" ola","name":null,"title":""}`).user()
	a.is(byCode, map[string]any{"gidId": id, "code": " ola", "name": nil, "title": ""})
	other := a.post(`{"lookupField":"Code","code":"Kari"}`)["gidId"].(string)
	for _, body := range []string{`{"code":"OLA"}`, `{"id":"nobody","code":"ola "}`, `{"id":"` + other + `","code":"ola"}`} {
		if got := a.do("POST", "/directory/api/Users", body); got.status != 400 || !strings.Contains(got.text(), "code") {
			t.Errorf("%s: %d %s, want 400", body, got.status, got.raw)
		}
	}
	if got := a.do("PUT", "/directory/api/Users/"+other, `{"code":"ola"}`); got.status != 400 {
		t.Errorf("PUT of another's code: %d", got.status)
	}
	if n := len(a.must(200, "GET", "/directory/api/Users", "").list()); n != 2 {
		t.Errorf("%d users, want 2", n)
	}
}

func TestAUserIsFoundByIDAndByCode(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"Ola/Å 1"}`)["gidId"].(string)
	escaped := "ola%2F%C3%A5%201"
	for path, status := range map[string]int{
		id: 200, id + "?lookupField=id": 200, id + "?lookupField=Code": 404, strings.ToUpper(id): 404,
		escaped + "?lookupField=code": 200, escaped: 200, escaped + "?lookupField=Id": 404, "nobody": 404, strings.Repeat("x", 3000): 404, "%20": 404,
	} {
		got := a.must(status, "GET", "/directory/api/Users/"+path, "")
		if status == 404 {
			a.is(got.user(), map[string]any{"status": 404.0, "title": "Not Found"})
		}
	}
	for path, status := range map[string]int{
		"/Activate?lookupField=gidid": 200, "/DEACTIVATE?lookupField=Id": 200,
	} {
		a.must(status, "GET", "/directory/api/Users/"+id+path, "")
	}
	a.must(404, "GET", "/directory/api/Users/"+escaped+"/Activate?lookupField=gidid", "")
	a.must(200, "GET", "/directory/api/Users/"+escaped+"/Activate?lookupField=Code", "")
}

func TestAPutWipesWhatItLeavesOut(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A","name":"N","userAccessCodes":"X","mailAddresses":["a@example.test"],"misc5":"m"}`)["gidId"].(string)
	got := a.must(200, "PUT", "/directory/api/Users/"+id, `{"title":"T","id":"ignored"}`)
	a.is(got.user(), map[string]any{"gidId": id, "code": nil, "name": nil, "userAccessCodes": nil, "misc5": nil, "title": "T", "emailAddr": nil})
	a.is(got.stored(), map[string]any{"mailAddresses": missing, "id": id})
	if got := a.do("PUT", "/directory/api/Users/nobody", `{}`); got.status != 404 || got.text() == "" {
		t.Errorf("PUT of nobody: %d %s", got.status, got.raw)
	}
	a.post(`{"code":"A"}`)
}

func TestActivityEndsYesterdayAndComesBack(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A"}`)["gidId"].(string)
	for _, step := range []struct {
		does   string
		active bool
	}{{"Deactivate", false}, {"Deactivate", false}, {"Activate", true}, {"Activate", true}} {
		if got := a.must(200, "GET", "/directory/api/Users/"+id+"/"+step.does, ""); got.text() == "" {
			t.Errorf("%s: %s is no JSON string", step.does, got.raw)
		}
		a.is(a.must(200, "GET", "/directory/api/Users/"+id, "").user(), map[string]any{"active": step.active})
	}
	a.must(200, "GET", "/directory/api/Users/"+id+"/Deactivate", "")
	u, err := a.store.User(t.Context(), company, id)
	if want := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC); err != nil || u.Expires == nil || !u.Expires.Equal(want) {
		t.Errorf("expires %v (%v), want %v", u.Expires, err, want)
	}
	for _, does := range []string{"Activate", "Deactivate"} {
		if got := a.must(404, "GET", "/directory/api/Users/nobody/"+does, ""); got.text() == "" {
			t.Errorf("%s of nobody: %s is no JSON string", does, got.raw)
		}
	}
}

func TestChangesAreThoseSinceTheDate(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A","name":"N"}`)["gidId"].(string)
	a.post(`{"code":"B"}`)
	a.clock.Advance(48 * time.Hour)
	count := func(since string) int {
		got := a.do("GET", "/directory/api/users/changes/"+since, "")
		if got.status == 404 && got.text() == "" {
			t.Errorf("%s is no JSON string", got.raw)
		}
		return len(got.list())
	}
	if count("2026-03-01") != 2 || count("2026-03-02") != 0 {
		t.Error("created users are not the changes of their day")
	}
	a.must(200, "POST", "/directory/api/Users", `{"id":"`+id+`","name":"N"}`)
	if count("2026-03-02") != 0 {
		t.Error("a write that changes nothing is a change")
	}
	a.must(200, "POST", "/directory/api/Users", `{"id":"`+id+`","name":"M"}`)
	if count("2026-03-03") != 1 || count("2026-03-04") != 0 {
		t.Error("an updated user is not the change of its day")
	}
}

func TestManyChangesAtOnceLoseNone(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A"}`)["gidId"].(string)
	var writers sync.WaitGroup
	for i := range 5 {
		writers.Go(func() {
			a.do("POST", "/directory/api/Users", fmt.Sprintf(`{"id":"%s","misc%d":"x"}`, id, i+1))
			a.do("POST", "/directory/api/Users", `{"lookupField":"Code","code":"B"}`)
		})
	}
	writers.Wait()
	got := a.must(200, "GET", "/directory/api/Users/"+id, "").user()
	for i := range 5 {
		a.is(got, map[string]any{fmt.Sprintf("misc%d", i+1): "x"})
	}
	if n := len(a.must(200, "GET", "/directory/api/Users", "").list()); n != 2 {
		t.Errorf("%d users, want 2", n)
	}
}

func TestANewUserGetsOfTheTemplateWhatTheRequestDoesNotGive(t *testing.T) {
	a := open(t)
	template := a.post(`{"userType":"P","userAccessCodes":"T","userAccessFunctions":[{"id":7}],"userRoles":[{"id":"r","roleId":"1","departmentList":"D"}]}`)["gidId"].(string)
	whole := a.post(`{"accessTemplateId":"` + template + `"}`)
	a.is(whole, map[string]any{"userAccessCodes": "T", "accessTemplateId": template})
	role := whole["userRoles"].([]any)[0].(map[string]any)
	if role["id"] != "r" || role["departmentList"] != "D" || role["roleId"] == "1" || role["roleUserId"] != whole["gidId"] {
		t.Errorf("the role is %v", role)
	}
	if f := whole["userAccessFunctions"].([]any); len(f) != 1 {
		t.Errorf("%d functions", len(f))
	}
	own := a.post(`{"accessTemplateId":"` + template + `","userAccessCodes":"own","userRoles":[]}`)
	a.is(own, map[string]any{"userAccessCodes": "own"})
	if len(own["userRoles"].([]any)) != 0 || len(own["userAccessFunctions"].([]any)) != 1 {
		t.Error("what the request gives is not its own, or the rest not the template's")
	}
	later := a.post(`{"userAccessCodes":"own"}`)["gidId"].(string)
	updated := a.must(200, "POST", "/directory/api/Users", `{"id":"`+later+`","accessTemplateId":"`+template+`"}`).user()
	a.is(updated, map[string]any{"userAccessCodes": "own", "accessTemplateId": template})
}

func TestAPutWithAnotherTemplateOrDepartmentResetsAccess(t *testing.T) {
	a := open(t)
	one := a.post(`{"userAccessCodes":"one"}`)["gidId"].(string)
	two := a.post(`{"userAccessCodes":"two"}`)["gidId"].(string)
	a.must(201, "POST", "/directory/api/Departments", `{"departmentShortName":"X","externalID":"ext-x"}`)
	id := a.post(`{"accessTemplateId":"` + one + `","departmentCode":"X"}`)["gidId"].(string)
	for _, step := range []struct{ body, codes string }{
		{`{"accessTemplateId":"` + one + `","departmentCode":"X","userAccessCodes":"own"}`, "own"},
		{`{"accessTemplateId":"` + one + `","externalDepartmentId":"ext-x","userAccessCodes":"own"}`, "own"},
		{`{"accessTemplateId":"` + two + `","departmentCode":"X","userAccessCodes":"own"}`, "two"},
		{`{"accessTemplateId":"` + two + `","departmentCode":"Y","userAccessCodes":"own"}`, "two"},
		{`{"departmentCode":"Y","userAccessCodes":"own"}`, "own"},
	} {
		got := a.must(200, "PUT", "/directory/api/Users/"+id, step.body).user()
		if got["userAccessCodes"] != step.codes {
			t.Errorf("%s: access %v, want %s", step.body, got["userAccessCodes"], step.codes)
		}
	}
	if got := a.do("PUT", "/directory/api/Users/"+id, `{"accessTemplateId":"nobody"}`); got.status != 400 {
		t.Errorf("an unknown template: %d", got.status)
	}
}

func TestRolesAreAddedOnce(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A"}`)["gidId"].(string)
	path := "/directory/api/Users/" + id + "/Roles"
	if got := a.must(200, "GET", path, ""); got.raw != "[]\n" {
		t.Errorf("no roles: %s", got.raw)
	}
	for body, says := range map[string]string{
		`{}`: "id", `{"id":"r","gradeList":"g"}`: "departmentList", `{"id":"r","departmentList":"d"}`: "gradeList", `{"id":7}`: "id",
	} {
		if got := a.must(400, "POST", path, body); !strings.Contains(got.text(), says) {
			t.Errorf("%s: %s", body, got.raw)
		}
	}
	body := `{"id":"r","departmentList":"d1,d2","gradeList":"g","archiveList":"a","journalUnitList":"j"}`
	want := map[string]any{"userId": id, "id": "r", "departmentList": "d1,d2", "gradeList": "g", "archiveList": "a", "journalUnitList": "j"}
	a.is(a.must(201, "POST", "/directory/api/Users/a/roles?lookupField=Code", body).user(), want)
	a.must(404, "POST", "/directory/api/Users/a/roles", body)
	if got := a.must(409, "POST", path, body); got.text() == "" {
		t.Errorf("again: %s is no JSON string", got.raw)
	}
	roles := a.must(200, "GET", path, "").list()
	if len(roles) != 1 || roles[0].(map[string]any)["roleId"] == nil {
		t.Fatalf("roles: %v", roles)
	}
	a.is(roles[0].(map[string]any), want)
	for _, method := range []string{"GET", "POST"} {
		if got := a.must(404, method, "/directory/api/Users/nobody/roles", body); got.text() == "" {
			t.Errorf("%s for nobody: %s is no JSON string", method, got.raw)
		}
	}
}

func TestAFailingStoreIsNotToldOf(t *testing.T) {
	a := open(t)
	broken := a.with(failing{a.store})
	got := broken.do("GET", "/directory/api/Users", "")
	_, id, named := strings.Cut(got.text(), " under ")
	if got.status != 500 || !named || !strings.Contains(broken.log.String(), id) {
		t.Errorf("%d %s; the log: %s", got.status, got.raw, broken.log)
	}
	if strings.Contains(got.raw+broken.log.String(), "secret") {
		t.Error("the engine's own words came out")
	}
}
