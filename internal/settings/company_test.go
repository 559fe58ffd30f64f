package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// oneCompany is a company with a target that offers everything, and more.
func oneCompany(more string) string {
	return `companies:
  - id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    source: {type: directory}
    target: {type: bookings}
` + more
}

func TestWhatACompanyAsksForIsRead(t *testing.T) {
	both := []string{usersync.MatchEmail, usersync.MatchPhone}
	for more, want := range map[string]usersync.Company{
		"":                                           {Match: both},
		"    match: [phone, email]":                  {Match: []string{usersync.MatchPhone, usersync.MatchEmail}},
		"    match: []":                              {},
		"    leavers: {then: delete}":                {Match: both, Leavers: usersync.Leavers{Then: usersync.Delete, Percent: 10}},
		"    leavers: {then: delete, atMost: 7}":     {Match: both, Leavers: usersync.Leavers{Then: usersync.Delete, AtMost: 7}},
		"    leavers: {then: delete, atMost: 0}":     {Match: both, Leavers: usersync.Leavers{Then: usersync.Delete}},
		"    leavers: {then: delete, atMost: 12.5%}": {Match: both, Leavers: usersync.Leavers{Then: usersync.Delete, Percent: 12.5}},
		"    leavers: {atMost: 5%}":                  {Match: both, Leavers: usersync.Leavers{Percent: 5}},
		"    mapping: {Phone: phones.mobile, Firstname: name.givenName}": {Match: both, Mapping: []usersync.Rule{{Field: "Phone", Expr: "phones.mobile"}, {Field: "Firstname", Expr: "name.givenName"}}},
	} {
		file, err := Parse("f", []byte(oneCompany(more)), "/", known)
		if err != nil {
			t.Errorf("%s: %v", more, err)
			continue
		}
		got := file.Companies[0]
		want.ID, want.Source, want.Target = got.ID, got.Source, got.Target
		if len(got.Match) == 0 {
			got.Match = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read %+v, want %+v", more, got, want)
		}
	}
}

func TestAMappingFillsFieldsThatTheTargetHasAndTheOneThatPeopleAreFoundBy(t *testing.T) {
	targets := known
	targets.Connectors = []usersync.ConnectorSpec{{Type: "directory", AsSource: true}, {Type: "bookings", AsTarget: true, Key: "code", Fields: []usersync.TargetField{
		{Name: "code", Kind: usersync.FieldText}, {Name: "name", Kind: usersync.FieldText}, {Name: "Custom.#", Kind: usersync.FieldTexts}, {Name: "on", Kind: usersync.FieldBool},
	}}}
	for mapping, fault := range map[string]string{
		"{name: title, code: userName, Custom.7: title}": "",
		"{code: userName, Name: title}":                  "f:5: companies[0].mapping.Name: a target of type bookings has no such field",
		"{code: userName, Custom.x: title}":              "f:5: companies[0].mapping.Custom.x: a target of type bookings has no such field",
		"{code: userName, Custom.05: title}":             "f:5: companies[0].mapping.Custom.05: a target of type bookings has no such field",
		"{code: userName, Custom.-1: title}":             "f:5: companies[0].mapping.Custom.-1: a target of type bookings has no such field",
		"{code: userName, Custom.99999999999: title}":    "f:5: companies[0].mapping.Custom.99999999999: a target of type bookings has no such field",
		"{code: userName, Custom.: title}":               "f:5: companies[0].mapping.Custom.: a target of type bookings has no such field",
		"{code: userName, on: true}":                     "",
		"{code: userName,\n name: true}":                 "f:6: companies[0].mapping.name: the field takes text",
		"{code: userName,\n\n  Custom.7: \"true\"}":      "f:7: companies[0].mapping.Custom.7: the field takes a list of texts",
		"{name: title}":                                  "f:5: companies[0].mapping: a target of type bookings finds people by code, which has no rule",
		"{}":                                             "f:5: companies[0].mapping: there is no rule; left out, the target's own mapping is used",
	} {
		_, err := Parse("f", []byte(oneCompany("    mapping: "+mapping)), "/", targets)
		if err == nil && fault != "" || err != nil && err.Error() != fault {
			t.Errorf("%s: %v, want %s", mapping, err, fault)
		}
	}
}

func TestATextThatItsConnectorCannotUseIsAFaultWithItsLine(t *testing.T) {
	for country, fault := range map[string]string{
		"SE": "", "XX": "f:4: companies[0].target.country: no such country", `""`: "f:4: companies[0].target.country: this is empty",
	} {
		text := strings.Replace(oneCompany(""), "{type: bookings}", "{type: bookings, country: "+country+"}", 1)
		file, err := Parse("f", []byte(text), "/", known)
		if err == nil && fault != "" || err != nil && err.Error() != fault {
			t.Errorf("%s: %v, want %s", country, err, fault)
		}
		if err == nil && file.Companies[0].Target.Settings["country"] != country {
			t.Errorf("%s is read as %v", country, file.Companies[0].Target)
		}
	}
}

func TestAMappingThatFillsNothingThatPeopleAreMatchedByIsAFault(t *testing.T) {
	const off = ", which the mapping does not fill; match: [] switches matching off"
	for more, fault := range map[string]string{
		"    mapping: {Firstname: title}":                               "f:5: companies[0].mapping: people are matched by Email, then Phone" + off,
		"    mapping:\n      Firstname: title\n    match: [phone]":      "f:7: companies[0].match: people are matched by Phone" + off,
		"    match: [phone]\n    mapping: {Email: title}":               "f:5: companies[0].match: people are matched by Phone" + off,
		"    match: [phone, email]\n    mapping: {Email: title}":        "",
		"    mapping: {Phone: title}":                                   "",
		"    match: []\n    mapping: {Firstname: title}":                "",
		"    match: [phone]":                                            "",
		"    match: [telex]\n    mapping: {Firstname: title}":           "f:5: companies[0].match[0]: this must be one of email, phone",
		"    mapping: {Email: lower(7)}":                                "f:5: companies[0].mapping.Email: unknown name (line 1, column 1)",
		"    mapping: {}":                                               "f:5: companies[0].mapping: there is no rule; left out, the target's own mapping is used",
		"    match: [email]\n    mapping: [Firstname]":                  "f:6: companies[0].mapping: this must be a mapping (key: value)",
		"    match: [phone, telex]\n    mapping: {Email: title, B: id}": "f:5: companies[0].match: people are matched by Phone" + off + "\nf:5: companies[0].match[1]: this must be one of email, phone\nf:6: companies[0].mapping.B: a target of type bookings has no such field",
	} {
		_, err := Parse("f", []byte(oneCompany(more)), "/", known)
		if err == nil && fault != "" || err != nil && err.Error() != fault {
			t.Errorf("%s:\n%v, want\n%s", more, err, fault)
		}
	}
}

func TestATenantsTextCanReachNothingButTheTenantsOwn(t *testing.T) {
	const id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	text := func(source, secret string) string {
		return strings.NewReplacer("SOURCE", source, "SECRET", secret).Replace(`auth: {issuer: "https://id.example", audience: a}
network: {allowPrivate: true}
companies:
  - source: SOURCE
    target: {type: websak, url: https://x.example, tokenUrl: https://x.example/token, clientId: a, clientSecret: "SECRET"}
    id: ` + id + "\n    name: Brf # as they call it\n    schedule: {at: 02:15, zone: Europe/Stockholm}\n")
	}
	for _, good := range []string{"sm:/usersync/" + id + "/a", "ssm:/usersync/" + id + "/vaka/secret_1.v2"} {
		d, err := ParseDeployment("f", []byte(text("{type: directory}", good)), known)
		if err != nil || len(d.Tenants) != 1 || strings.Join(d.Ignored, " ") != "auth network" {
			t.Fatalf("%s: %+v, %v", good, d, err)
		}
		again, err := ParseTenant(id, d.Tenants[0].Text, known)
		if err != nil || !reflect.DeepEqual(again, d.Tenants[0].Company) || again.Target.Settings["clientSecret"] != good || *again.Schedule != (usersync.Schedule{At: "02:15", Zone: "Europe/Stockholm"}) {
			t.Fatalf("%s: read again %+v, %v", good, again, err)
		}
		if _, err := ParseTenant("3f2504e0-4f89-41d3-9a0c-0305e82c3302", d.Tenants[0].Text, known); err == nil {
			t.Error("one company's settings are taken for another's")
		}
	}
	for _, bad := range []string{
		"env:A", "file:/etc/passwd", "sm:a", "sm:/usersync/3f2504e0-4f89-41d3-9a0c-0305e82c3302/a", "sm:/usersync/" + id + "/", "sm:/usersync/" + id,
		"sm:/usersync/" + id + "/../3f2504e0-4f89-41d3-9a0c-0305e82c3302/a", "sm:/usersync/" + id + "//a", "ssm:/USERSYNC/" + id + "/a", "sm:/usersync/" + id + "/a b",
		"sm:arn:aws:secretsmanager:eu-north-1:1:secret:/usersync/" + id + "/a", "ssm:/usersync/" + id + "/a:1", "sm:/usersync/" + id + "/" + strings.Repeat("a", 512),
	} {
		_, err := ParseDeployment("f", []byte(text("{type: directory}", bad)), known)
		if !usersync.Is(err, usersync.Settings) || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "companies[0].target.clientSecret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	_, err := ParseDeployment("f", []byte(text("{type: file, path: /etc/passwd}", "sm:/usersync/"+id+"/a")), known)
	if err == nil || err.Error() != "f:4: companies[0].source.type: file is for one machine; in a deployment it is refused" {
		t.Error(err)
	}
	late := strings.Replace(text("{type: directory}", "sm:/usersync/"+id+"/a"), "02:15, zone: Europe/Stockholm", "\"25:00\", zone: Mars", 1)
	if _, err := ParseDeployment("f", []byte(late), known); err == nil || err.Error() != "f:8: companies[0].schedule.at: this must be a time of day from 00:00 to 23:59\nf:8: companies[0].schedule.zone: this is no time zone such as Europe/Stockholm" {
		t.Error(err)
	}
	if _, err := ParseTenant(id, []byte("- a"), known); err == nil {
		t.Error("a list is taken for a company")
	}
}

func TestAnOriginIsSchemeHostAndPortAndNoMore(t *testing.T) {
	read := func(origins string) (*File, error) {
		path := filepath.Join(t.TempDir(), "usersync.yaml")
		text := "network: {origins: [" + origins + "]}\ncompanies:\n  - {id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, name: a, source: {type: directory}, target: {type: directory}}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path, known)
	}
	f, err := read(`"https://app.example", "http://localhost:5173"`)
	if err != nil || !slices.Equal(f.Network.Origins, []string{"https://app.example", "http://localhost:5173"}) {
		t.Errorf("%+v %v", f, err)
	}
	for _, origin := range []string{`"*"`, `"https://app.example/"`, `"https://app.example/x"`, `"app.example"`, `"https://u:p@app.example"`, `"null"`} {
		if _, err := read(origin); err == nil || !strings.Contains(err.Error(), "network.origins[0]") {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
