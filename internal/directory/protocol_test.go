package directory_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestWhoMayNotComeInIsToldWhyAndNothingElse(t *testing.T) {
	a := open(t)
	for authorization, status := range map[string]int{
		"": 401, "Bearer wrong": 401, "Bearer bare": 403, "Bearer lone": 403, "Bearer keyless": 503, "Bearer good": 204,
	} {
		got := a.do("GET", "/directory/api/Users", "", "Authorization", authorization)
		if got.status != status || status != 204 && got.text() == "" {
			t.Errorf("%q: %d %s, want %d and a JSON string", authorization, got.status, got.raw, status)
		}
	}
	if got := a.do("GET", "/directory/api/Users", "", "Authorization", ""); got.header.Get("WWW-Authenticate") != "Bearer" {
		t.Error("a 401 does not say how to log in")
	}
}

func TestNobodySeesAnotherCompany(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A"}`)["gidId"].(string)
	for _, path := range []string{"/directory/api/Users/" + id, "/directory/api/Users/" + id + "/Deactivate", "/directory/api/Users/" + id + "/roles"} {
		if got := a.do("GET", path, "", "Authorization", "Bearer other"); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := a.do("GET", "/directory/api/Users", "", "Authorization", "Bearer other"); got.status != 204 {
		t.Errorf("the list: %d", got.status)
	}
}

func TestExactlyTheDocumentedRoutesAnswer(t *testing.T) {
	a := open(t)
	for request, want := range map[string]struct {
		status int
		allow  string
	}{
		"GET /directory/api/info":                        {200, ""},
		"GET /DIRECTORY/API/USERS":                       {204, ""},
		"GET /directory/api/users/":                      {204, ""},
		"GET /directory/api/Departments":                 {200, ""},
		"GET /directory/api/Departments/flat":            {404, ""},
		"GET /directory/api/Departments/x/deactivate":    {404, ""},
		"GET /directory":                                 {404, ""},
		"GET /directory/":                                {404, ""},
		"GET /directoryapi/users":                        {404, ""},
		"GET /directory/api/Users//roles":                {404, ""},
		"GET /directory/api/zones":                       {404, ""},
		"DELETE /directory/api/Users":                    {405, "GET, POST"},
		"DELETE /directory/api/Users/x":                  {405, "GET, PUT"},
		"POST /directory/api/Users/x/Activate":           {405, "GET"},
		"PUT /directory/api/Users/x/roles":               {405, "GET, POST"},
		"HEAD /directory/api/info":                       {405, "GET"},
		"OPTIONS /directory/api/Departments/external/x":  {405, "GET"},
		"POST /directory/api/Departments/x":              {405, "GET, PUT"},
		"PATCH /directory/api/users/changes/2026-01-01/": {405, "GET"},
	} {
		method, path, _ := strings.Cut(request, " ")
		got := a.do(method, path, "")
		if got.status != want.status || got.header.Get("Allow") != want.allow {
			t.Errorf("%s: %d, Allow %q; want %d, %q", request, got.status, got.header.Get("Allow"), want.status, want.allow)
		}
	}
}

func TestABodyThatCannotBeReadChangesNothing(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A","name":"Before"}`)["gidId"].(string)
	before := a.must(200, "GET", "/directory/api/Users?includeRoles=true", "").raw
	for body, says := range map[string]string{
		"":                                             "body",
		"null":                                         "body",
		"[]":                                           "body",
		`{"name":"x"`:                                  "body",
		`{"name":"x"} {}`:                              "body",
		`{"name":"x",}`:                                "body",
		"{\"name\":\"\xff\"}":                          "body",
		`{"name":"\ud800"}`:                            "body",
		`{"name":"\ud800\u0041"}`:                      "body",
		`{"name":"\udc00\ud800"}`:                      "body",
		`{"name":"a\u0000b"}`:                          "name",
		`{"name":7}`:                                   "name",
		`{"NAME":{}}`:                                  "name",
		`{"mailAddresses":"a@example.test"}`:           "mailAddresses",
		`{"mailAddresses":[null]}`:                     "mailAddresses[0]",
		`{"mailAddresses":["a",{}]}`:                   "mailAddresses[1]",
		`{"accessToZones":[1.5]}`:                      "accessToZones[0]",
		`{"accessToZones":[2147483648]}`:               "accessToZones[0]",
		`{"userAccesses":[{"isPrimary":"yes"}]}`:       "userAccesses[0].isPrimary",
		`{"userAccesses":[null]}`:                      "userAccesses[0]",
		`{"userAccessFunctions":[{"id":null}]}`:        "userAccessFunctions[0].id",
		`{"userRoles":{"id":"x"}}`:                     "userRoles",
		`{"leaveFrom":"tomorrow"}`:                     "leaveFrom",
		`{"leaveTo":"2026-02-30T00:00:00"}`:            "leaveTo",
		`{"lookupField":"name"}`:                       "lookupField",
		`{"lookupField":"gidid"}`:                      "lookupField",
		`{"lookupField":"Code"}`:                       "code",
		`{"lookupField":"Code","code":" "}`:            "code",
		`{"accessTemplateId":"nobody"}`:                "accessTemplateId",
		`{"code":"a"}`:                                 "code",
		`{"code":"` + strings.Repeat("x", 257) + `"}`:  "code",
		`{"note":"` + strings.Repeat("ø", 4001) + `"}`: "note",
		`{"accessToZones":[` + strings.Repeat("1,", 1000) + `1]}`:                                "accessToZones",
		`{"mailAddresses":["` + strings.Repeat(strings.Repeat("x", 3990)+`","`, 80) + `"]}`:      "the user",
		`{"id":"` + id + `","name":"After","departmentCode":"` + strings.Repeat("d", 257) + `"}`: "departmentCode",
		`{"id":"` + id + `","name":"After","accessTemplateId":"nobody"}`:                         "accessTemplateId",
	} {
		got := a.do("POST", "/directory/api/Users", body)
		if got.status != 400 || !strings.Contains(got.text(), says) {
			t.Errorf("%.60s: %d %.200s, want 400 and a JSON string that names %s", body, got.status, got.raw, says)
		}
	}
	if after := a.must(200, "GET", "/directory/api/Users?includeRoles=true", "").raw; after != before {
		t.Error("something was stored")
	}
}

func TestABodyOfAnotherKindOrTooLargeIsRefused(t *testing.T) {
	a := open(t)
	for kind, status := range map[string]int{
		"": 415, "text/plain": 415, "application/xml": 415, "application/json; charset=latin1": 415, "application/x-www-form-urlencoded": 415,
		"application/json; charset=UTF-8": 201, "text/json": 201, "application/vnd.acos+json": 201,
	} {
		if got := a.do("POST", "/directory/api/Users", `{}`, "Content-Type", kind); got.status != status || status == 415 && got.text() == "" {
			t.Errorf("%q: %d, want %d", kind, got.status, status)
		}
	}
	pad := func(n int) string { return `{"unknown":"` + strings.Repeat("x", n-len(`{"unknown":""}`)) + `"}` }
	a.must(http.StatusCreated, "POST", "/directory/api/Users", pad(1<<20))
	a.must(http.StatusRequestEntityTooLarge, "POST", "/directory/api/Users", pad(1<<20+1))
}

func TestAWholeNumberMayBeSpeltWithAFraction(t *testing.T) {
	a := open(t)
	made := a.must(201, "POST", "/directory/api/Users", `{"accessToZones":[1.0,12e1,-2147483648.0]}`)
	if zones := fmt.Sprint(made.stored()["accessToZones"]); zones != "[1 120 -2.147483648e+09]" {
		t.Error(zones)
	}
}

func TestAPathThatIsNotUTF8IsRefusedByName(t *testing.T) {
	a := open(t)
	for path, name := range map[string]string{
		"Users/%FF": "id", "Users/x%C3/Activate": "id", "Users/%ED%A0%80/roles": "userId", "Users/changes/%80": "fromDate",
		"Departments/%FF": "id", "Departments/external/%FF": "externalId",
	} {
		if got := a.do("GET", "/directory/api/"+path, ""); got.status != 400 || !strings.HasPrefix(got.text(), name+" ") {
			t.Errorf("%s: %d %s, want 400 and a JSON string that names %s", path, got.status, got.raw, name)
		}
	}
	for _, path := range []string{"Users/%00", "Departments/%00", "Users/%00/roles", "Departments/external/a%00"} {
		a.must(404, "GET", "/directory/api/"+path, "")
	}
}

func TestAQueryThatCannotBeReadNamesItsParameter(t *testing.T) {
	a := open(t)
	a.post(`{"code":"A"}`)
	for path, says := range map[string]string{
		"Users?limit=0": "limit", "Users?LIMIT=10001": "limit", "Users?limit=": "limit", "Users?limit=ten": "limit", "Users?limit=1.0": "limit",
		"Users?offset=-1": "offset", "Users?Offset=2147483648": "offset", "Users?offset=1e3": "offset",
		"Users?includeroles=1": "includeRoles", "Users?includeUserAccess=": "includeUserAccess", "Users?includeEmailAddresses=yes": "includeEmailAddresses",
		"Users/x?lookupField=gidid": "lookupField", "Users/x?lookupField=": "lookupField", "Users/x/roles?lookupfield=name": "lookupField",
		"Users/x/Activate?lookupField=name": "lookupField", "Users?limit=%zz": "query",
		"Users/changes/2026-02-30": "fromDate", "Users/changes/today": "fromDate", "Users/changes/2026-1-1": "fromDate",
	} {
		if got := a.do("GET", "/directory/api/"+path, ""); got.status != 400 || !strings.Contains(got.text(), says) {
			t.Errorf("%s: %d %s, want 400 and a JSON string that names %s", path, got.status, got.raw, says)
		}
	}
}
