package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// removing is a scripted target that can switch records off and on, and delete them.
type removing struct {
	*scripted
	off map[string]bool
}

func (r *removing) change(op, id string, do func()) error {
	r.mu.Lock()
	code := r.records[id].Text("code")
	r.mu.Unlock()
	return r.request(op, code, func() error {
		if _, there := r.records[id]; !there {
			return errNotFound()
		}
		do()
		return nil
	})
}

func (r *removing) Deactivate(_ context.Context, id string) error {
	return r.change("deactivate", id, func() { r.off[id] = true })
}

func (r *removing) Activate(_ context.Context, id string) error {
	return r.change("activate", id, func() { delete(r.off, id) })
}

func (r *removing) Delete(_ context.Context, id string) error {
	return r.change("delete", id, func() { delete(r.records, id) })
}

// leaving is a world with such a target and a policy.
type leaving struct {
	*world
	target *removing
	policy usersync.Leavers
}

func newLeaving(t tester, policy usersync.Leavers) *leaving {
	w := newWorld(t, usersync.TargetTraits{UpsertsByKey: true, CanLookUp: true, MaxInFlight: 4, TimeOut: 30})
	l := &leaving{world: w, target: &removing{w.target, map[string]bool{}}, policy: policy}
	w.engine.Connectors = l
	return l
}

func (l *leaving) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return l.target, mapper{}, nil
}

func (l *leaving) start(entries ...usersync.Entry) Ref {
	l.source = &listed{pages: [][]usersync.Entry{entries[:len(entries)/2], entries[len(entries)/2:]}}
	ref := l.begin(false)
	job := l.store.jobs[ref.Job]
	job.Settings.Leavers = l.policy
	l.store.jobs[ref.Job] = job
	return ref
}

func (l *leaving) run(entries ...usersync.Entry) (usersync.Job, error) {
	ref := l.start(entries...)
	err := l.drive(ref, NextFetch)
	l.clock.Advance(time.Minute)
	if err != nil {
		if failed := l.engine.Finish(l.t.Context(), ref, usersync.Public(err)); failed != nil {
			l.t.Fatal(failed)
		}
	}
	return l.store.jobs[ref.Job], err
}

// here are the codes of the records that are there and on.
func (l *leaving) here() string {
	var codes []string
	for id, r := range l.target.records {
		if !l.target.off[id] {
			codes = append(codes, strings.TrimPrefix(r.Text("code"), "c-"))
		}
	}
	slices.Sort(codes)
	return strings.Join(codes, " ")
}

func TestWhoLeftIsRemovedAsThePolicySays(t *testing.T) {
	for policy, want := range map[usersync.Policy]string{"": "a b c d", usersync.Keep: "a b c d", usersync.Deactivate: "a b", usersync.Delete: "a b"} {
		l := newLeaving(t, usersync.Leavers{Then: policy, AtMost: 2})
		l.run(person("a", "A"), person("b", "B"), person("c", "C"), person("d", "D"))
		job, err := l.run(person("a", "A"), person("b", "B2"), inactive("d"))
		if err != nil || l.here() != want {
			t.Fatalf("%q: %v, here are %s", policy, err, l.here())
		}
		counts := usersync.Counts{Found: 3, Updated: 1, Unchanged: 1, Skipped: 1}
		if want == "a b" {
			counts.Removed = 2
		}
		if job.Counts != counts {
			t.Errorf("%q: %+v, want %+v", policy, job.Counts, counts)
		}
		if again, err := l.run(person("a", "A"), person("b", "B2"), inactive("d")); err != nil || again.Counts.Removed != 0 {
			t.Errorf("%q: the night after, %+v: %v", policy, again.Counts, err)
		}
		back, err := l.run(person("a", "A"), person("b", "B2"), person("c", "C"), person("d", "D"))
		if err != nil || l.here() != "a b c d" || back.Counts.Failed > 0 {
			t.Errorf("%q: back are %s, %+v: %v", policy, l.here(), back.Counts, err)
		}
	}
}

func TestMoreLeaversThanTheGuardAllowsRemoveNobody(t *testing.T) {
	all := []usersync.Entry{person("a", "A"), person("b", "B"), person("c", "C"), person("d", "D"), person("e", "E"), person("f", "F"), person("g", "G"), person("h", "H"), person("i", "I"), person("j", "J")}
	for name, c := range map[string]struct {
		policy usersync.Leavers
		left   int
		fails  string
	}{
		"a share that is kept":     {usersync.Leavers{Then: usersync.Delete, Percent: 20}, 2, ""},
		"a share that is exceeded": {usersync.Leavers{Then: usersync.Delete, Percent: 20}, 3, "3 of 10 linked people have left, more than the 20% that leavers.atMost allows; nobody was removed"},
		"a number":                 {usersync.Leavers{Then: usersync.Deactivate, AtMost: 3}, 4, "4 of 10 linked people have left, more than the 3 that leavers.atMost allows; nobody was removed"},
		"nobody at all":            {usersync.Leavers{Then: usersync.Deactivate}, 1, "1 of 10 linked people have left, more than the 0 that leavers.atMost allows; nobody was removed"},
		"everybody":                {usersync.Leavers{Then: usersync.Delete, Percent: 100}, 10, "the source listed nobody, although 10 people are linked; nothing was changed"},
	} {
		l := newLeaving(t, c.policy)
		l.run(all...)
		job, err := l.run(all[c.left:]...)
		if (err != nil) != (c.fails != "") || err != nil && err.Error() != c.fails {
			t.Errorf("%s: %v", name, err)
		}
		if gone := 10 - len(strings.Fields(l.here())); gone != job.Counts.Removed || gone > 0 && c.fails != "" {
			t.Errorf("%s: %d are gone, %+v", name, gone, job.Counts)
		}
	}
}

func TestARecordThatWasThereBeforeIsNotDeleted(t *testing.T) {
	l := newLeaving(t, usersync.Leavers{Then: usersync.Delete, Percent: 100})
	l.world.target.records["old"], l.world.target.ids["c-a"] = record("code", "c-a", "name", "Old"), "old"
	l.run(person("a", "A"), person("b", "B"), person("c", "C"))
	job, err := l.run(person("c", "C"))
	if err != nil || l.here() != "a c" || job.Counts.Removed != 1 {
		t.Fatalf("%v: here are %s, %+v", err, l.here(), job.Counts)
	}
	if got := fmt.Sprint(l.outcomes(job.ID)); !strings.Contains(got, "{a skipped [] "+reasonTheirs+"}") || !strings.Contains(got, "{b removed [] no longer listed}") {
		t.Errorf("%s", got)
	}
	if again, _ := l.run(person("c", "C")); len(l.outcomes(again.ID)) != 0 {
		t.Errorf("the night after tells of it again: %v", l.outcomes(again.ID))
	}
}

func TestALeaverWhomTheTargetKeepsDoesNotStopTheOthers(t *testing.T) {
	l := newLeaving(t, usersync.Leavers{Then: usersync.Delete, Percent: 100})
	l.run(person("a", "A"), person("b", "B"), person("c", "C"))
	l.world.target.answer = func(op, code string) (bool, error) {
		if op == "delete" && code == "c-a" {
			return false, usersync.E(usersync.Rejected, "it has bookings")
		}
		return true, nil
	}
	job, err := l.run(person("c", "C"))
	if err != nil || job.Status != usersync.Completed || job.Counts.Removed != 1 || job.Counts.Failed != 0 || l.here() != "a c" {
		t.Fatalf("%v: %+v, here are %s", err, job, l.here())
	}
	if job.Error != "of those who left 1 could not be removed; the outcomes say who and why" {
		t.Errorf("%q", job.Error)
	}
	if got := fmt.Sprint(l.outcomes(job.ID)); !strings.Contains(got, "{a failed [] it has bookings}") {
		t.Error(got)
	}
}

// TestNoCrashWhileRemovingChangesWhatComesOut dies at any call while people leave and come back.
func TestNoCrashWhileRemovingChangesWhatComesOut(t *testing.T) {
	names := strings.Split("abcdefghij", "")
	rapid.Check(t, func(rt *rapid.T) {
		policy := usersync.Leavers{Then: rapid.SampledFrom([]usersync.Policy{usersync.Deactivate, usersync.Delete}).Draw(rt, "policy"), Percent: 100}
		draw := func(label string) []usersync.Entry {
			entries := []usersync.Entry{person("always", "A")}
			for _, n := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(rt, label) {
				if rapid.IntRange(0, 4).Draw(rt, "shape") == 0 {
					entries = append(entries, inactive(n))
				} else {
					entries = append(entries, person(n, strings.ToUpper(n)))
				}
			}
			return entries
		}
		nights := [][]usersync.Entry{draw("first"), draw("second"), draw("third")}
		refused := rapid.SampledFrom(names).Draw(rt, "refused")
		play := func(at int, after bool) (*leaving, usersync.Job) {
			l := newLeaving(rt, policy)
			l.world.target.answer = func(op, code string) (bool, error) {
				if op == "delete" && code == "c-"+refused {
					return false, usersync.E(usersync.Rejected, "it has bookings")
				}
				return true, nil
			}
			l.run(nights[0]...)
			l.run(nights[1]...)
			ref := l.start(nights[2]...)
			l.store.calls = 0
			if at > 0 {
				l.store.arm(at, after)
			}
			err := l.drive(ref, NextFetch)
			l.store.mend()
			if err != nil && at > 0 {
				err = l.drive(ref, NextFetch)
			}
			if err != nil {
				rt.Fatalf("crash at %d: %v", at, err)
			}
			return l, l.store.jobs[ref.Job]
		}
		calm, want := play(0, false)
		at := rapid.IntRange(1, calm.store.calls).Draw(rt, "crash at")
		l, got := play(at, rapid.Bool().Draw(rt, "carried out"))
		if got.Counts != want.Counts || got.Error != want.Error || l.here() != calm.here() {
			rt.Fatalf("crash at %d: %+v %q with %s, want %+v %q with %s", at, got.Counts, got.Error, l.here(), want.Counts, want.Error, calm.here())
		}
		outcomes := func(l *leaving, job usersync.Job) map[string]int {
			all := map[string]int{}
			for _, o := range l.outcomes(job.ID) {
				all[fmt.Sprint(o)]++
			}
			return all
		}
		if a, b := outcomes(l, got), outcomes(calm, want); !maps.Equal(a, b) {
			rt.Fatalf("crash at %d: outcomes %v, want %v", at, a, b)
		}
		keys := func(l *leaving) []string {
			return slices.Sorted(func(yield func(string) bool) {
				for _, link := range l.store.links {
					yield(fmt.Sprint(link.Key, " ", isOff(&link.Link)))
				}
			})
		}
		if !slices.Equal(keys(l), keys(calm)) {
			rt.Fatalf("crash at %d: links %v, want %v", at, keys(l), keys(calm))
		}
	})
}
