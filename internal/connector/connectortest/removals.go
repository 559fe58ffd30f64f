package connectortest

import (
	"context"
	"slices"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// optional holds a target to what only some targets can do.
func optional(t *testing.T, s Target, run func(string, func(*testing.T, Target, System))) {
	if _, ok := s.Open(t).Target.(usersync.Surveyor); ok {
		run("ASurveyListsEverybodyOnceByTheValuesOfTheirRecord", surveys)
	}
	if _, ok := s.Open(t).Target.(usersync.Deactivator); ok {
		run("ADeactivatedRecordIsOffAndStaysWholeUntilItIsActivated", switches)
	}
	if _, ok := s.Open(t).Target.(usersync.Deleter); ok {
		run("ADeletedRecordIsGoneAndDeletingItAgainSaysSo", deletes)
	}
}

// switches holds a target to what it promises of switching records off and on.
func switches(t *testing.T, s Target, sys System) {
	deactivator := sys.Target.(usersync.Deactivator)
	off, stays := create(t, sys, s.Record(1)), create(t, sys, s.Record(2))
	for _, step := range []struct {
		name   string
		does   func(context.Context, string) error
		active bool
	}{{"Deactivate", deactivator.Deactivate, false}, {"Activate", deactivator.Activate, true}, {"Deactivate", deactivator.Deactivate, false}} {
		for range 2 {
			if err := step.does(t.Context(), off.ID); err != nil {
				t.Fatalf("%s: %v (code %s)", step.name, err, usersync.CodeOf(err))
			}
			if sys.Active(off.ID) != step.active || !sys.Active(stays.ID) {
				t.Fatalf("after %s the record is on: %v; the other one: %v", step.name, sys.Active(off.ID), sys.Active(stays.ID))
			}
		}
	}
	holds(t, sys, off.ID, s.Record(1))
	if err := deactivator.Deactivate(t.Context(), "id-that-nobody-has"); !usersync.Is(err, usersync.NotFound) {
		t.Errorf("deactivating nobody: %v (code %s)", err, usersync.CodeOf(err))
	}
}

// surveys holds a survey against the records that are there, whatever pages it comes in.
func surveys(t *testing.T, s Target, sys System) {
	surveyor := sys.Target.(usersync.Surveyor)
	const people = 1203
	want := map[string][]usersync.MatchKey{}
	for i := range people {
		r := s.Record(i)
		want[create(t, sys, r).ID] = surveyor.MatchKeys(r)
	}
	found := map[string][]usersync.MatchKey{}
	for at, pages := usersync.Cursor(""), 0; ; pages++ {
		page, err := surveyor.Survey(t.Context(), at)
		if err != nil || pages > people {
			t.Fatalf("the survey at %q: %v", at, err)
		}
		for _, r := range page.Records {
			if _, twice := found[r.ID]; twice {
				t.Fatal("a record is listed twice")
			}
			found[r.ID] = r.Keys
		}
		if page.Last {
			break
		}
		if page.Next == at || len(page.Next) > 4096 {
			t.Fatalf("a cursor of %d bytes after one of %d", len(page.Next), len(at))
		}
		at = page.Next
	}
	if len(found) != people {
		t.Fatalf("%d records are listed, of %d", len(found), people)
	}
	for id, keys := range want {
		if len(keys) == 0 || !slices.Equal(keys, found[id]) {
			t.Fatalf("a record is matched by %d values, and surveyed with %d", len(keys), len(found[id]))
		}
	}
}

func deletes(t *testing.T, s Target, sys System) {
	deleter := sys.Target.(usersync.Deleter)
	gone, stays := create(t, sys, s.Record(1)), create(t, sys, s.Record(2))
	if err := deleter.Delete(t.Context(), gone.ID); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if sys.Stored(gone.ID) != nil || sys.Stored(stays.ID) == nil || sys.Count() != 1 {
		t.Errorf("%d records are left", sys.Count())
	}
	if err := deleter.Delete(t.Context(), gone.ID); !usersync.Is(err, usersync.NotFound) {
		t.Errorf("deleting again: %v (code %s)", err, usersync.CodeOf(err))
	}
}
