package usersynctest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Corpus is what fuzzing has found worth trying: the texts of testdata/corpus/NAME.txt, a Go string a line. What a
// later run finds goes in with a line of its own.
func Corpus(f *testing.F) []string {
	f.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "corpus", f.Name()+".txt"))
	if err != nil {
		f.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(raw)) {
		text, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			f.Fatalf("line %d of the corpus: %v", len(all)+1, err)
		}
		all = append(all, text)
	}
	return all
}
