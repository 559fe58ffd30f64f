package engine

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// story is a target that holds some people already, and then a listing in which things have happened.
type story struct {
	before, now [][]usersync.Entry
	refused     map[string]bool // codes that the target refuses
	gone        map[string]bool // codes whose records somebody has removed from the target
	full        bool
}

// play runs the story; the second job dies at the given call of store or target (0: never) and is taken
// up again from its first step. It returns the world, the job, and the codes whose create was under way.
func (s story) play(t tester, traits usersync.TargetTraits, at int, after bool) (*world, usersync.Job, map[string]bool) {
	w := newWorld(t, traits)
	w.sync(s.before...)
	for id, r := range w.target.records {
		if s.gone[r.Text("code")] {
			delete(w.target.records, id)
		}
	}
	clear(w.target.begun)
	clear(w.target.creates)
	w.target.answer = func(op, code string) (bool, error) {
		if s.refused[code] && op != "look up" {
			return false, usersync.E(usersync.Rejected, "name is refused")
		}
		return true, nil
	}
	w.source = &listed{pages: s.now}
	ref := w.begin(s.full)
	w.store.calls = 0
	if at > 0 {
		w.store.arm(at, after)
	}
	err := w.drive(ref, NextFetch)
	underWay := map[string]bool{}
	if at > 0 && err != nil {
		for code := range w.target.begun {
			link, ok := w.store.links[usersync.HashKey("person", strings.TrimPrefix(code, "c-"))]
			if !ok || link.Target == "" {
				underWay[code] = true
			}
		}
		// A create whose intent is written may be on its way, too.
		for _, link := range w.store.links {
			if link.Target == "" {
				underWay["c-"+link.Key] = true
			}
		}
		w.store.mend()
		err = w.drive(ref, NextFetch)
	}
	if err != nil {
		t.Fatalf("crash at %d (carried out: %v): %v", at, after, err)
	}
	w.store.mend()
	return w, w.store.jobs[ref.Job], underWay
}

// check holds a disturbed run against the undisturbed one.
func (s story) check(t tester, traits usersync.TargetTraits, at int, after bool, undisturbed *world, want usersync.Job) {
	w, got, underWay := s.play(t, traits, at, after)
	for code, n := range w.target.creates {
		if n > 1 {
			t.Fatalf("crash at %d (carried out: %v): %s was created %d times", at, after, code, n)
		}
	}
	wantCounts, wantContent, gotContent := want.Counts, undisturbed.content(), w.content()
	outcomes, wantOutcomes := w.outcomes(got.ID), undisturbed.outcomes(want.ID)
	doubtful := map[string]bool{}
	for _, o := range outcomes {
		code := "c-" + o.Key
		if neither := !traits.CanLookUp && !traits.UpsertsByKey; neither && o.Action == usersync.Refused && underWay[code] {
			// Whether the record is there is what nobody can know.
			delete(wantContent, code)
			delete(gotContent, code)
		}
		if o.Reason != reasonDoubt {
			continue
		}
		if traits.CanLookUp || traits.UpsertsByKey || !underWay[code] {
			t.Fatalf("crash at %d (carried out: %v): %s is in doubt, and was not under way", at, after, o.Key)
		}
		doubtful[o.Key] = true
		wantCounts.Add(usersync.Refused, 1)
	}
	outcomes = slices.DeleteFunc(outcomes, func(o usersync.Outcome) bool { return doubtful[o.Key] })
	wantOutcomes = slices.DeleteFunc(wantOutcomes, func(o usersync.Outcome) bool {
		if doubtful[o.Key] {
			wantCounts.Add(o.Action, -1)
		}
		return doubtful[o.Key]
	})
	if got.Status != usersync.Completed || got.Counts != wantCounts {
		t.Fatalf("crash at %d (carried out: %v): %v %+v, want %+v", at, after, got.Status, got.Counts, wantCounts)
	}
	if !reflect.DeepEqual(outcomes, wantOutcomes) {
		t.Fatalf("crash at %d (carried out: %v): outcomes\n%v, want\n%v", at, after, outcomes, wantOutcomes)
	}
	if !maps.Equal(gotContent, wantContent) {
		t.Fatalf("crash at %d (carried out: %v): target\n%v, want\n%v", at, after, gotContent, wantContent)
	}
}

// everything is a short story in which everything happens.
var everything = story{
	before: [][]usersync.Entry{{person("a", "A"), person("b", "B"), person("c", "C")}, {person("d", "D"), person("gone", "G"), person("left", "L")}},
	now: [][]usersync.Entry{
		{person("a", "A"), person("b", "B2"), person("n1", "N1"), faulty("f1")},
		{person("n1", "again"), inactive("c"), person("n2", "N2"), person("no", "refused"), person("gone", "G2")},
		{},
		{unmappable("u"), person("d", "D2"), faulty("n2"), inactive("new"), {Key: "row:7", Keyless: true, Fault: "id is missing"}},
		{person("n3", "N3"), person("n4", "N4"), person("b", "B3"), person("a", "A")},
	},
	refused: map[string]bool{"c-no": true},
	gone:    map[string]bool{"c-gone": true},
}

func TestACrashAtAnyCallChangesNoCountNoOutcomeAndNoRecord(t *testing.T) {
	for kind, traits := range kinds {
		for _, full := range []bool{false, true} {
			t.Run(kind+" full="+strconv.FormatBool(full), func(t *testing.T) {
				s := everything
				s.full = full
				undisturbed, want, _ := s.play(t, traits, 0, false)
				for at := range undisturbed.store.calls + 5 {
					s.check(t, traits, at+1, false, undisturbed, want)
					s.check(t, traits, at+1, true, undisturbed, want)
				}
			})
		}
	}
}

// drawPages draws people over pages; the same key may come more than once, in any shape.
func drawPages(t *rapid.T, label string, pages int) [][]usersync.Entry {
	entry := rapid.Custom(func(t *rapid.T) usersync.Entry {
		key := "k" + strconv.Itoa(rapid.IntRange(0, 40).Draw(t, "key"))
		switch rapid.IntRange(0, 11).Draw(t, "shape") {
		case 0:
			return faulty(key)
		case 1:
			return inactive(key)
		case 2:
			return unmappable(key)
		}
		return person(key, rapid.SampledFrom([]string{"", "N1", "N2", "N3"}).Draw(t, "name"))
	})
	return rapid.SliceOfN(rapid.SliceOfN(entry, 0, 8), 0, pages).Draw(t, label)
}

func drawCodes(t *rapid.T, label string) map[string]bool {
	codes := map[string]bool{}
	for _, n := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, 4).Draw(t, label) {
		codes["c-k"+strconv.Itoa(n)] = true
	}
	return codes
}

func TestAnyPeopleAndAnyCrashEndAsUndisturbed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := story{
			before: drawPages(rt, "before", 3), now: append(drawPages(rt, "now", 25), []usersync.Entry{person("always", "one")}),
			refused: drawCodes(rt, "refused"), gone: drawCodes(rt, "gone"), full: rapid.Bool().Draw(rt, "full"),
		}
		traits := kinds[rapid.SampledFrom(slices.Sorted(maps.Keys(kinds))).Draw(rt, "kind")]
		undisturbed, want, _ := s.play(rt, traits, 0, false)
		if c := want.Counts; c.Created+c.Updated+c.Unchanged+c.Failed+c.Skipped != c.Found || c.Found != distinct(s.now) {
			rt.Fatalf("%+v do not add up to %d people", c, distinct(s.now))
		}
		at := rapid.IntRange(1, undisturbed.store.calls).Draw(rt, "crash at")
		s.check(rt, traits, at, rapid.Bool().Draw(rt, "carried out"), undisturbed, want)
	})
}

func distinct(pages [][]usersync.Entry) int {
	keys := map[usersync.KeyHash]bool{}
	for _, page := range pages {
		for i := range page {
			keys[page[i].Hash()] = true
		}
	}
	return len(keys)
}
