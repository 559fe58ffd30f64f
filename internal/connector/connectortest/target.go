package connectortest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// Target is how the suite gets at a target.
type Target struct {
	// Open opens a target over a system of its own that holds nobody yet.
	Open func(t *testing.T) System
	// Record is a record of person number i with at least three fields of text; its key differs from
	// those of the others. Two of the same i are equal.
	Record func(i int) usersync.Record
	// KeyField names the field that Key is made from; empty where the target has no keys. KeyOptional says
	// that a record without it has no key, and is taken all the same.
	KeyField    string
	KeyOptional bool
	// Clears says that a field which has vanished from a record is emptied by Update.
	Clears bool
}

// System is a target and a look behind it.
type System struct {
	Target usersync.Target
	Count  func() int // how many records the system holds
	// Stored is the record with the id, by field; nil where there is none.
	Stored func(id string) map[string]any
	// Remove removes the record with the id behind the target's back. Nil where records cannot vanish.
	Remove func(id string)
	Active func(id string) bool // whether the record is on, of a target that can switch it
}

// RunTarget holds a target against its contract.
func RunTarget(t *testing.T, s Target) {
	run := func(name string, test func(*testing.T, Target, System)) {
		t.Run(name, func(t *testing.T) { test(t, s, s.Open(t)) })
	}
	run("TraitsNeverChangeAndCanBeWorkedWith", traits)
	run("CheckChangesNothing", func(t *testing.T, _ Target, sys System) {
		if err := sys.Target.Check(t.Context()); err != nil || sys.Count() != 0 {
			t.Errorf("Check: %v; %d records afterwards", err, sys.Count())
		}
	})
	run("WhatIsCreatedIsStoredAndWhatIsUpdatedReplacesIt", createUpdate)
	run("UpdateMayBeCalledTwice", func(t *testing.T, s Target, sys System) {
		made := create(t, sys, s.Record(1))
		for range 2 {
			if w, err := sys.Target.Update(t.Context(), made.ID, s.Record(1)); err != nil || w.ID != made.ID {
				t.Fatalf("Update: %v (code %s)", err, usersync.CodeOf(err))
			}
		}
	})
	if s.Open(t).Target.Traits().UpsertsByKey {
		run("CreatingTwiceWithOneKeyLeavesOneRecord", createTwice)
	}
	run("LookUpFindsWhatWasCreatedAndNobodyElse", lookUp)
	run("AnUpdateOfAVanishedRecordSaysSoOrCreatesItAnew", vanished)
	run("AKeyIsTheSameWhateverItsLetterCaseAndSpaces", keyIsFolded)
	run("ARecordWithoutItsKeyIsRejectedWithoutTellingItsValues", keyless)
	run("ACancelledContextEndsTheCallWithItsError", func(t *testing.T, s Target, sys System) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := sys.Target.Create(ctx, s.Record(1)); !errors.Is(err, context.Canceled) || sys.Count() != 0 {
			t.Errorf("error %v, want the context's; %d records", err, sys.Count())
		}
	})
	run("ManyMayWriteAtOnce", concurrent)
	optional(t, s, run)
}

func traits(t *testing.T, _ Target, sys System) {
	first := sys.Target.Traits()
	if first.MaxInFlight < 1 || first.TimeOut < 1 {
		t.Errorf("MaxInFlight %d, TimeOut %d", first.MaxInFlight, first.TimeOut)
	}
	fields := map[string]bool{}
	for _, rule := range first.Mapping {
		if rule.Field == "" || rule.Expr == "" || fields[rule.Field] {
			t.Errorf("the rule for %q is empty or there twice", rule.Field)
		}
		fields[rule.Field] = true
	}
	if again := sys.Target.Traits(); !reflect.DeepEqual(first, again) {
		t.Error("Traits have changed")
	}
}

func createUpdate(t *testing.T, s Target, sys System) {
	r := s.Record(1)
	w := create(t, sys, r)
	if w.Existed || w.ID == "" || len(w.ID) > 256 {
		t.Errorf("a new record existed: %v; its id has %d bytes", w.Existed, len(w.ID))
	}
	holds(t, sys, w.ID, r)

	changed, gone := slices.Clone(r), ""
	for i := range changed {
		if text, ok := changed[i].Value.(string); ok && changed[i].Name != s.KeyField {
			changed[i].Value = text + " 2"
			gone = changed[i].Name
		}
	}
	update(t, sys, w.ID, changed)
	holds(t, sys, w.ID, changed)

	if s.Clears {
		changed = slices.DeleteFunc(changed, func(f usersync.Field) bool { return f.Name == gone })
		update(t, sys, w.ID, changed)
		holds(t, sys, w.ID, changed)
		if v := sys.Stored(w.ID)[gone]; v != nil && v != "" {
			t.Errorf("%s has vanished from the record and is still there", gone)
		}
	}
	if sys.Count() != 1 {
		t.Errorf("%d records, want 1", sys.Count())
	}
}

func createTwice(t *testing.T, s Target, sys System) {
	first := create(t, sys, s.Record(1))
	for _, spelling := range []func(string) string{strings.Clone, strings.ToUpper, func(k string) string { return " " + k + " " }} {
		again := create(t, sys, respelt(s, 1, spelling))
		if !again.Existed || again.ID != first.ID || sys.Count() != 1 {
			t.Errorf("created again: existed %v, same id %v, %d records", again.Existed, again.ID == first.ID, sys.Count())
		}
	}
}

func lookUp(t *testing.T, s Target, sys System) {
	if !sys.Target.Traits().CanLookUp {
		if _, err := sys.Target.LookUp(t.Context(), s.Record(1)); err == nil {
			t.Error("a target that cannot look up has found out that there is nobody")
		}
		return
	}
	made := create(t, sys, s.Record(1))
	create(t, sys, s.Record(2))
	if id, err := sys.Target.LookUp(t.Context(), s.Record(1)); err != nil || id != made.ID {
		t.Errorf("LookUp: error %v; found the right one: %v", err, id == made.ID)
	}
	if id, err := sys.Target.LookUp(t.Context(), s.Record(3)); err != nil || id != "" {
		t.Errorf("LookUp of nobody: id %q, error %v", id, err)
	}
	for _, odd := range []string{`o'/%2e%2e/ ?#&=ø`, ".", ".."} {
		if id, err := sys.Target.LookUp(t.Context(), respelt(s, 3, func(string) string { return odd })); err != nil || id != "" {
			t.Errorf("LookUp of the odd key %s: id %q, error %v", odd, id, err)
		}
	}
}

func vanished(t *testing.T, s Target, sys System) {
	id := "id-that-nobody-has"
	if sys.Remove != nil {
		id = create(t, sys, s.Record(1)).ID
		sys.Remove(id)
	}
	before := sys.Count()
	w, err := sys.Target.Update(t.Context(), id, s.Record(1))
	switch {
	case usersync.Is(err, usersync.NotFound):
		if sys.Count() != before {
			t.Error("not found, and yet written")
		}
	case err != nil:
		t.Errorf("error %v (code %s), want NotFound", err, usersync.CodeOf(err))
	case w.ID == "" || w.ID == id || w.Existed:
		t.Errorf("neither not found nor created anew under another id: existed %v", w.Existed)
	default:
		holds(t, sys, w.ID, s.Record(1))
	}
}

func keyIsFolded(t *testing.T, s Target, sys System) {
	want := key(t, sys, s.Record(1))
	if s.KeyField == "" {
		if want != "" {
			t.Errorf("a target without keys has one")
		}
		return
	}
	if want == "" || want == key(t, sys, s.Record(2)) {
		t.Error("two people have one key, or none")
	}
	for _, spelling := range []func(string) string{strings.ToUpper, strings.ToLower, func(k string) string { return "\t " + k + " " }} {
		if key(t, sys, respelt(s, 1, spelling)) != want {
			t.Error("another spelling of the same key is another key")
		}
	}
}

func keyless(t *testing.T, s Target, sys System) {
	bare := slices.DeleteFunc(s.Record(1), func(f usersync.Field) bool { return f.Name == s.KeyField })
	for _, r := range []usersync.Record{bare, respelt(s, 1, func(string) string { return "  " })} {
		k, err := sys.Target.Key(r)
		if free := s.KeyField == "" || s.KeyOptional; free && (k != "" || err != nil) {
			t.Errorf("a record without a key: key %q, error %v", k, err)
		} else if free {
			continue
		}
		if !usersync.Is(err, usersync.Rejected) {
			t.Fatalf("error %v (code %s), want Rejected", err, usersync.CodeOf(err))
		}
		tellsNothing(t, err, r)
	}
}

func concurrent(t *testing.T, s Target, sys System) {
	upserts := sys.Target.Traits().UpsertsByKey
	var writers sync.WaitGroup
	for i := range 40 {
		writers.Go(func() {
			n := i
			if upserts {
				n = i % 20
			}
			if _, err := sys.Target.Create(t.Context(), s.Record(n)); err != nil {
				t.Errorf("Create: %v (code %s)", err, usersync.CodeOf(err))
			}
		})
	}
	writers.Wait()
	want := 40
	if upserts {
		want = 20
	}
	if sys.Count() != want {
		t.Errorf("%d records, want %d", sys.Count(), want)
	}
}
