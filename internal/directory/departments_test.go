package directory_test

import (
	"strings"
	"testing"
)

func TestADepartmentComesBackAsItWasSent(t *testing.T) {
	a := open(t)
	body := `{"departmentId":"d1","departmentName":"Økonomi","departmentShortName":"ØK","departmentParentId":"d0","departmentHeadId":"u1",
		"externalID":"ext/1","enhetstype":"A","postalNo":"0150","contact":"c","addr":"a","addr2":"b","phone":"22"}`
	want := map[string]any{"id": "d1", "name": "Økonomi", "code": "ØK", "abbreviation": "ØK", "parentDepartmentId": "d0", "managerUserId": "u1",
		"externalId": "ext/1", "unit": "A", "postalNo": "0150", "contact": "c", "addr": "a", "addr2": "b", "phone": "22", "level": nil}
	made := a.must(201, "POST", "/directory/api/Departments", body)
	a.is(made.user(), want)
	a.is(a.must(200, "GET", made.header.Get("Location"), "").user(), want)
	a.is(a.must(200, "GET", "/directory/api/departments/d1", "").user(), want)
	a.is(a.must(200, "GET", "/directory/api/departments/External/ext%2F1", "").user(), want)
	if list := a.must(200, "GET", "/directory/api/Departments", "").list(); len(list) != 1 {
		t.Errorf("%d departments", len(list))
	}
	replaced := a.must(200, "PUT", "/directory/api/Departments/d1", `{"departmentName":"Regnskap","departmentShortName":"øk","departmentId":"other"}`)
	a.is(replaced.user(), map[string]any{"id": "d1", "name": "Regnskap", "code": "øk", "externalId": nil, "addr": nil})
	for _, path := range []string{"nobody", "external/ext%2F1"} {
		if got := a.must(404, "GET", "/directory/api/Departments/"+path, ""); got.text() == "" {
			t.Errorf("%s: %s is no JSON string", path, got.raw)
		}
	}
	if got := a.must(404, "PUT", "/directory/api/Departments/nobody", `{}`); got.text() == "" {
		t.Errorf("%s is no JSON string", got.raw)
	}
}

func TestTheKeysOfADepartmentAreItsOwn(t *testing.T) {
	a := open(t)
	a.must(201, "POST", "/directory/api/Departments", `{"departmentId":"d1","departmentShortName":"X","externalID":"e1"}`)
	second := a.must(201, "POST", "/directory/api/Departments", `{"departmentName":"second"}`).user()["id"].(string)
	for _, body := range []string{`{"departmentId":"d1"}`, `{"departmentShortName":"x "}`, `{"externalID":"e1"}`} {
		a.is(a.must(422, "POST", "/directory/api/Departments", body).user(), map[string]any{"status": 422.0})
		if !strings.Contains(body, "departmentId") {
			a.is(a.must(422, "PUT", "/directory/api/Departments/"+second, body).user(), map[string]any{"status": 422.0})
		}
	}
	if got := a.must(400, "POST", "/directory/api/Departments", `{"departmentName":7}`); !strings.Contains(got.text(), "departmentName") {
		t.Errorf("%s", got.raw)
	}
	if n := len(a.must(200, "GET", "/directory/api/Departments", "").list()); n != 2 {
		t.Errorf("%d departments, want 2", n)
	}
}

func TestTheDepartmentCodeWinsOverTheExternalID(t *testing.T) {
	a := open(t)
	a.must(201, "POST", "/directory/api/Departments", `{"departmentId":"d1","departmentShortName":"X","externalID":"e1"}`)
	a.must(201, "POST", "/directory/api/Departments", `{"departmentId":"d2","departmentShortName":"Y","externalID":"e2"}`)
	for body, want := range map[string]map[string]any{
		`{"departmentCode":"x","externalDepartmentId":"e2"}`:       {"orgUnitId": "d1", "departmentId": "d1", "departmentCode": "x"},
		`{"externalDepartmentId":"e2"}`:                            {"orgUnitId": "d2", "departmentId": "d2", "departmentCode": "Y"},
		`{"departmentId":"d2"}`:                                    {"orgUnitId": "d2", "departmentId": "d2", "departmentCode": "Y"},
		`{"departmentCode":"unknown","externalDepartmentId":"e2"}`: {"orgUnitId": nil, "departmentId": nil, "departmentCode": "unknown"},
		`{}`: {"orgUnitId": nil, "departmentId": nil, "departmentCode": nil},
	} {
		user := a.post(body)
		a.is(user, want)
		a.is(a.must(200, "GET", "/directory/api/Users/"+user["gidId"].(string), "").user(), want)
	}
	id := a.post(`{"departmentCode":"Later"}`)["gidId"].(string)
	a.must(201, "POST", "/directory/api/Departments", `{"departmentId":"d3","departmentShortName":"later"}`)
	a.is(a.must(200, "POST", "/directory/api/Users", `{"id":"`+id+`","name":"N"}`).user(), map[string]any{"orgUnitId": "d3"})
	a.is(a.must(200, "POST", "/directory/api/Users", `{"id":"`+id+`","departmentCode":null}`).user(), map[string]any{"orgUnitId": nil, "departmentId": nil})
}
