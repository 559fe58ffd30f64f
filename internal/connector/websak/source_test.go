package websak

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func page(t *testing.T, body string) []usersync.Entry {
	t.Helper()
	entries, err := decodePage(listName, []byte(body), 40)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestWhatWebsakHasBeyondAPersonIsAnAttribute(t *testing.T) {
	p := page(t, `[{"gidId":"g","misc3":"x","nationalNo":null,"note":"","emailAddr2":"b@example.test","userRequestJsonString":"{}","userRoles":[{"id":"1"}]}]`)[0].Person
	if want := map[string]string{"misc3": "x", "emailAddr2": "b@example.test"}; !maps.Equal(p.Attributes, want) {
		t.Errorf("attributes %v, want %v", p.Attributes, want)
	}
	if p.Active != nil || p.Name != (usersync.Name{}) {
		t.Error("something is known that the answer does not say")
	}
}

func TestAnElementsFaultNamesThePropertyAndKeepsTheKeyThatIsOne(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	for body, want := range map[string][2]string{
		`[{"gidId":"g","phone":7}]`:                      {"g", "phone is not text"},
		`[{"phone":7,"gidId":"g"}]`:                      {"g", "phone is not text"},
		`[{"gidId":"g","active":"yes"}]`:                 {"g", "active is neither true nor false"},
		`[{"gidId":"g","note":"` + long + `"}]`:          {"g", "note is longer than 16 KiB"},
		"[{\"gidId\":\"g\",\"name\":\"planted \xe6\"}]":  {"g", "name is not valid UTF-8"},
		"[{\"gidId\":\"\xe6\",\"name\":\"planted\"}]":    {"row:41", "gidId is not valid UTF-8"},
		"[{\"gidId\":\"g\",\"unheardOf\":\"\xe6\"}]":     {"g", "the element is not valid UTF-8"},
		`[{"gidId":["g"]}]`:                              {"row:41", "gidId is not text"},
		`[{"code":"planted"}]`:                           {"row:41", "gidId: id is missing"},
		`[{"gidId":"` + strings.Repeat("g", 257) + `"}]`: {"row:41", "gidId: id is longer than 256 bytes"},
		`[{"gidId":"g\u0000","name":"planted"}]`:         {"row:41", "gidId: id holds control characters"},
		`[null]`:                                         {"row:41", "the element is no user"},
		`["planted"]`:                                    {"row:41", "the element is no user"},
		`[["planted"]]`:                                  {"row:41", "the element is no user"},
	} {
		for _, e := range page(t, body) {
			if e.Key != want[0] || e.Fault != want[1] || e.Keyless != strings.HasPrefix(e.Key, "row:") {
				t.Errorf("%.60s: %s %q, want %q", body, e.Key, e.Fault, want)
			}
		}
	}
	entries := page(t, "[{\"gidId\":\"a\",\"name\":\"Åse\"},{\"gidId\":\"b\",\"name\":\"\xc5se\"}]")
	if entries[0].Fault != "" || entries[1].Fault == "" {
		t.Errorf("faults %q and %q, want the second alone", entries[0].Fault, entries[1].Fault)
	}
}

func TestAPageThatIsNoArrayOfUsersIsMalformed(t *testing.T) {
	for _, body := range []string{
		"", " ", "{}", `{"users":[]}`, "null", "7", `"planted"`, "[", "[{", `[{"gidId":"g"}`, `[{"gidId":"g"}`, `[{"gidId":"g"}}`,
		`[{"gidId":"planted]`, "[] []", "[],", "<users/>", "\x1f\x8bplanted", "[" + strings.Repeat("{},", maxElements) + "{}]",
	} {
		_, err := decodePage(listName, []byte(body), 0)
		if !usersync.Is(err, usersync.Malformed) || strings.Contains(err.Error(), "planted") || !strings.Contains(err.Error(), listName) {
			t.Errorf("%.40q: %v (code %s)", body, err, usersync.CodeOf(err))
		}
	}
}

func TestACursorThatIsNoOffsetIsRefused(t *testing.T) {
	src := openSource(t, start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") })), usersynctest.NewClock())
	for _, at := range []usersync.Cursor{"x", "-1", "1.5", "99999999999", "1&limit=1"} {
		if _, err := src.Fetch(t.Context(), at); !usersync.Is(err, usersync.Malformed) {
			t.Errorf("%q: %v (code %s)", at, err, usersync.CodeOf(err))
		}
	}
}

func TestAServerThatIgnoresTheLimitLosesNobody(t *testing.T) {
	people := connectortest.People(700)
	src := openSource(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		writeJSON(w, http.StatusOK, elements(people)[offset:])
	})), usersynctest.NewClock(), "pageSize", "10")
	first, err := src.Fetch(t.Context(), "")
	if err != nil || len(first.Entries) != 700 || first.Last {
		t.Fatalf("%d entries, error %v", len(first.Entries), err)
	}
	if last, err := src.Fetch(t.Context(), first.Next); err != nil || len(last.Entries) != 0 || !last.Last {
		t.Errorf("%d entries after everybody, error %v", len(last.Entries), err)
	}
}

func FuzzDecodePage(f *testing.F) {
	for _, seed := range []string{`[{"gidId":"g","active":true}]`, `[{"gidId":7},null,"x"]`, "[{\"gidId\":\"\xff\"}]", `[`, `{}`, `[]`, "\xef\xbb\xbf[]"} {
		f.Add([]byte(seed), 0)
	}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text), 0)
	}
	f.Fuzz(func(t *testing.T, body []byte, offset int) {
		entries, err := decodePage(listName, body, offset&0xffff)
		if err != nil && !usersync.Is(err, usersync.Malformed) {
			t.Fatalf("%v (code %s)", err, usersync.CodeOf(err))
		}
		for _, e := range entries {
			if (e.Person == nil) == (e.Fault == "") || usersync.KeyFault(e.Key) != "" || e.Keyless && e.Person != nil {
				t.Fatalf("an entry that is none: keyless %v, fault %q", e.Keyless, e.Fault)
			}
		}
	})
}

func FuzzDecodeUser(f *testing.F) {
	for _, seed := range []string{`{"gidId":"g","code":"c"}`, `{"gidId":7}`, `{"gidId":""}`, `[]`, `null`, "", `{"gidId":"` + strings.Repeat("g", 300) + `"}`, "{\"gidId\":\"\\u0000\"}"} {
		f.Add([]byte(seed))
	}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		u, err := decodeUser(readName, httpx.Answer{Status: http.StatusOK, Body: body})
		if err != nil && !usersync.Is(err, usersync.Malformed) || err == nil && usersync.KeyFault(u.GidID) != "" {
			t.Fatalf("a user that is none, error %v", err)
		}
	})
}

func BenchmarkDecodePage(b *testing.B) {
	one := `{"gidId":"8c0b7a52-1","externalUsername":null,"active":true,"orgUnitId":"12","accessTemplateId":null,"nationalNo":null,
		"code":"user.1","name":"Bjørn Ærlig","title":"Leder","postalNo":"0150","addr":"Åsveien 1","phone":"+47 22 1","mobile":"+47 900",
		"emailAddr":"user.1@example.test","departmentId":"7","departmentCode":"D1","place":"Oslo","misc1":null,"userRoles":null}`
	body := []byte("[" + strings.Join(slices.Repeat([]string{one}, 500), ",") + "]")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if entries, err := decodePage(listName, body, 0); err != nil || len(entries) != 500 {
			b.Fatal(err)
		}
	}
}
