package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// people calls the directory of a serve as a client of its own would.
type people struct {
	t           *testing.T
	base, token string
}

// do sends a request, expects a success, and reads the answer.
func (p *people) do(method, path, body string, into any) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+"/directory/api"+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		p.t.Fatalf("%s %s: %d %s, error %v", method, path, res.StatusCode, raw, err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			p.t.Fatal(err)
		}
	}
}

func TestAMappingGivesPeopleTheirDepartmentByCodeOrExternalIDAndATemplatesAccess(t *testing.T) {
	settings, data := settingsFile(t, fileToDirectory(otherCompany)+clientsOf(otherCompany))
	writeCSV(t, filepath.Join(filepath.Dir(settings), "people.csv"), 0, adviser)
	target := serveProgram(t, "--config", settings, "--data", data)
	at := &people{t, target.url, strings.TrimSpace(runProgram(t, "token", "--data", data, "--company", otherCompany, "--role", "none", "--scope", "userapi").out)}
	for code, external := range map[string]string{"HR": "9001", "IT": "9002"} {
		at.do("POST", "/Departments", fmt.Sprintf(`{"departmentName":"Department %s","departmentShortName":%q,"externalID":%q}`, code, code, external), nil)
	}
	var template struct{ GidID string }
	at.do("POST", "/Users", `{"code":"template","userAccessCodes":"AB","userRoles":[{"id":"reader","departmentList":"*"}]}`, &template)

	from, folder := settingsFile(t, fmt.Sprintf(`companies:
  - id: %s
    source: {type: file, path: people.csv}
    target: {type: websak, url: %q, tokenUrl: %q, clientId: sync, clientSecret: env:WEBSAK_SECRET}
    mapping: {code: userName, name: displayName, departmentCode: departmentCode, externalDepartmentId: attributes.unit, accessTemplateId: '%q'}
`, testCompany, target.url+"/directory", target.url+"/connect/token", template.GidID))
	type belongs struct{ code, unit string }
	for night, listed := range []struct{ rows, want map[string]belongs }{
		{
			map[string]belongs{"a": {"IT", ""}, "b": {"", "9001"}, "c": {"IT", "9001"}, "d": {}},
			map[string]belongs{"a": {"IT", "IT"}, "b": {"HR", "HR"}, "c": {"IT", "IT"}, "d": {}},
		},
		{
			map[string]belongs{"a": {"", "9001"}, "b": {"IT", ""}, "c": {"", "9001"}, "d": {"", "9002"}},
			map[string]belongs{"a": {"HR", "HR"}, "b": {"IT", "IT"}, "c": {"HR", "HR"}, "d": {"IT", "IT"}},
		},
	} {
		csv := "id,userName,displayName,departmentCode,attributes.unit\n"
		for name, in := range listed.rows {
			csv += fmt.Sprintf("%s,%s,Person %s,%s,%s\n", name, name, name, in.code, in.unit)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(from), "people.csv"), []byte(csv), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := runProgram(t, "sync", "--config", from, "--data", folder, "--json"); r.code != exitDone {
			t.Fatalf("night %d: %d %s %s", night+1, r.code, r.out, r.stderr)
		}
		for name, want := range listed.want {
			var got struct {
				DepartmentCode, OrgUnitID, UserAccessCodes string
				UserRoles                                  []struct{ ID string }
			}
			at.do("GET", "/Users/"+name+"?lookupField=Code&includeUserAccess=true&includeRoles=true", "", &got)
			var unit struct{ Code string }
			if got.OrgUnitID != "" {
				at.do("GET", "/Departments/"+got.OrgUnitID, "", &unit)
			}
			if (belongs{got.DepartmentCode, unit.Code}) != want || got.UserAccessCodes != "AB" || len(got.UserRoles) != 1 || got.UserRoles[0].ID != "reader" {
				t.Errorf("night %d: %s is %+v in the department %q, want %v", night+1, name, got, unit.Code, want)
			}
		}
	}
}
