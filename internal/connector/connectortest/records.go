package connectortest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

func create(t *testing.T, sys System, r usersync.Record) usersync.Written {
	t.Helper()
	w, err := sys.Target.Create(t.Context(), r)
	if err != nil {
		t.Fatalf("Create: %v (code %s)", err, usersync.CodeOf(err))
	}
	return w
}

func update(t *testing.T, sys System, id string, r usersync.Record) {
	t.Helper()
	w, err := sys.Target.Update(t.Context(), id, r)
	if err != nil || w.ID != id {
		t.Fatalf("Update: %v (code %s); same id: %v", err, usersync.CodeOf(err), w.ID == id)
	}
}

func key(t *testing.T, sys System, r usersync.Record) string {
	t.Helper()
	k, err := sys.Target.Key(r)
	if err != nil {
		t.Fatalf("Key: %v (code %s)", err, usersync.CodeOf(err))
	}
	return k
}

// respelt is record number i with its key spelt differently.
func respelt(s Target, i int, spell func(string) string) usersync.Record {
	r := slices.Clone(s.Record(i))
	for j := range r {
		if r[j].Name == s.KeyField {
			text, _ := r[j].Value.(string)
			r[j].Value = spell(text)
		}
	}
	return r
}

// holds fails the test where the system does not hold the record as it is.
func holds(t *testing.T, sys System, id string, r usersync.Record) {
	t.Helper()
	stored := sys.Stored(id)
	if stored == nil {
		t.Fatal("the record is not there")
	}
	for _, f := range r {
		if fmt.Sprint(stored[f.Name]) != fmt.Sprint(f.Value) {
			t.Errorf("%s is stored as %v, want %v", f.Name, stored[f.Name], f.Value)
		}
	}
}

// tellsNothing fails the test where an error's message holds a value of the record.
func tellsNothing(t *testing.T, err error, r usersync.Record) {
	t.Helper()
	for _, f := range r {
		text, _ := f.Value.(string)
		if len(text) > 2 && strings.Contains(err.Error(), text) {
			t.Errorf("the message holds the value of %s", f.Name)
		}
	}
}
