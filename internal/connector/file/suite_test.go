package file

import (
	"bytes"
	encoding "encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/usersync"
)

var header = []string{"id", "userName", "active", "displayName", "title", "departmentCode", "emails.work", "phones.work", "phones.mobile",
	"addresses.work.streetAddress", "addresses.work.postalCode", "addresses.work.locality", "attributes.floor"}

func row(p *usersync.Person) []string {
	active, a := "", p.Addresses.Work
	if p.Active != nil {
		active = strconv.FormatBool(*p.Active)
	}
	return []string{p.ID, p.UserName, active, p.DisplayName, p.Title, p.DepartmentCode, p.Emails.Work, p.Phones.Work, p.Phones.Mobile,
		a.StreetAddress, a.PostalCode, a.Locality, p.Attributes["floor"]}
}

// written is the text of a file of the format; odd elements are put before, between and after people.
func written(t testing.TB, format string, people []usersync.Person, odd []string) []byte {
	var all [][]byte
	between := func() {
		for _, o := range odd {
			all = append(all, []byte(o))
		}
	}
	for i := range people {
		between()
		if format != ".csv" {
			object, err := json.Marshal(&people[i])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, object)
			continue
		}
		all = append(all, []byte(csvLine(t, row(&people[i]))))
	}
	between()
	switch format {
	case ".csv":
		return append([]byte(csvLine(t, header)+"\r\n"), bytes.Join(all, []byte("\r\n"))...)
	case ".json":
		return append(append([]byte("[\n"), bytes.Join(all, []byte(",\n"))...), ']')
	}
	if len(all) == 0 {
		return []byte("\n")
	}
	return append(bytes.Join(all, []byte("\n")), '\n')
}

func csvLine(t testing.TB, cells []string) string {
	var text strings.Builder
	w := encoding.NewWriter(&text)
	if err := w.Write(cells); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	return strings.TrimSuffix(text.String(), "\n")
}

func compressed(t testing.TB, ending string, text []byte) []byte {
	var packed bytes.Buffer
	var w io.WriteCloser
	switch ending {
	case ".gz":
		w = gzip.NewWriter(&packed)
	case ".zst":
		w, _ = zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	default:
		return text
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// stored opens a file of the given name and content.
func stored(t testing.TB, name string, content []byte) usersync.StreamedSource {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(usersync.Endpoint{Type: "file", Settings: map[string]string{"path": path}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// entries reads a source to its end.
func entries(t testing.TB, s usersync.StreamedSource) ([]usersync.Entry, error) {
	var all []usersync.Entry
	err := s.Stream(t.Context(), func(p usersync.Page) error {
		all = append(all, p.Entries...)
		return nil
	})
	return all, err
}

func TestEveryFormatKeepsASourcesPromises(t *testing.T) {
	odd := map[string][]string{
		".csv":   {"only,two", strings.Repeat("x,", 40), "x\xff" + strings.Repeat(",", len(header)-1), "8,\"stray", ",no id" + strings.Repeat(",", len(header)-2)},
		".json":  {`7`, `{"id":8}`, `{"userName":"no id"}`, `{"id":"9",}`, "\"\xff\""},
		".jsonl": {`{"id":8}`, `7`, `{"userName":"no id"}`, `{"id":"9"`, "{\"id\":\"\xff\"}"},
	}
	for _, format := range []string{".csv", ".json", ".jsonl"} {
		for _, packing := range []string{"", ".gz", ".ZST"} {
			t.Run(format+packing, func(t *testing.T) {
				open := func(t *testing.T, people []usersync.Person, odd []string) usersync.Source {
					text := written(t, format, people, odd)
					return stored(t, "people"+format+packing, compressed(t, strings.ToLower(packing), text))
				}
				suite := connectortest.Source{
					Open:   func(t *testing.T, people []usersync.Person) usersync.Source { return open(t, people, nil) },
					Faulty: func(t *testing.T, people []usersync.Person) usersync.Source { return open(t, people, odd[format]) },
				}
				connectortest.RunSource(t, suite)
			})
		}
	}
}
