package directory_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// requests draws whole requests: every property absent, null, empty or filled.
var requests = rapid.Custom(func(t *rapid.T) map[string]any {
	texts := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](""), rapid.StringMatching(`[A-Za-zæøåÆØÅ0-9 @.'"\\<>&\n😀-]{1,40}`).AsAny())
	numbers := rapid.Int32().AsAny()
	request := map[string]any{}
	kind := reflect.TypeFor[directory.UserRequest]()
	for i := range kind.NumField() {
		f := kind.Field(i)
		name := property(f)
		if name == "id" || name == "lookupField" || name == "accessTemplateId" || !rapid.Bool().Draw(t, name+" given") {
			continue
		}
		switch {
		case name == "leaveFrom" || name == "leaveTo":
			request[name] = rapid.SampledFrom([]any{nil, "2026-03-01T00:00:00", "2026-03-01T10:11:12.123+01:00", "2026-03-01"}).Draw(t, name)
		case f.Type.Kind() == reflect.Pointer:
			request[name] = texts.Draw(t, name)
		case f.Type.Elem().Kind() == reflect.String:
			request[name] = rapid.SliceOfN(texts.Filter(func(v any) bool { return v != nil }), 0, 3).Draw(t, name)
		case f.Type.Elem().Kind() == reflect.Int32:
			request[name] = rapid.SliceOfN(numbers, 0, 3).Draw(t, name)
		default:
			request[name] = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) map[string]any { return element(t, f.Type.Elem(), texts, numbers) }), 0, 3).Draw(t, name)
		}
	}
	return request
})

func element(t *rapid.T, kind reflect.Type, texts, numbers *rapid.Generator[any]) map[string]any {
	object := map[string]any{}
	for i := range kind.NumField() {
		switch f := kind.Field(i); f.Type.Kind() {
		case reflect.Pointer:
			object[property(f)] = texts.Draw(t, f.Name)
		case reflect.Bool:
			object[property(f)] = rapid.Bool().Draw(t, f.Name)
		default:
			object[property(f)] = numbers.Draw(t, f.Name)
		}
	}
	return object
}

func property(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// plain is v as a JSON decoder gives it.
func plain(t *rapid.T, v any) any {
	raw, err := json.Marshal(v)
	var p any
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatWasPostedComesBack(t *testing.T) {
	a, n := open(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		request := requests.Draw(rt, "request")
		if _, given := request["code"]; given {
			n++ // a code is nobody else's
			request["code"] = fmt.Sprintf("%v %d", request["code"], n)
		}
		body, err := json.Marshal(request)
		if err != nil {
			rt.Fatal(err)
		}
		made := a.must(201, "POST", "/directory/api/Users", string(body))
		read := a.must(200, "GET", made.header.Get("Location")+"?includeRoles=true&includeUserAccess=true&includeEmailAddresses=true", "")
		if !reflect.DeepEqual(made.body, read.body) {
			rt.Fatalf("the POST answered %s, the GET %s", made.raw, read.raw)
		}
		for name, sent := range request {
			stored, there := read.stored()[name]
			if sent = plain(rt, sent); !reflect.DeepEqual(sent, stored) || there != (sent != nil) {
				rt.Fatalf("%s was %v and is stored as %v", name, sent, stored)
			}
			shown, there := read.user()[name]
			derived := name == "emailAddr" && sent == nil
			if there && !derived && !reflect.DeepEqual(sent, shown) {
				rt.Fatalf("%s was %v and is shown as %v", name, sent, shown)
			}
		}
	})
}

func FuzzDecodeUser(f *testing.F) {
	for _, seed := range []string{`{}`, `{"code":"A","mailAddresses":["a"],"accessToZones":[1],"userAccesses":[{"isPrimary":false}],"leaveTo":"2026-03-01"}`,
		`{"name":"\ud83d\ude00","CODE":null}`, `{"userRoles":[{"id":"r"}],"note":"\\u0000"}`, `{"name":"\ud8`, `[1]`} {
		f.Add([]byte(seed))
	}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := directory.DecodeUser(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatal("what is no JSON was read")
		}
		raw, err := json.Marshal(p.Request)
		if err != nil {
			t.Fatal(err)
		}
		again, err := directory.DecodeUser(raw)
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if !reflect.DeepEqual(p.Request, again.Request) {
			t.Fatal("what was read is read differently the second time")
		}
	})
}
