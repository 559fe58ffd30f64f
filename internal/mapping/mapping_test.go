package mapping

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// websak is the mapping that comes with the websak target.
var websak = []usersync.Rule{
	{Field: "code", Expr: `userName`},
	{Field: "username", Expr: `userName`},
	{Field: "name", Expr: `displayName ?? trim(concat(name.givenName ?? "", " ", name.familyName ?? ""))`},
	{Field: "title", Expr: `title`},
	{Field: "phone", Expr: `phones.work`},
	{Field: "mobile", Expr: `phones.mobile`},
	{Field: "emailAddr", Expr: `emails.work`},
	{Field: "addr", Expr: `addresses.work.streetAddress`},
	{Field: "postalNo", Expr: `addresses.work.postalCode`},
	{Field: "place", Expr: `addresses.work.locality`},
	{Field: "departmentCode", Expr: `departmentCode`},
}

// anything is the kind of every field of a target that does not say what it takes.
func anything(string) usersync.FieldKind { return usersync.FieldAny }

// onlyText is the kind of every field of a target that takes text alone.
func onlyText(string) usersync.FieldKind { return usersync.FieldText }

func compiled(t testing.TB, rules ...usersync.Rule) *Mapping {
	t.Helper()
	m, err := Compile(rules, anything)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func kari() *usersync.Person {
	no := false
	return &usersync.Person{
		ID: "7", UserName: "Kari@Example.test", DisplayName: "Kari Ås", Active: &no,
		Name:       usersync.Name{GivenName: "Kari", FamilyName: "Ås"},
		Phones:     usersync.Phones{Work: "22 00 00 00"},
		Emails:     usersync.Emails{Work: "kari@example.test"},
		Groups:     []usersync.Group{{ID: "g1", Name: "Staff"}, {ID: "g2"}},
		Attributes: map[string]string{"floor": "3", "void": ""},
	}
}

func TestExpressionsGiveWhatTheirWordsSay(t *testing.T) {
	for expression, want := range map[string]any{
		`userName`:                       "Kari@Example.test",
		`phones.mobile ?? phones.work`:   "22 00 00 00",
		`phones.mobile`:                  nil,
		`attributes.floor`:               "3",
		`attributes.nothing`:             nil,
		`attributes.void ?? "none"`:      "none",
		`attributes["floor"] == "3"`:     true,
		`lower(userName)`:                "kari@example.test",
		`lower(title)`:                   nil,
		`lower(title) ?? "none"`:         "none",
		`trim(concat(" ", title, "x "))`: "x",
		`first(split(userName, "@"))`:    "Kari",
		`split(title, "@")`:              nil,
		`split(userName, "@")[1]`:        "Example.test",
		`split(userName, "@")`:           []any{"Kari", "Example.test"},
		`default(title, "none")`:         "none",
		`default(userName, "none")`:      "Kari@Example.test",
		`default(trim(" "), "none")`:     "none",
		`active`:                         false,
		`active ?? true`:                 false,
		`active ? 1 : 2`:                 2,
		`groups[0].name`:                 "Staff",
		`first(groups).id`:               "g1",
		`first(groups)`:                  map[string]any{"id": "g1", "name": "Staff"},
		`groups`:                         []any{map[string]any{"id": "g1", "name": "Staff"}, map[string]any{"id": "g2"}},
		`attributes`:                     map[string]any{"floor": "3"},
		`[title, userName]`:              []any{"Kari@Example.test"},
		`nil`:                            nil,
		`[title]`:                        nil,
		`{"a": userName, "b": title}`:    map[string]any{"a": "Kari@Example.test"},
		`displayName matches "^Kari"`:    true,
		`1.5`:                            1.5,
		`""`:                             nil,
		`name.givenName + " " + departmentCode ?? "x"`: "Kari x",
	} {
		record, err := compiled(t, usersync.Rule{Field: "f", Expr: expression}).Map(kari())
		if err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if got := record.Get("f"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", expression, got, want)
		} else if want == nil && len(record) != 0 {
			t.Errorf("%s: an empty field is in the record", expression)
		}
		judgedRightly(t, expression, want)
	}
}

func TestEveryWrongRuleIsReportedAtOnceWithItsFieldAndPlace(t *testing.T) {
	wrong := map[string]string{
		"unknown":        `nosuch`,
		"member":         `name.nosuch`,
		"operator":       `userName + 1`,
		"syntax":         `userName ??`,
		"argument":       `lower(1)`,
		"arity":          `split(userName)`,
		"builtin":        `len(userName)`,
		"loop":           `map(groups, .name)`,
		"range":          `1..1000000000`,
		"variable":       `let x = userName; x + x`,
		"sequence":       `userName; title`,
		"object":         `phones`,
		"inner object":   `[name]`,
		"function":       `lower`,
		"person":         `$env`,
		"inner person":   `default(title, $env.userName)`,
		"inner name":     `lower(nosuch)`,
		"inner member":   `lower(name.nosuch)`,
		"inner function": `lower(upper(title))`,
		"inner argument": `concat(lower(7), "a")`,
		"inner operator": `lower(trim(title + 7))`,
		"inner loop":     `default(count(groups), 1)`,
		"pattern made":   `userName matches phones.work + "("`,
		"pattern grown":  `userName matches "(.{0,1000}){0,1000}!"`,
		"pattern long":   `userName matches "` + strings.Repeat("a", maxPattern+1) + `"`,
		"pattern broken": `userName matches "("`,
		"country":        `e164(phones.work, "XX")`,
		"separator":      `first(split(title, ""))`,
		"none":           ` `,
		"long":           strings.Repeat("userName+", 2000) + "userName",
		"nodes":          strings.Repeat("userName+", 300) + "userName",
		"\x00":           `userName`,
	}
	rules := []usersync.Rule{{Field: "right", Expr: "userName"}, {Field: "twice", Expr: "userName"}, {Field: "twice", Expr: "title"}}
	for field, expression := range wrong {
		rules = append(rules, usersync.Rule{Field: field, Expr: expression})
	}
	_, err := Compile(rules, anything)
	if !usersync.Is(err, usersync.Settings) {
		t.Fatalf("error %v (code %s), want Settings", err, usersync.CodeOf(err))
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(wrong)+1 {
		t.Errorf("%d faults, want %d:\n%s", len(lines), len(wrong)+1, err)
	}
	for field := range wrong {
		if field = fieldLabel(field); !strings.Contains(err.Error(), "mapping of "+field+": ") {
			t.Errorf("nothing is said of %s:\n%s", field, err)
		}
	}
	if !strings.Contains(err.Error(), "mapping of operator: invalid operation: + (mismatched types string and int) (line 1, column 10)") {
		t.Errorf("the place of a wrong operator is not told:\n%s", err)
	}
	if _, err := Compile(nil, anything); !usersync.Is(err, usersync.Settings) {
		t.Errorf("no rules at all: error %v, want Settings", err)
	}
}

func TestARuleThatFailsForOnePersonIsRejectedWithoutTheirValues(t *testing.T) {
	p := kari()
	p.Title = strings.Repeat("x", maxText+1)
	for _, expression := range []string{
		`groups[5].name`, `title + phones.mobile`, `departmentCode + userName`, `split(userName, attributes.nosuch ?? "")`, `title`, `[default(departmentCode, name)]`,
		`1.0 / 0`, `first(default(title, "")) ?? userName`,
	} {
		record, err := compiled(t, usersync.Rule{Field: "target", Expr: expression}).Map(p)
		if !usersync.Is(err, usersync.Rejected) || record != nil {
			t.Errorf("%s: record %v, error %v, want Rejected", expression, record, err)
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "target: ") || strings.Contains(text, "Kari") || strings.Contains(text, "22 00") {
			t.Errorf("%s: the message %q has no field, or a value", expression, text)
		}
	}
}

func people() *rapid.Generator[usersync.Person] {
	return rapid.Custom(func(t *rapid.T) usersync.Person {
		text := rapid.OneOf(rapid.Just(""), rapid.String())
		return usersync.Person{
			ID: text.Draw(t, "id"), UserName: text.Draw(t, "userName"), DisplayName: text.Draw(t, "displayName"),
			Title:          text.Draw(t, "title"),
			Name:           usersync.Name{GivenName: text.Draw(t, "given"), FamilyName: text.Draw(t, "family")},
			Emails:         usersync.Emails{Work: text.Draw(t, "email")},
			Phones:         usersync.Phones{Work: text.Draw(t, "phone"), Mobile: text.Draw(t, "mobile")},
			DepartmentCode: text.Draw(t, "department"),
			Attributes:     rapid.MapOf(text, text).Draw(t, "attributes"),
		}
	})
}

func TestMapIsPureSortedAndLeavesNothingEmpty(t *testing.T) {
	rules := append(slices.Clone(websak), usersync.Rule{Field: "extra", Expr: "attributes"}, usersync.Rule{Field: "mail", Expr: "lower(emails.work)"})
	m := compiled(t, rules...)
	rapid.Check(t, func(t *rapid.T) {
		p, other := people().Draw(t, "person"), people().Draw(t, "another")
		before, _ := json.Marshal(p)
		first, err := m.Map(&p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Map(&other); err != nil {
			t.Fatal(err)
		}
		second, _ := m.Map(&p)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%v, then %v", first, second)
		}
		if after, _ := json.Marshal(p); string(after) != string(before) {
			t.Fatalf("the person was changed: %s, then %s", before, after)
		}
		if !slices.IsSortedFunc(first, func(a, b usersync.Field) int { return strings.Compare(a.Name, b.Name) }) {
			t.Fatalf("not sorted: %v", first)
		}
		for _, f := range first {
			if f.Value == nil || reflect.ValueOf(f.Value).IsZero() {
				t.Fatalf("%s is empty", f.Name)
			}
		}
		if want := p.UserName; first.Text("code") != want || first.Text("username") != want {
			t.Fatalf("code is %q, want %q", first.Text("code"), want)
		}
	})
}

func TestManyMayMapAtOnce(t *testing.T) {
	m := compiled(t, websak...)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := strings.Repeat("x", i+1)
			for range 200 {
				record, err := m.Map(&usersync.Person{UserName: name})
				if err != nil || record.Text("code") != name {
					t.Errorf("code is %q, error %v, want %q", record.Text("code"), err, name)
				}
			}
		})
	}
	all.Wait()
}

func FuzzCompile(f *testing.F) {
	for _, rule := range websak {
		f.Add(rule.Expr)
	}
	f.Add(`[attributes, {"a": [groups, first(groups)]}, -1 ** 5, active ? 1 : "x"]`)
	f.Fuzz(func(t *testing.T, expression string) {
		m, err := Compile([]usersync.Rule{{Field: "f", Expr: expression}}, anything)
		if err != nil {
			if !usersync.Is(err, usersync.Settings) {
				t.Fatalf("code %s", usersync.CodeOf(err))
			}
			return
		}
		record, err := m.Map(kari())
		if err != nil {
			return
		}
		if _, err := json.Marshal(record); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
		judgedRightly(t, expression, record.Get("f"))
	})
}

func BenchmarkMapWebsak(b *testing.B) {
	m, err := Compile(websak, onlyText)
	if err != nil {
		b.Fatal(err)
	}
	for name, p := range map[string]*usersync.Person{
		"displayName": kari(),
		"givenName": {UserName: "u", Name: usersync.Name{GivenName: "Kari", FamilyName: "Ås"}, Title: "T", Phones: usersync.Phones{Work: "1", Mobile: "2"},
			Emails: usersync.Emails{Work: "3"}, DepartmentCode: "4", Addresses: usersync.Addresses{Work: usersync.Address{StreetAddress: "5", PostalCode: "6", Locality: "7"}}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Map(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMapBokaMera(b *testing.B) {
	m, err := Compile([]usersync.Rule{
		{Field: "Firstname", Expr: "name.givenName"}, {Field: "Lastname", Expr: "name.familyName"},
		{Field: "Email", Expr: "trim(emails.work)"}, {Field: "Phone", Expr: `e164(phones.mobile ?? phones.work, "SE")`},
	}, onlyText)
	if err != nil {
		b.Fatal(err)
	}
	p := &usersync.Person{Name: usersync.Name{GivenName: "Åsa", FamilyName: "Ek"}, Phones: usersync.Phones{Mobile: "070-174 06 05"}, Emails: usersync.Emails{Work: "asa.ek@boende.example"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Map(p); err != nil {
			b.Fatal(err)
		}
	}
}
