package mapping

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// kinds are all that a field can be.
var kinds = []usersync.FieldKind{
	usersync.FieldAny, usersync.FieldText, usersync.FieldBool, usersync.FieldScalar, usersync.FieldTexts, usersync.FieldWholeNumbers, usersync.FieldObjects,
}

func of(kind usersync.FieldKind) func(string) usersync.FieldKind {
	return func(string) usersync.FieldKind { return kind }
}

func TestARuleThatCanGiveNothingThatItsFieldTakesIsWrong(t *testing.T) {
	const text, boolean, scalar = usersync.FieldText, usersync.FieldBool, usersync.FieldScalar
	const texts, numbers, objects = usersync.FieldTexts, usersync.FieldWholeNumbers, usersync.FieldObjects
	for _, c := range []struct {
		kind        usersync.FieldKind
		rule, gives string // empty: the rule is right
	}{
		{text, `name.givenName`, ""}, {text, `phones.mobile ?? phones.work`, ""}, {text, `lower(userName) + "x"`, ""}, {text, `split(userName, "@")[0]`, ""},
		{text, `attributes.floor`, ""}, {text, `first(groups).name`, ""}, {text, `active ? "a" : "b"`, ""}, {text, `name?.givenName`, ""},
		{text, `default(title, 5)`, ""}, {text, `title ?? 5`, ""}, {text, `active ? "a" : 5`, ""}, {text, `active ? 5 : default(title, "a")`, ""},
		{text, `+(active ? 5 : default(title, "a"))`, ""}, {text, `[userName, active][0]`, ""}, {text, `first([userName, active])`, ""},
		{text, `true and default(userName, true)`, ""}, {text, `{"a": userName}.a`, ""},
		{text, `5`, "a number"}, {text, `1.5`, "a number"}, {text, `true`, "true or false"}, {text, `[1, 2]`, "a list"}, {text, `[title]`, "a list"},
		{text, `{"a": 1}`, "an object"}, {text, `name`, "a part of the person"}, {text, `addresses.work`, "a part of the person"}, {text, `active`, "true or false"},
		{text, `groups`, "a list"}, {text, `groups[0]`, "an object"}, {text, `first(groups)`, "an object"}, {text, `attributes`, "an object"},
		{text, `split(userName, "@")`, "a list"}, {text, `default(1, 2)`, "a number"}, {text, `active ? 1 : 2`, "a number"}, {text, `active ? 5 : nil`, "a number"},
		{text, `nil ?? 5`, "a number"}, {text, `active ? 5 : true`, "a number or true or false"}, {text, `userName == "a"`, "true or false"}, {text, `lower`, "a function"},
		{boolean, `active ?? false`, ""}, {boolean, `true`, ""}, {boolean, `attributes.news == "yes"`, ""}, {boolean, `default(active, true)`, ""},
		{boolean, `name.givenName`, "text"}, {boolean, `"true"`, "text"}, {boolean, `0`, "a number"},
		{scalar, `title`, ""}, {scalar, `active`, ""}, {scalar, `1.5`, ""}, {scalar, `[title]`, "a list"}, {scalar, `attributes`, "an object"},
		{texts, `split(title, ",")`, ""}, {texts, `[emails.work, "a"]`, ""}, {texts, `[]`, ""}, {texts, `[nil, title]`, ""}, {texts, `["a", "b"]`, ""}, {texts, `[default(title, 5)]`, ""},
		{texts, `title`, "text"}, {texts, `[title, 5]`, "a list with a number in it"}, {texts, `["a", 5]`, "a list with a number in it"},
		{texts, `groups`, "a list with an object in it"}, {texts, `[[title]]`, "a list with a list in it"}, {texts, `[name]`, "a list with a part of the person in it"},
		{numbers, `[1, 2]`, ""}, {numbers, `[4 / 2]`, ""}, {numbers, `[default(active, 1)]`, ""}, {numbers, `[-2147483648, 2147483647]`, ""},
		{numbers, `7`, "a number"}, {numbers, `split(title, ",")`, "a list with text in it"}, {numbers, `[1, "a"]`, "a list with text in it"},
		{numbers, `[1.5]`, "a list with a number that is not whole or has more than 32 bits in it"}, {numbers, `[2147483648]`, "a list with a number that is not whole or has more than 32 bits in it"},
		{objects, `groups`, ""}, {objects, `[{"id": "a"}, first(groups), attributes]`, ""}, {objects, `attributes`, "an object"}, {objects, `[title]`, "a list with text in it"},
	} {
		want := ""
		if c.gives != "" {
			want = "the expression gives " + c.gives + ", and the field takes " + c.kind.String()
		}
		if got := Check(usersync.Rule{Field: "f", Expr: c.rule}, c.kind); got != want {
			t.Errorf("%s for %s: %q, want %q", c.rule, c.kind, got, want)
		}
		_, err := Compile([]usersync.Rule{{Field: "f", Expr: c.rule}}, of(c.kind))
		if (want == "") != (err == nil) || err != nil && err.Error() != "mapping of f: "+want {
			t.Errorf("%s for %s: compiling says %v", c.rule, c.kind, err)
		}
	}
}

func TestAPersonWhoseValueTheFieldDoesNotTakeIsRejectedWithoutIt(t *testing.T) {
	const text, boolean, scalar = usersync.FieldText, usersync.FieldBool, usersync.FieldScalar
	const texts, numbers, objects = usersync.FieldTexts, usersync.FieldWholeNumbers, usersync.FieldObjects
	for _, c := range []struct {
		kind        usersync.FieldKind
		rule, gives string // empty: kari's value is taken
	}{
		{text, `default(userName, 5)`, ""}, {text, `default(title, 5)`, "a number"}, {text, `title ?? active`, "true or false"}, {text, `default(title, groups)`, "a list"},
		{text, `default(title, attributes)`, "an object"}, {boolean, `title == nil ? userName : active`, "text"}, {scalar, `default(title, 1.5)`, ""}, {scalar, `default(title, [1])`, "a list"},
		{texts, `[default(title, 5)]`, "a list with a number in it"}, {texts, `[default(title, active)]`, "a list with true or false in it"}, {texts, `default(title, split(userName, "@"))`, ""},
		{numbers, `[default(title, 5)]`, ""}, {numbers, `[default(userName, 5)]`, "a list with text in it"}, {numbers, `[1, active ? 1 : 5 / 2]`, "a list with a number that is not whole or has more than 32 bits in it"},
		{objects, `default(title, groups)`, ""}, {objects, `[title == nil ? userName : groups[0]]`, "a list with text in it"},
	} {
		m, err := Compile([]usersync.Rule{{Field: "f", Expr: c.rule}}, of(c.kind))
		if err != nil {
			t.Errorf("%s for %s: %v", c.rule, c.kind, err)
			continue
		}
		record, err := m.Map(kari())
		switch want := "f: the mapping gives " + c.gives + ", and the field takes " + c.kind.String(); {
		case c.gives == "" && (err != nil || record.Get("f") == nil):
			t.Errorf("%s for %s: %v", c.rule, c.kind, err)
		case c.gives != "" && (!usersync.Is(err, usersync.Rejected) || err.Error() != want):
			t.Errorf("%s for %s: %v, want %s", c.rule, c.kind, err, want)
		}
	}
}

func TestARuleThatGivesNothingIsTakenByEveryField(t *testing.T) {
	for _, kind := range kinds {
		for _, rule := range []string{`nil`, `nil ?? nil`, `active ? nil : nil`, `default(nil, nil)`} {
			m, err := Compile([]usersync.Rule{{Field: "f", Expr: rule}}, of(kind))
			if err != nil {
				t.Errorf("%s for %s: %v", rule, kind, err)
				continue
			}
			if record, err := m.Map(kari()); err != nil || len(record) != 0 {
				t.Errorf("%s for %s: %v, %v", rule, kind, record, err)
			}
		}
	}
}

// judgedRightly fails where an expression was refused for a kind of field that takes the value which it has given.
func judgedRightly(t *testing.T, expression string, value any) {
	t.Helper()
	for _, kind := range kinds {
		takes := takesOf(kind)
		if _, list := value.([]any); value == nil || list || takes.misfit(value) != "" {
			continue // of a list, elements that are empty are left out, whatever they would be
		}
		if fault := Check(usersync.Rule{Field: "f", Expr: expression}, kind); fault != "" {
			t.Errorf("%s gives what %s is, and is refused: %s", expression, kind, fault)
		}
	}
}

// expressions are made of what gives each shape and of what hides it from the compiler.
func expressions(depth int) *rapid.Generator[string] {
	atoms := rapid.SampledFrom([]string{`userName`, `title`, `active`, `name`, `groups`, `attributes`, `attributes.floor`, `5`, `1.5`, `true`, `"a"`, `nil`, `[]`, `{"a": title, "b": 5}`})
	if depth == 0 {
		return atoms
	}
	return rapid.Custom(func(t *rapid.T) string {
		part := func(name string) string { return expressions(depth-1).Draw(t, name) }
		form := rapid.SampledFrom([]string{
			`(%s ?? %s)`, `(active ? %s : %s)`, `(title == nil ? %s : %s)`, `default(%s, %s)`, `[%s, %s]`, `[%s, %s][0]`, `first([%s, %s])`, `first(default(%s, %s))`,
			`(%s and %s)`, `(%s or %s)`, `(%s + %s)`, `(%s - %s)`, `(%s == %s)`, `{"a": %s, "b": %s}.a`, `concat(%s, %s)`, `+(%s ?? %s)`, `-(%s ?? %s)`, `(%s ?? %s)[1:]`, `(%s ?? %s)["floor"]`,
		}).Draw(t, "form")
		return fmt.Sprintf(form, part("left"), part("right"))
	})
}

func TestNoExpressionIsRefusedForAFieldThatTakesItsValue(t *testing.T) {
	yes, tried := true, 0
	rapid.Check(t, func(rt *rapid.T) {
		expression := expressions(3).Draw(rt, "expression")
		m, err := Compile([]usersync.Rule{{Field: "f", Expr: expression}}, anything)
		if err != nil {
			return
		}
		for _, p := range []*usersync.Person{kari(), {UserName: "b", Title: "t", Active: &yes}, {}} {
			if record, err := m.Map(p); err == nil {
				tried++
				judgedRightly(t, expression, record.Get("f"))
			}
		}
	})
	if tried == 0 {
		t.Error("no expression could be carried out")
	}
}
