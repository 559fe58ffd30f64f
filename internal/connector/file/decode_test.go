package file

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// listed reads all of a text in a format.
func listed(format string, r io.Reader) ([]usersync.Entry, error) {
	o := &opened{form: form{format: format}, text: r}
	l, err := o.list()
	if err != nil {
		return nil, err
	}
	var all []usersync.Entry
	for {
		e, err := l.next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

// holds fails where what is read of a text depends on the pieces that it comes in, or breaks what
// entries promise.
func holds(t *testing.T, format string, text []byte) {
	all, err := listed(format, bytes.NewReader(text))
	again, err2 := listed(format, iotest.OneByteReader(bytes.NewReader(text)))
	if !reflect.DeepEqual(all, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
		t.Fatalf("%d entries and %v; byte by byte %d and %v", len(all), err, len(again), err2)
	}
	if _, ok := err.(noList); err != nil && !ok {
		t.Fatalf("an error that is not explained: %v", err)
	}
	for _, e := range all {
		if (e.Person == nil) == (e.Fault == "") || usersync.KeyFault(e.Key) != "" || e.Person != nil && e.Person.ID != e.Key {
			t.Fatalf("entry %+v", e)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,title\r\n1,\"a\"\"b\nc\"\r\n2,\"x\"y\n\n3\n4,\"open\n5,z"))
	f.Add([]byte("\xef\xbb\xbfid;active;attributes.x\n1;yes;\xff\n\"2\";;\r"))
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { holds(t, ".csv", text) })
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`[{"id":"1","name":{"givenName":"a\"]"}}, 7, {"id":"\ud83d"}, null]`))
	f.Add([]byte(`[[{]}, "x", {"id":1,"x":{}} ] `))
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { holds(t, ".json", text) })
}

func FuzzJSONLines(f *testing.F) {
	f.Add([]byte("{\"id\":\"1\"}\r\n\n{\"id\":2}\n7\n{\"id\":\"3\"} x\n{\"id\":\"4\""))
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { holds(t, ".jsonl", text) })
}

func TestWhatOthersWriteAsCSVIsReadAsItWas(t *testing.T) {
	texts := rapid.StringMatching(`[ ,;"'\nA-Zåø]{0,8}`)
	rapid.Check(t, func(r *rapid.T) {
		want := make([]usersync.Person, rapid.IntRange(0, 30).Draw(r, "people"))
		for i := range want {
			p := &want[i]
			p.ID, p.UserName = fmt.Sprint("id ", i), texts.Draw(r, "userName")
			p.DisplayName, p.Phones.Mobile = texts.Draw(r, "displayName"), texts.Draw(r, "mobile")
			p.Addresses.Work.Locality = texts.Draw(r, "locality")
		}
		all, err := listed(".csv", bytes.NewReader(written(t, ".csv", want, nil)))
		if err != nil || len(all) != len(want) {
			r.Fatalf("%d entries, error %v, want %d", len(all), err, len(want))
		}
		for i, e := range all {
			if !reflect.DeepEqual(e.Person, &want[i]) {
				r.Fatalf("%+v (%s), want %+v", e.Person, e.Fault, want[i])
			}
		}
	})
}

func TestAStrayQuoteCostsItsOwnRowAlone(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(r, "rows")
		stray := rapid.IntRange(0, n-1).Draw(r, "stray")
		var text strings.Builder
		text.WriteString("id,userName,title\n")
		for i := range n {
			quote := ""
			if i == stray {
				quote = `"`
			}
			fmt.Fprintf(&text, "%d,%sname %d,%s\n", i, quote, i, rapid.SampledFrom([]string{"", "x", `"quoted, text"`, `in"ch`}).Draw(r, "title"))
		}
		all, err := listed(".csv", strings.NewReader(text.String()))
		if err != nil {
			r.Fatal(err)
		}
		usable := map[string]bool{}
		for _, e := range all {
			usable[e.Key] = e.Person != nil
		}
		for i := range n {
			if usable[fmt.Sprint(i)] != (i != stray) || len(all) != n {
				r.Fatalf("row %d is not as it should be: %s", i, told(all))
			}
		}
	})
}

// people is a CSV of n people that is never whole in memory.
func people(n int) io.Reader {
	block := written(nil, ".csv", connectortest.People(1000), nil)
	head, rows, _ := bytes.Cut(block, []byte("\n"))
	readers := []io.Reader{bytes.NewReader(head), strings.NewReader("\n")}
	for range n / 1000 {
		readers = append(readers, bytes.NewReader(rows), strings.NewReader("\n"))
	}
	return io.MultiReader(readers...)
}

func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	peak := func(n int) (most uint64) {
		l, err := (&opened{form: form{format: ".csv"}, text: people(n)}).list()
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			if _, err := l.next(); err == io.EOF {
				return most
			} else if err != nil {
				t.Fatal(err)
			}
			if i%20000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}
	if small, large := peak(1000), peak(200_000); large > small+1<<20 {
		t.Errorf("%d bytes for 1,000 people, %d for 200,000", small, large)
	}
}

func TestAPageOfLongElementsIsShort(t *testing.T) {
	text := "id,title\n" + strings.Repeat("7,"+strings.Repeat("x", 900_000)+"\n", 12)
	seen := 0
	err := stored(t, "p.csv", []byte(text)).Stream(context.Background(), func(p usersync.Page) error {
		seen += len(p.Entries)
		if len(p.Entries) > 2 {
			t.Errorf("a page of %d entries of 900,000 bytes", len(p.Entries))
		}
		return nil
	})
	if err != nil || seen != 12 {
		t.Errorf("%d entries, error %v", seen, err)
	}
}

func BenchmarkStream(b *testing.B) {
	const n = 20_000
	for _, format := range []string{".csv", ".json", ".jsonl", ".csv.gz", ".csv.zst"} {
		b.Run(format, func(b *testing.B) {
			f, _ := formOf("p" + format)
			s := stored(b, "p"+format, compressed(b, f.compression, written(b, f.format, connectortest.People(n), nil)))
			for b.Loop() {
				if all, err := entries(b, s); err != nil || len(all) != n {
					b.Fatalf("%d entries, error %v", len(all), err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}
