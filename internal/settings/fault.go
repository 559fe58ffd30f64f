package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// Fault is one thing that is wrong with a settings file.
type Fault struct {
	File    string // the file's base name
	Line    int    // from 1
	Column  int    // from 1; 0 where it is not known
	Key     string // such as companies[0].source.clientSecret; empty for the file as a whole
	Message string // holds no value of the file
}

// String is the fault as one line: `usersync.yaml:12: companies[0].id: …`.
func (f Fault) String() string {
	if f.Key == "" {
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Key, f.Message)
}

// Faults are all that is wrong with a file, in the order of its lines. It is an error of code Settings.
type Faults []Fault

// Error is one line for each fault.
func (f Faults) Error() string {
	var text strings.Builder
	for i, fault := range f {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(fault.String())
	}
	return text.String()
}

// Unwrap is the same as a usersync.Error: its text may be shown.
func (f Faults) Unwrap() error { return usersync.E(usersync.Settings, f.Error()) }

func (f Faults) sort() {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
