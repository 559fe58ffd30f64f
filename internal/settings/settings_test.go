package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// known resembles what the program knows: connectors, and the language of mappings.
var known = Known{Connectors: specs, Rule: func(rule usersync.Rule, kind usersync.FieldKind) string {
	switch {
	case strings.Contains(rule.Expr, "("):
		return "unknown name (line 1, column 1)"
	case rule.Expr == "true" && kind != usersync.FieldAny && kind != usersync.FieldBool:
		return "the field takes " + kind.String()
	}
	return ""
}}

var specs = []usersync.ConnectorSpec{
	{Type: "file", AsSource: true, LocalOnly: true, Settings: []usersync.Setting{
		{Name: "path", Kind: usersync.Path, Required: true, Identity: true, AsSource: true},
	}},
	{Type: "websak", AsSource: true, AsTarget: true, Removals: []usersync.Policy{usersync.Deactivate}, Settings: []usersync.Setting{
		{Name: "url", Kind: usersync.URL, Required: true, Identity: true, AsSource: true, AsTarget: true},
		{Name: "tokenUrl", Kind: usersync.URL, Required: true, AsSource: true, AsTarget: true},
		{Name: "clientId", Kind: usersync.Text, Required: true, AsSource: true, AsTarget: true},
		{Name: "clientSecret", Kind: usersync.Secret, Required: true, AsSource: true, AsTarget: true},
		{Name: "pageSize", Kind: usersync.Number, Default: "500", Min: 1, Max: 10000, AsSource: true},
		{Name: "lookupField", Kind: usersync.OneOf, Default: "Code", Choices: []string{"Code", "Id"}, AsTarget: true},
		{Name: "timeout", Kind: usersync.Duration, Default: "30s", Min: 1, Max: 600, AsSource: true, AsTarget: true},
	}},
	{Type: "directory", AsSource: true, AsTarget: true},
	{
		Type: "bookings", AsTarget: true, Match: []usersync.MatchField{{Kind: usersync.MatchEmail, Field: "Email"}, {Kind: usersync.MatchPhone, Field: "Phone"}}, Fields: usersync.FieldsOf(usersync.FieldText, "Firstname", "Email", "Phone"),
		Removals: []usersync.Policy{usersync.Delete},
		Settings: []usersync.Setting{{Name: "country", Kind: usersync.Text, AsTarget: true, Usable: func(text string) error {
			if text != "SE" {
				return usersync.E(usersync.Settings, "no such country")
			}
			return nil
		}}},
	},
}

const good = `
auth:
  issuer: https://id.example/realms/bookings/
  audience: usersync
  clients:
    - {id: nightly, secret: env:NIGHTLY, company: 3F2504E04F8941D39A0C0305E82C3301, roles: [writer], scopes: [userapi]}
network: {allowPrivate: false}
companies:
  - id: "{3f2504e0-4f89-41d3-9a0c-0305e82c3301}"
    name: Brf Utsikten
    source: {type: file, path: people.csv}
    target: {type: websak, url: "HTTPS://Archive.Example:443/base/", tokenUrl: "https://id.example/token?p=1",
      clientId: 0123, clientSecret: file:secret, lookupField: id, timeout: 90s}
    leavers: {then: keep}
  - id: 3f2504e0-4f89-41d3-9a0c-0305e82c3302
    source: {type: websak, url: http://127.0.0.1:8080, tokenUrl: http://127.0.0.1:8080/token, clientId: a, clientSecret: env:B}
    target: {type: directory}
`

func TestASettingsFileIsReadWithItsDefaults(t *testing.T) {
	got, err := Parse("usersync.yaml", []byte(good), "/etc/usersync", known)
	if err != nil {
		t.Fatal(err)
	}
	const one, two = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3302"
	want := &File{
		Dir: "/etc/usersync",
		Auth: Auth{Issuer: "https://id.example/realms/bookings/", Audience: "usersync", CompanyClaim: "companyId", Clients: []Client{
			{ID: "nightly", Secret: "env:NIGHTLY", Company: one, Roles: []string{"writer"}, Scopes: []string{"userapi"}},
		}},
		Companies: []usersync.Company{
			{
				ID: one, Name: "Brf Utsikten",
				Source: usersync.Endpoint{Type: "file", Settings: map[string]string{"path": "/etc/usersync/people.csv"}},
				Target: usersync.Endpoint{Type: "websak", Settings: map[string]string{
					"url": "https://archive.example/base", "tokenUrl": "https://id.example/token?p=1", "clientId": "0123",
					"clientSecret": "file:secret", "lookupField": "Id", "timeout": "90s",
				}},
				Leavers: usersync.Leavers{Then: usersync.Keep},
			},
			{
				ID: two,
				Source: usersync.Endpoint{Type: "websak", Settings: map[string]string{
					"url": "http://127.0.0.1:8080", "tokenUrl": "http://127.0.0.1:8080/token", "clientId": "a",
					"clientSecret": "env:B", "pageSize": "500", "timeout": "30s",
				}},
				Target: usersync.Endpoint{Type: "directory", Settings: map[string]string{}},
			},
		},
	}
	got.references = nil // TestSecretsThatCannotBeHadAreFaultsAllAtOnce has them
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v, want\n%+v", got, want)
	}
}

func TestWithoutANetworkPrivateAddressesAreAllowed(t *testing.T) {
	file, err := Parse("u", []byte("companies:\n- {id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, source: {type: directory}, target: {type: directory}}"), "/", known)
	if err != nil || !file.Network.AllowPrivate || file.Auth.CompanyClaim != "companyId" {
		t.Errorf("read %+v, error %v", file, err)
	}
}

func TestEveryFaultIsReportedAtOnceWithLineAndKey(t *testing.T) {
	const planted = "pl@nted-s3cret"
	text := `auth:
  issuer: id.example
  clients:
    - {id: a, secret: pl@nted-s3cret}
    - {id: a, secret: sm:NAME, company: nobody, roles: writer}
    - {secret: "env:NO NAME", scopes: [userapi, "pl@nted-s3cret b"]}
network: {allowPrivate: "yes", proxy: x}
unknown: pl@nted-s3cret
companies:
  - id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    name: [a]
    source: {type: axema, url: pl@nted-s3cret}
    target:
      type: websak
      url: https://user:pl@nted-s3cret@archive.example
      tokenUrl: ftp://x
      clientId: &anchor a
      clientSecret: pl@nted-s3cret
      pageSize: 5
      lookupField: Name
      timeout: 30
      nosuch: 1
    match: [email]
    mapping: {code: nosuch(userName), name: ""}
    leavers: {then: delete, atMost: 10}
    schedule: {at: "24:00"}
  - id: 3F2504E0-4F89-41D3-9A0C-0305E82C3301
    source: {type: websak, url: "https://x?y=1", tokenUrl: https://x/#f, clientId: true, clientSecret: ssm:x, pageSize: 0}
    target: {type: file, path: x}
  - source: {path: x}
    target: {type: pl@nted-s3cret}
    leavers: {then: maybe, atMost: 200%}
    match: [email, telex, email]
  - id: 00000000-0000-0000-0000-000000000000
    name:
    source: {type: file}
    target: {type: websak, clientSecret: *anchor}
`
	want := `usersync.yaml:1: auth.audience: this is missing: without it every token of the issuer would do
usersync.yaml:2: auth.issuer: this must be an absolute address that begins with https:// or http://
usersync.yaml:4: auth.clients[0].secret: a secret must be a reference such as env:NAME or file:PATH
usersync.yaml:5: auth.clients[1].id: the same client id as in line 4
usersync.yaml:5: auth.clients[1].secret: secrets in sm: can be had in a deployment alone
usersync.yaml:5: auth.clients[1].company: this must be a guid such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301
usersync.yaml:5: auth.clients[1].roles: this must be a list
usersync.yaml:6: auth.clients[2].id: this is missing
usersync.yaml:6: auth.clients[2].secret: after env: there must be a variable's name, of letters, digits and _
usersync.yaml:6: auth.clients[2].scopes[1]: a scope must be one word
usersync.yaml:7: network.allowPrivate: this must be true or false
usersync.yaml:7: network.proxy: an unknown key
usersync.yaml:8: unknown: an unknown key
usersync.yaml:11: companies[0].id: this is there twice, first in line 10
usersync.yaml:12: companies[0].name: this must be a single value
usersync.yaml:13: companies[0].source.type: an unknown type; the sources are file, websak, directory
usersync.yaml:16: companies[0].target.url: an address must not hold a user name or password
usersync.yaml:17: companies[0].target.tokenUrl: this must be an absolute address that begins with https:// or http://
usersync.yaml:18: companies[0].target.clientId: anchors and aliases are not supported
usersync.yaml:19: companies[0].target.clientSecret: a secret must be a reference such as env:NAME or file:PATH
usersync.yaml:20: companies[0].target.pageSize: websak as a target has no such setting
usersync.yaml:21: companies[0].target.lookupField: this must be one of Code, Id
usersync.yaml:22: companies[0].target.timeout: this must be a duration such as 30s
usersync.yaml:23: companies[0].target.nosuch: an unknown key for websak
usersync.yaml:24: companies[0].match: a target of type websak takes no match: it finds people by its own key
usersync.yaml:25: companies[0].mapping.code: unknown name (line 1, column 1)
usersync.yaml:25: companies[0].mapping.name: this is empty
usersync.yaml:26: companies[0].leavers.then: a target of type websak does not offer this; it offers keep, deactivate
usersync.yaml:27: companies[0].schedule.zone: this is missing
usersync.yaml:27: companies[0].schedule.at: this must be a time of day from 00:00 to 23:59
usersync.yaml:28: companies[1].id: the same company id as in line 10
usersync.yaml:29: companies[1].source.url: this must be an address without a query (?)
usersync.yaml:29: companies[1].source.tokenUrl: an address must not have a fragment (#)
usersync.yaml:29: companies[1].source.clientId: this must be text
usersync.yaml:29: companies[1].source.clientSecret: secrets in ssm: can be had in a deployment alone
usersync.yaml:29: companies[1].source.pageSize: this must be a whole number from 1 to 10000, without quotes
usersync.yaml:30: companies[1].target.type: file cannot be a target
usersync.yaml:31: companies[2].source.type: this is missing
usersync.yaml:31: companies[2].id: this is missing
usersync.yaml:32: companies[2].target.type: an unknown type; the targets are websak, directory, bookings
usersync.yaml:33: companies[2].leavers.then: this must be keep, deactivate or delete
usersync.yaml:33: companies[2].leavers.atMost: this must be a share such as 10% or a number
usersync.yaml:34: companies[2].match[1]: this must be one of email, phone
usersync.yaml:34: companies[2].match[2]: this is there twice
usersync.yaml:35: companies[3].id: this must be a guid such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301
usersync.yaml:36: companies[3].name: this has no value
usersync.yaml:37: companies[3].source.path: this is missing
usersync.yaml:38: companies[3].target.url: this is missing
usersync.yaml:38: companies[3].target.tokenUrl: this is missing
usersync.yaml:38: companies[3].target.clientId: this is missing
usersync.yaml:38: companies[3].target.clientSecret: anchors and aliases are not supported`
	_, err := Parse("usersync.yaml", []byte(text), "/", known)
	if !usersync.Is(err, usersync.Settings) {
		t.Fatalf("error of code %s, want Settings", usersync.CodeOf(err))
	}
	got, expected := strings.Split(err.Error(), "\n"), strings.Split(want, "\n")
	for i := range max(len(got), len(expected)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(expected) {
			w = expected[i]
		}
		if g != w {
			t.Fatalf("fault %d is\n%s, want\n%s", i, g, w)
		}
	}
	if strings.Contains(err.Error(), planted) || usersync.Public(err) != err.Error() {
		t.Error("a secret is in the faults, or they are not public")
	}
}

func TestATextThatIsNoSettingsFileIsSaidToBeNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "f:1: the file is empty",
		"# nothing":                              "f:1: the file is empty",
		"---\n":                                  "f:1: the file is empty",
		"- a":                                    "f:1: this must be a mapping (key: value)",
		"pl@nted":                                "f:1: this must be a mapping (key: value)",
		"companies: []":                          "f:1: companies: there is no company",
		"companies:\n":                           "f:1: companies: this has no value",
		"companies: !!set {a: }":                 "f:1: companies: this must be a list",
		"auth: {}":                               "f:1: companies: this is missing",
		"a: 1\nb: c: d":                          "f:2: this is no YAML: mapping values are not allowed in this context",
		"a: *planted":                            "f:1: anchors and aliases are not supported",
		"a: 1\n\nb: *planted":                    "f:3: anchors and aliases are not supported",
		"a: 1\nb: {c: [d}":                       "f:2: this is no YAML: did not find expected ',' or ']'",
		"pl@nted: 1\ncompanies: [x]\n? [a]\n: b": "f:1: ?: an unknown key\nf:2: companies[0]: this must be a mapping (key: value)\nf:3: a key must be a plain word",
		"\x00\x01":                               "f:1: this is no YAML: control characters are not allowed",
		"\xff\xfe\xfd":                           "",
		strings.Repeat("#\n", maxFile/2+1):       "f:1: the file is larger than 16 MiB",
		strings.Repeat("[", 20000):               "",
	} {
		_, err := Parse("f", []byte(text), "/", known)
		if !usersync.Is(err, usersync.Settings) {
			t.Errorf("%.40q: error %v, want Settings", text, err)
		} else if want != "" && err.Error() != want {
			t.Errorf("%.40q: faults\n%v, want\n%s", text, err, want)
		}
	}
	_, err := Parse("f", []byte(good+"---\na: 1\n"), "/", known)
	if err == nil || !strings.Contains(err.Error(), "a second YAML document") {
		t.Errorf("a second document: %v", err)
	}
}

func TestNoFaultHoldsAValue(t *testing.T) {
	const planted = "pl@nted+s3cret"
	lines := strings.Split(good, "\n")
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(lines, "\n")
		for range rapid.IntRange(1, 4).Draw(t, "plants") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			cut := rapid.IntRange(0, min(12, len(text)-at)).Draw(t, "cut")
			around := rapid.SampledFrom([]string{"%s", " %s ", "'%s'", "\"%s\"", "*%s", "&%s ", "!%s ", "\n%s: x\n", "{%s: 1}", "x: %s\n", "%%%s"}).Draw(t, "around")
			text = text[:at] + fmt.Sprintf(around, planted) + text[at+cut:]
		}
		if _, err := Parse("f", []byte(text), "/", known); err != nil && strings.Contains(err.Error(), planted) {
			t.Fatalf("the secret is in: %v", err)
		}
	})
}

func TestAddressesAreWrittenInOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example":                        "https://a.example",
		"https://A.example:443///":                 "https://a.example",
		"http://a.example:80/x/":                   "http://a.example/x",
		"http://[::1]:8080/X":                      "http://[::1]:8080/X",
		"https://a.example/?":                      "",
		"https://a.example/#":                      "",
		"https:///x":                               "",
		"https://:8080":                            "",
		"https://a.example:":                       "",
		"https://a.example:99999":                  "",
		"https://a b.example":                      "",
		"//a.example":                              "",
		"javascript:alert(1)":                      "",
		"https://a@a.example":                      "",
		"https://a.example/%zz":                    "",
		"https://a/" + strings.Repeat("x", maxURL): "",
	} {
		got, fault := address(text, true)
		if got != want || (fault == "") != (want != "") {
			t.Errorf("%q is %q (%s), want %q", text, got, fault, want)
		}
		if again, _ := address(got, true); want != "" && again != got {
			t.Errorf("%q becomes %q when it is read again", got, again)
		}
	}
}

func TestLoadReadsTheFileAndSaysWhyItCannot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "usersync.yaml")
	if _, err := Load(path, known); !usersync.Is(err, usersync.Settings) || !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), dir) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Load(dir, known); !usersync.Is(err, usersync.Settings) {
		t.Errorf("a folder: %v", err)
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := Load(path, known)
	if err != nil {
		t.Fatal(err)
	}
	if file.Dir != dir || file.Companies[0].Source.Settings["path"] != filepath.Join(dir, "people.csv") {
		t.Errorf("paths are not relative to the file: %s, %v", file.Dir, file.Companies[0].Source)
	}
}

func TestCompaniesOfAFileAreServedAndStayAsTheyAre(t *testing.T) {
	file, err := Parse("f", []byte(good), "/", known)
	if err != nil {
		t.Fatal(err)
	}
	all := NewCompanies(file.Companies)
	ids, err := all.Companies(t.Context())
	if err != nil || len(ids) != 2 || ids[0] > ids[1] {
		t.Fatalf("ids %v, error %v", ids, err)
	}
	c, err := all.Company(t.Context(), ids[0])
	if err != nil || c.Name != "Brf Utsikten" {
		t.Fatalf("company %+v, error %v", c, err)
	}
	c.Source.Settings["path"] = "elsewhere"
	if again, _ := all.Company(t.Context(), ids[0]); again.Source.Settings["path"] != "/people.csv" {
		t.Error("what one caller did to its copy is seen by the next")
	}
	if _, err := all.Company(t.Context(), "nobody"); !usersync.Is(err, usersync.NotFound) {
		t.Errorf("an unknown company: %v", err)
	}
}

func TestSecretsComeFromVariablesAndFilesAndAreNeverNamed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"unix": "a b\n", "dos": "a b\r\n", "bare": "a b", "two": "a b\n\n", "empty": "\n", "big": strings.Repeat("x", maxSecret+1), "bad": "\xff"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := NewSecrets(dir, func(name string) (string, bool) {
		text, ok := map[string]string{"SET": "hunter2", "EMPTY": ""}[name]
		return text, ok
	})
	for reference, want := range map[string]string{
		"env:SET": "hunter2", "file:unix": "a b", "file:dos": "a b", "file:bare": "a b", "file:two": "a b\n", "file:" + filepath.Join(dir, "bare"): "a b",
		"env:EMPTY": "", "env:MISSING": "", "file:empty": "", "file:big": "", "file:bad": "", "file:none": "", "file:.": "", "sm:x": "", "pl@nted": "",
	} {
		got, err := s.Secret(t.Context(), reference)
		if got != want || usersync.Is(err, usersync.Settings) != (want == "") {
			t.Errorf("%s is %q, error %v, want %q", reference, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pl@nted") {
			t.Errorf("the error names a plain secret: %v", err)
		}
	}
}

func TestThousandsOfCompaniesAreReadInSeconds(t *testing.T) {
	var text strings.Builder
	text.WriteString("companies:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "- id: 3f2504e0-4f89-41d3-9a0c-%012d\n  # a comment\n  source: {type: directory}\n  target: {type: directory}\n", i)
	}
	start := time.Now()
	file, err := Parse("f", []byte(text.String()), "/", known)
	if err != nil || len(file.Companies) != 5000 {
		t.Fatalf("error %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("a: &a [*a, *a]\nb: !!binary x\n? {x: y}\n: z"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("f", text, "/", known)
		if err == nil && len(file.Companies) == 0 {
			t.Fatal("no fault and no company")
		}
		if err != nil && !usersync.Is(err, usersync.Settings) {
			t.Fatalf("error of code %s", usersync.CodeOf(err))
		}
	})
}

func TestSecretsThatCannotBeHadAreFaultsAllAtOnce(t *testing.T) {
	text := `auth:
  clients:
    - {id: n, secret: env:NOPE}
    - {id: m, secret: env:THERE}
companies:
  - id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    source: {type: websak, url: "https://a.example", tokenUrl: "https://a.example/token", clientId: a, clientSecret: file:none}
    target: {type: directory}
  - id: 3f2504e0-4f89-41d3-9a0c-0305e82c3302
    source: {type: websak, url: "https://a.example", tokenUrl: "https://a.example/token", clientId: a, clientSecret: env:NOPE2}
    target: {type: directory}
`
	file, err := Parse("f", []byte(text), t.TempDir(), known)
	if err != nil {
		t.Fatal(err)
	}
	secrets := NewSecrets(file.Dir, func(name string) (string, bool) { return map[string]string{"THERE": "x"}[name], true })
	for _, c := range []struct {
		clients   bool
		companies []usersync.Company
		want      string
	}{
		{true, nil, "f:3: auth.clients[0].secret: the secret env:NOPE is not set"},
		{false, file.Companies[:1], "f:7: companies[0].source.clientSecret: the secret file:none cannot be read"},
		{true, file.Companies, "f:3: auth.clients[0].secret: the secret env:NOPE is not set\n" +
			"f:7: companies[0].source.clientSecret: the secret file:none cannot be read\n" +
			"f:10: companies[1].source.clientSecret: the secret env:NOPE2 is not set"},
		{false, nil, ""},
	} {
		err := file.Resolvable(t.Context(), secrets, c.clients, c.companies)
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("found %v, want %s", err, c.want)
		}
	}
}
