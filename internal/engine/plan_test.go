package engine

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

func record(pairs ...string) usersync.Record {
	var r usersync.Record
	for i := 0; i < len(pairs); i += 2 {
		r = append(r, usersync.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return r
}

func TestThePlanIsItsTable(t *testing.T) {
	linked := func(r usersync.Record) *usersync.Link { return &usersync.Link{Target: "t1", Digest: newDigest(r)} }
	same, other := record("a", "1", "b", "2"), record("a", "1", "b", "3", "c", "4")
	p, off, fault, empty := person("k", "n"), inactive("k"), faulty("k"), usersync.Entry{Key: "k"}
	unmapped := usersync.E(usersync.Rejected, "code is missing")
	for name, c := range map[string]struct {
		l    listing
		full bool
		want item
	}{
		"a fault":                    {listing{entry: &fault}, false, item{action: usersync.Refused, reason: fault.Fault}},
		"a fault of a linked person": {listing{entry: &fault, link: linked(same)}, false, item{action: usersync.Refused, reason: fault.Fault}},
		"nothing":                    {listing{entry: &empty}, false, item{action: usersync.Refused, reason: reasonNothing}},
		"inactive":                   {listing{entry: &off}, true, item{action: usersync.Skipped, reason: reasonInactive}},
		"inactive and linked":        {listing{entry: &off, link: linked(same)}, true, item{action: usersync.Skipped, reason: reasonKept}},
		"unmappable":                 {listing{entry: &p, fault: unmapped}, false, item{action: usersync.Refused, reason: "code is missing"}},
		"unmappable and linked":      {listing{entry: &p, fault: unmapped, link: linked(same)}, false, item{action: usersync.Refused, reason: "code is missing"}},
		"new":                        {listing{entry: &p, record: same}, false, item{action: usersync.Created, reason: reasonNew, claims: true}},
		"matched":                    {listing{entry: &p, record: same, match: match{kind: "email", target: "t9"}}, true, item{action: usersync.Updated, adopt: "t9", reason: "matched by email", claims: true}},
		"ambiguous":                  {listing{entry: &p, record: same, match: match{kind: "email", many: []string{"t8", "t9"}}}, false, item{action: usersync.Refused, reason: "ambiguous by email: the records t8 and t9 match; nothing was written"}},
		"as written":                 {listing{entry: &p, record: same, link: linked(same)}, false, item{action: usersync.Unchanged, claims: true}},
		"as written, full":           {listing{entry: &p, record: same, link: linked(same)}, true, item{action: usersync.Updated, reason: reasonFull, claims: true}},
		"changed":                    {listing{entry: &p, record: same, link: linked(other)}, false, item{action: usersync.Updated, fields: []string{"b", "c"}, reason: reasonChanged, claims: true}},
		"changed, full":              {listing{entry: &p, record: other, link: linked(same)}, true, item{action: usersync.Updated, fields: []string{"b", "c"}, reason: reasonChanged, claims: true}},
		"an unreadable digest":       {listing{entry: &p, record: same, link: &usersync.Link{Target: "t", Digest: []byte("x")}}, false, item{action: usersync.Updated, fields: []string{"a", "b"}, reason: reasonChanged, claims: true}},
	} {
		c.want.key = "k"
		if got := plan([]listing{c.l}, c.full)[0]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func drawValue(t *rapid.T) any {
	return rapid.OneOf(
		rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Float64().AsAny(),
		rapid.SliceOfN(rapid.String(), 0, 3).AsAny(), rapid.MapOfN(rapid.String(), rapid.Int(), 0, 3).AsAny(),
	).Draw(t, "value")
}

func drawRecord(t *rapid.T, label string) usersync.Record {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-f]{1,3}`), 0, 6, rapid.ID).Draw(t, label)
	slices.Sort(names)
	r := make(usersync.Record, len(names))
	for i := range names {
		r[i] = usersync.Field{Name: names[i], Value: drawValue(t)}
	}
	return r
}

func TestADigestFitsItsRecordAloneAndNamesWhatDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawRecord(t, "a"), drawRecord(t, "b")
		digest := newDigest(a)
		if !digestFits(digest, a) || len(changedFields(digest, a)) > 0 {
			t.Fatal("a record does not fit its own digest")
		}
		var differ []string
		for _, f := range a {
			if !slices.ContainsFunc(b, func(g usersync.Field) bool {
				return g.Name == f.Name && string(appendValue(nil, g.Value)) == string(appendValue(nil, f.Value))
			}) {
				differ = append(differ, f.Name)
			}
		}
		for _, f := range b {
			if !slices.ContainsFunc(a, func(g usersync.Field) bool { return g.Name == f.Name }) {
				differ = append(differ, f.Name)
			}
		}
		slices.Sort(differ)
		if got := changedFields(digest, b); !slices.Equal(got, differ) || digestFits(digest, b) != (len(differ) == 0) {
			t.Fatalf("changed %v, want %v", got, differ)
		}
	})
}

func TestEqualValuesLookAlikeWhateverTheirType(t *testing.T) {
	type text string
	for _, pair := range [][2]any{
		{5, 5.0}, {int64(5), uint8(5)}, {"a", text("a")}, {[]string{"a"}, []any{"a"}}, {nil, (*string)(nil)},
		{map[string]any{"a": 1, "b": "c"}, map[string]any{"b": text("c"), "a": 1.0}}, {new("a"), "a"},
	} {
		if a, b := appendValue(nil, pair[0]), appendValue(nil, pair[1]); string(a) != string(b) {
			t.Errorf("%v and %v: %q, %q", pair[0], pair[1], a, b)
		}
	}
	for _, pair := range [][2]any{
		{"5", 5}, {"", nil}, {true, "t"}, {[]string{"ab"}, []string{"a", "b"}}, {[]string{}, nil}, {1.5, 1}, {[]string{"a"}, "a"},
	} {
		if a, b := appendValue(nil, pair[0]), appendValue(nil, pair[1]); string(a) == string(b) {
			t.Errorf("%#v and %#v look alike: %q", pair[0], pair[1], a)
		}
	}
}

func TestADigestFitsIntoALink(t *testing.T) {
	var r usersync.Record
	for i := range 400 {
		r = append(r, usersync.Field{Name: strings.Repeat("n", 100) + string(rune('a'+i)), Value: i})
	}
	digest := newDigest(r)
	if len(digest) > 4096 || !digestFits(digest, r) {
		t.Errorf("%d bytes", len(digest))
	}
	if changed := changedFields(digest, r[:2]); len(changed) != 2 {
		t.Errorf("a digest without fields names %d of 2", len(changed))
	}
}
