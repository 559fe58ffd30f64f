package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// told is what is known of an entry: its key, and its fault, or "ok" and what text it has for a title.
func told(entries []usersync.Entry) string {
	var lines []string
	for _, e := range entries {
		if e.Person != nil {
			e.Fault = "ok " + e.Person.Title
		}
		lines = append(lines, e.Key+": "+e.Fault)
	}
	return strings.Join(lines, "\n")
}

func TestRowsThatCannotBeUsedAreFaultsAndTheRestGoesOn(t *testing.T) {
	long := strings.Repeat("x", maxElement)
	for name, c := range map[string]struct{ file, text, want string }{
		"csv": {"p.csv", "\xef\xbb\xbf ID ;title;Active;groups[].name\r\n" +
			"1;a;YES;staff\r\n" +
			"\r\n" +
			" ;b;;\r\n" +
			"3;c\xff;;\r\n" +
			"4;d;;;;\r\n" +
			"5;e\r\n" +
			"6;f;maybe;\r\n" +
			"7;\"g\"g;;\r\n" +
			"8;h \"bare\" quote;0;\r\n" +
			"9;\"two\r\nlines; \"\"quoted\"\"\";;\r\n" +
			"\xff;j;;\r\n" +
			"11;\"stray;;\r\n" +
			"12;l;;\r\n" +
			"13;" + long + ";;\r\n" +
			"14;n;;", `1: ok a
row:4: id is missing
3: row 5: title is not valid UTF-8
4: row 6: there are too many cells: the header has 4
row:7: there are too few cells: 2 where the header has 4
6: row 8: active must be true, false, 1, 0, yes or no
7: row 9: a quoted cell goes on after its closing quote
8: ok h "bare" quote
9: ok two` + "\r\n" + `lines; "quoted"
row:13: ID is not valid UTF-8
11: row 14: a quoted cell does not end
12: ok l
row:16: the row is longer than 1 MiB
14: ok n`},
		"id not first": {"p.csv", "title,id\na,1\nb,2,x\n\"c,3\nd,4\n", `1: ok a
row:3: there are too many cells: the header has 2
row:4: a quoted cell does not end
4: ok d`},
		"lines of a broken row": {"p.csv", "id,title,active\n1,\"a\nStorgata 5,x,y,z\nb\",c,d,e\n2,b,1\n", `1: row 2: there are too many cells: the header has 3
row:3: there are too many cells: the header has 3
row:4: there are too many cells: the header has 3
2: ok b`},
		"json": {"p.json", `[{"id":"1","title":"a","name":null,"Active":true},
			{"title":"b"}, {"id":3,"title":"c"}, {"id":"4","emails":{"work":["d"]}}, {"id":"5","active":"yes"},
			{"id":"6","nick":"f"}, 7, "8", null, [], {"id":"10",}, {"id":"11","title":"` + "\xff" + `"}, {"id":"12","title":"\ud83d"},
			{"id":"13","title":"` + long + `"}, {"id":"14","title":"n \ud83d\ude00 [}\"","groups":[{"id":"g"}],"attributes":{"x":"y"}},
			{"id":"15","groups":"g"}, {"id":"16","name":"p"}, {"id":"17","attributes":{"x":1}}]`, `1: ok a
row:2: id is missing
row:3: id must be text
4: row 4: emails.work must be text
5: row 5: active must be true or false
6: row 6: an unknown property (nick); what has no name of its own goes into attributes
row:7: this is no JSON object
row:8: this is no JSON object
row:9: this is no JSON object
row:10: this is no JSON object
row:11: this is no valid JSON
11: row 12: this is not valid UTF-8
12: row 13: a \u escape is half a character
row:14: the element is longer than 1 MiB
14: ok n 😀 [}"
15: row 16: groups must be a list
16: row 17: name must be an object
17: row 18: attributes must hold text alone`},
		"jsonl": {"p.jsonl", "\n{\"id\":\"1\",\"title\":\"a\"}\r\n\n" + `{"id":"2"` + "\n7\n" + `{"id":"4"} {"id":"5"}` + "\n" + `{"id":"6","title":"` + long + "\"}\n" + `{"id":"7","title":"g"}`,
			`1: ok a
row:4: this is no valid JSON
row:5: this is no JSON object
row:6: this is no valid JSON
row:7: the line is longer than 1 MiB
7: ok g`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := entries(t, stored(t, c.file, []byte(c.text)))
			if err != nil {
				t.Fatal(err)
			}
			if got := told(all); got != c.want {
				t.Errorf("entries\n%.3000s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestEveryNameOfAPersonIsAColumn(t *testing.T) {
	names := "id,externalId,userName,active,displayName,title,preferredLanguage,name.givenName,name.familyName,emails.work,phones.work,phones.mobile," +
		"addresses.work.streetAddress,addresses.work.postalCode,addresses.work.locality,addresses.work.country,department,departmentCode,groups[].id,groups[].name,attributes.Key Card"
	all, err := entries(t, stored(t, "p.csv", []byte(strings.ToUpper(names[:20])+names[20:]+"\n1,2,3,no,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21\n")))
	if err != nil || len(all) != 1 || all[0].Person == nil {
		t.Fatalf("entries %v, error %v", all, err)
	}
	p := all[0].Person
	work := usersync.Address{StreetAddress: "13", PostalCode: "14", Locality: "15", Country: "16"}
	switch {
	case p.ID != "1" || p.ExternalID != "2" || p.UserName != "3" || p.IsActive() || p.DisplayName != "5" || p.Title != "6" || p.PreferredLanguage != "7",
		p.Name != usersync.Name{GivenName: "8", FamilyName: "9"}, p.Emails.Work != "10", p.Phones != usersync.Phones{Work: "11", Mobile: "12"},
		p.Addresses.Work != work, p.Department != "17" || p.DepartmentCode != "18", p.Groups[0] != usersync.Group{ID: "19", Name: "20"}, p.Attributes["Key Card"] != "21":
		t.Errorf("person %+v", p)
	}
}

func TestAFileThatIsNoListFailsAsAWhole(t *testing.T) {
	people := `[{"id":"1","title":"pl@nted"}`
	for _, c := range []struct{ file, text, want string }{
		{"p.csv", "", "p.csv: the file is empty: it has zero bytes"},
		{"p.csv.gz", string(compressed(t, ".gz", nil)), "p.csv.gz: the file is empty: it has no header"},
		{"p.json.zst", string(compressed(t, ".zst", []byte(" "))), "p.json.zst: the file is empty"},
		{"p.jsonl.gz", string(compressed(t, ".gz", nil)), "p.jsonl.gz: the file is empty"},
		{"p.csv", "\n \r\n", "p.csv: the file is empty: it has no header"},
		{"p.csv", "pl@nted,x\n1,2", "p.csv: line 1: the header has no column id"},
		{"p.csv", "\nid,nickname\n", "p.csv: line 2: column 2 of the header (nickname) is unknown; what has no name of its own is called attributes.NAME"},
		{"p.csv", "id,pl@nted\n", "p.csv: line 1: column 2 of the header is unknown; what has no name of its own is called attributes.NAME"},
		{"p.csv", "id,attributes.\n", "p.csv: line 1: column 2 of the header (attributes.) is unknown; what has no name of its own is called attributes.NAME"},
		{"p.csv", "id,Title,title\n", "p.csv: line 1: column 3 of the header (title) is there twice"},
		{"p.csv", "id,,title\n", "p.csv: line 1: column 2 of the header has no name"},
		{"p.csv", "id,\"title\n1,pl@nted\n", "p.csv: line 1: this is no CSV header"},
		{"p.csv", "id,b\xe5\n", "p.csv: line 1: this is no header: it is not text in UTF-8"},
		{"p.csv", "PK\x03\x04\x00id", "p.csv: line 1: this is no header: it is not text in UTF-8"},
		{"p.csv", "\xff\xfei\x00d\x00", "p.csv: the file is in UTF-16; it must be in UTF-8"},
		{"p.csv", strings.Repeat("x", maxElement+2), "p.csv: line 1: this is no CSV header"},
		{"p.csv.gz", "id\npl@nted\n", "p.csv.gz: the file is not compressed with gzip, as its name says"},
		{"p.csv.zst", "id\npl@nted\n", "p.csv.zst: the file is not compressed with zstd, as its name says"},
		{"p.json", "id\npl@nted\n", "p.json: this is no JSON array: it does not begin with ["},
		{"p.json", `{"id":"pl@nted"}`, "p.json: this is no JSON array: it does not begin with ["},
		{"p.json", people, "p.json: the file is cut: its JSON array does not end, after element 1"},
		{"p.json", people + ",", "p.json: the file is cut: its JSON array does not end, after element 1"},
		{"p.json", people + `,{"id":"pl@n`, "p.json: the file is cut: its JSON array does not end, after element 2"},
		{"p.json", people + `,]`, "p.json: this is no JSON: element 2 is missing"},
		{"p.json", people + `{}]`, "p.json: this is no JSON: neither , nor ] follows element 1"},
		{"p.json", people + `] pl@nted`, "p.json: something follows the JSON array, after element 1"},
		{"p.json", "[pl@nted nothing]", "p.json: this is no JSON: neither , nor ] follows element 1"},
		{"p.jsonl", people + "]\n", "p.jsonl: this is a JSON array: the name of such a file ends in .json"},
		{"p.jsonl", "\nid;pl@nted\n", "p.jsonl: these are no JSON lines: line 2 does not begin with {"},
		{"p.jsonl", people[1:] + "\n" + `{"id":"pl@n`, "p.jsonl: the file is cut in line 2"},
	} {
		_, err := entries(t, stored(t, c.file, []byte(c.text)))
		if !usersync.Is(err, usersync.Malformed) || err.Error() != c.want {
			t.Errorf("%s %.40q: error %v (code %s), want\n%s", c.file, c.text, err, usersync.CodeOf(err), c.want)
		}
	}
}

func TestHalfOfACompressedFileIsNeverTakenForTheWhole(t *testing.T) {
	text := []byte("id,title\n" + strings.Repeat("pl@nted,x\n", 300))
	for _, ending := range []string{".gz", ".zst"} {
		whole := compressed(t, ending, text)
		for cut := range len(whole) {
			s := stored(t, "p.csv"+ending, whole[:cut])
			if _, err := entries(t, s); !usersync.Is(err, usersync.Malformed) || strings.Contains(err.Error(), "pl@nted") {
				t.Fatalf("%s, %d of %d bytes: error %v (code %s), want Malformed", ending, cut, len(whole), err, usersync.CodeOf(err))
			}
		}
		if _, err := entries(t, stored(t, "p.csv"+ending, append(whole, "pl@nted"...))); !usersync.Is(err, usersync.Malformed) {
			t.Errorf("%s with something behind it: error %v, want Malformed", ending, err)
		}
	}
}

func TestWhatCannotBeOpenedIsSaidByTheFilesNameAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"none.csv": "none.csv: there is no such file", "folder.csv": "folder.csv: this is no file"} {
		s, err := NewSource(usersync.Endpoint{Settings: map[string]string{"path": filepath.Join(dir, name)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); !usersync.Is(err, usersync.Malformed) || err.Error() != want {
			t.Errorf("error %v (code %s), want %s", err, usersync.CodeOf(err), want)
		}
	}
	for _, path := range []string{"", "people", "people.xlsx", "people.gz", "people.csv.zip", "people.gz.csv.bz2"} {
		if _, err := NewSource(usersync.Endpoint{Settings: map[string]string{"path": path}}); !usersync.Is(err, usersync.Settings) {
			t.Errorf("%q: error %v, want Settings", path, err)
		}
	}
}

func TestAFileThatChangesWhileItIsReadIsNoReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.csv")
	if err := os.WriteFile(path, []byte("id\n"+strings.Repeat("7\n", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(usersync.Endpoint{Settings: map[string]string{"path": path}})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Stream(t.Context(), func(usersync.Page) error { return os.Truncate(path, 3) })
	if !usersync.Is(err, usersync.Unavailable) {
		t.Errorf("error %v, want Unavailable", err)
	}
}
