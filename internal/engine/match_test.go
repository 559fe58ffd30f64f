package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// surveyed is a scripted target whose records can be listed, two a page; a name is matched like an
// e-mail address, the digits of a code like a phone number.
type surveyed struct {
	*scripted
	surveys int
	onPage  func() error // called before a page, where set
}

func (s *surveyed) MatchKeys(r usersync.Record) []usersync.MatchKey {
	var keys []usersync.MatchKey
	if name := r.Text("name"); name != "" {
		keys = append(keys, usersync.MatchKey{Kind: usersync.MatchEmail, Value: strings.ToLower(name)})
	}
	if digits := strings.Trim(r.Text("code"), "abcdefghijklmnopqrstuvwxyz-"); digits != "" {
		keys = append(keys, usersync.MatchKey{Kind: usersync.MatchPhone, Value: digits})
	}
	return keys
}

func (s *surveyed) Survey(_ context.Context, at usersync.Cursor) (page usersync.SurveyPage, err error) {
	if s.onPage != nil {
		if err := s.onPage(); err != nil {
			return usersync.SurveyPage{}, err
		}
	}
	err = s.burn(func() error {
		s.surveys++
		ids := slices.Sorted(maps.Keys(s.records))
		n, _ := strconv.Atoi(string(at))
		for _, id := range ids[min(n, len(ids)):min(n+2, len(ids))] {
			page.Records = append(page.Records, usersync.Surveyed{ID: id, Keys: s.MatchKeys(s.records[id])})
		}
		page.Next, page.Last = usersync.Cursor(strconv.Itoa(n+2)), n+2 >= len(ids)
		return nil
	})
	return page, err
}

// matching is a world whose target can be surveyed.
type matching struct {
	*world
	survey *surveyed
	kinds  []string
}

func newMatching(t tester, kinds ...string) *matching {
	w := newWorld(t, usersync.TargetTraits{CanLookUp: true, MaxInFlight: 4, TimeOut: 30})
	m := &matching{world: w, survey: &surveyed{scripted: w.target}, kinds: kinds}
	w.engine.Connectors = m
	return m
}

func (m *matching) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return m.survey, mapper{}, nil
}

// have puts a record into the target that was there before usersync.
func (m *matching) have(id, code, name string) {
	m.target.records[id] = record("code", code, "name", name)
	m.target.ids[code] = id
}

// start begins a job over the pages.
func (m *matching) start(pages ...[]usersync.Entry) Ref {
	m.source = &listed{pages: pages}
	clear(m.store.survey) // another job's
	ref := m.begin(false)
	job := m.store.jobs[ref.Job]
	job.Settings.Match = m.kinds
	m.store.jobs[ref.Job] = job
	return ref
}

func (m *matching) run(pages ...[]usersync.Entry) usersync.Job {
	m.t.Helper()
	ref := m.start(pages...)
	if err := m.drive(ref, NextFetch); err != nil {
		m.t.Fatal(err)
	}
	m.clock.Advance(time.Minute)
	return m.store.jobs[ref.Job]
}

func (m *matching) reasons(job usersync.JobID) map[string]string {
	reasons := map[string]string{}
	for _, o := range m.outcomes(job) {
		reasons[o.Key] = string(o.Action) + ": " + o.Reason
	}
	return reasons
}

func TestAPersonWithoutALinkMeetsTheirRecord(t *testing.T) {
	m := newMatching(t, usersync.MatchEmail, usersync.MatchPhone)
	m.have("r1", "old-1", "Ann")
	m.have("r2", "old-2", "Twin")
	m.have("r3", "old-3", "Twin")
	m.have("r4", "old-44", "Other")
	job := m.run([]usersync.Entry{person("a", "ANN"), person("b", "Twin"), person("c44", "Carl"), person("n", "New"), person("z", "Ann")})
	want := map[string]string{
		"a":   "updated: matched by email",
		"b":   "failed: ambiguous by email: the records r2 and r3 match; nothing was written",
		"c44": "updated: matched by phone",
		"n":   "created: not linked yet",
		"z":   "created: not linked yet", // Ann's record was claimed by the first who asked
	}
	if got := m.reasons(job.ID); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if m.target.records["r1"].Text("code") != "c-a" || m.target.records["r4"].Text("name") != "Carl" || m.target.records["r2"].Text("code") != "old-2" {
		t.Errorf("the target holds %v", m.target.records)
	}
	link := m.store.links[usersync.HashKey("person", "a")]
	if link.Target != "r1" || link.Origin != usersync.OriginAdopted {
		t.Errorf("the link is %+v", link)
	}
	if c := job.Counts; c.Updated != 2 || c.Created != 2 || c.Failed != 1 || c.Found != 5 {
		t.Errorf("%+v", c)
	}
	for h := range m.store.survey {
		if h == usersync.HashKey("match email", "ann") || h == usersync.HashKey("email", "ann") {
			t.Error("a survey's value can be guessed without the job's key")
		}
	}
}

func TestARecordThatIsLinkedIsNeverTaken(t *testing.T) {
	m := newMatching(t, usersync.MatchEmail)
	m.run([]usersync.Entry{person("a", "Ann")})
	job := m.run([]usersync.Entry{person("a", "Ann"), person("b", "Ann")})
	if got := m.reasons(job.ID); len(got) != 1 || got["b"] != "created: not linked yet" {
		t.Errorf("%v", got)
	}
	if len(m.target.records) != 2 {
		t.Errorf("%v", m.target.records)
	}
}

func TestTheTargetIsSurveyedOnceAJobAndOnlyWhenSomebodyNeedsIt(t *testing.T) {
	m := newMatching(t, usersync.MatchEmail)
	for i := range 5 {
		m.have("r"+strconv.Itoa(i), "old"+strconv.Itoa(i), "Name"+strconv.Itoa(i))
	}
	var pages [][]usersync.Entry
	for i := range 25 {
		pages = append(pages, []usersync.Entry{person("p"+strconv.Itoa(i), "Name"+strconv.Itoa(i))})
	}
	if m.run(pages...); m.survey.surveys != 3 {
		t.Errorf("a first sync asked for %d pages, not 3", m.survey.surveys)
	}
	m.survey.surveys = 0
	if job := m.run(pages...); m.survey.surveys != 0 || job.Counts.Unchanged != 25 {
		t.Errorf("a sync without news asked for %d pages: %+v", m.survey.surveys, job.Counts)
	}
	off := newMatching(t)
	off.have("r", "old", "Ann")
	if job := off.run([]usersync.Entry{person("a", "Ann")}); off.survey.surveys != 0 || job.Counts.Created != 1 {
		t.Errorf("an empty match asked for %d pages: %+v", off.survey.surveys, job.Counts)
	}
}

func TestASurveyEndsWithItsStepAndWaitsAsItIsAsked(t *testing.T) {
	m := newMatching(t, usersync.MatchEmail)
	for i := range 8 {
		m.have("r"+strconv.Itoa(i), "old"+strconv.Itoa(i), "Name"+strconv.Itoa(i))
	}
	pages, throttled := 0, false
	m.survey.onPage = func() error {
		pages++
		m.clock.Advance(40 * time.Second)
		if pages == 3 && !throttled {
			throttled = true
			return &usersync.Error{Code: usersync.Throttled, Message: "429", RetryAfter: time.Minute}
		}
		return nil
	}
	ref := m.start([]usersync.Entry{person("a", "Name7")})
	var waits, steps int
	for next := NextFetch; next != NextFinish; steps++ {
		step, err := map[Next]func(context.Context, Ref) (Step, error){
			NextFetch: m.engine.Fetch, NextUpsert: m.engine.Upsert, NextSettle: m.engine.Settle,
		}[next](t.Context(), ref)
		if err != nil || steps > 20 {
			t.Fatal(err, steps)
		}
		if step.Wait > 0 {
			waits++
		}
		m.clock.Advance(step.Wait)
		next = step.Next
	}
	if waits != 1 || steps < 5 || m.target.records["r7"].Text("code") != "c-a" {
		t.Errorf("%d steps, %d waits, %v", steps, waits, m.target.records["r7"])
	}
}

func TestAFailedSurveyFailsTheStepAndWritesNobody(t *testing.T) {
	m := newMatching(t, usersync.MatchEmail)
	m.survey.onPage = func() error { return usersync.E(usersync.Malformed, "GET /list was answered with HTML") }
	err := m.drive(m.start([]usersync.Entry{person("a", "Ann")}), NextFetch)
	if !usersync.Is(err, usersync.Malformed) || !strings.HasPrefix(err.Error(), "the target: ") || len(m.target.asked) > 0 {
		t.Errorf("%v after %v", err, m.target.asked)
	}
}

// TestNoCrashWhileMatchingChangesWhatComesOut runs people against records that were there before, dies at
// every call, and goes on.
func TestNoCrashWhileMatchingChangesWhatComesOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"", "A", "B", "C", "D"})
		had := rapid.SliceOfN(name, 0, 6).Draw(rt, "records")
		who := rapid.SliceOfN(name, 1, 8).Draw(rt, "people")
		gone := rapid.IntRange(0, 8).Draw(rt, "vanishes")
		play := func(at int, after bool) (*matching, usersync.Job) {
			m := newMatching(rt, usersync.MatchEmail, usersync.MatchPhone)
			for i, n := range had {
				m.have("r"+strconv.Itoa(i), "old-"+strconv.Itoa(i%4), n)
			}
			var page []usersync.Entry
			for i, n := range who {
				page = append(page, person("p"+strconv.Itoa(i), n))
			}
			m.survey.onPage = nil
			m.target.answer = func(op, code string) (bool, error) {
				if op == "update" && code == "c-p"+strconv.Itoa(gone) && m.target.creates[code] == 0 {
					return false, errNotFound() // the record has vanished since the survey
				}
				return true, nil
			}
			ref := m.start(page[:len(page)/2], page[len(page)/2:])
			m.store.calls = 0
			if at > 0 {
				m.store.arm(at, after)
			}
			err := m.drive(ref, NextFetch)
			if at > 0 && err != nil {
				m.store.mend()
				err = m.drive(ref, NextFetch)
			}
			if err != nil {
				rt.Fatalf("crash at %d: %v", at, err)
			}
			m.store.mend()
			return m, m.store.jobs[ref.Job]
		}
		calm, want := play(0, false)
		at, after := rapid.IntRange(1, calm.store.calls).Draw(rt, "crash at"), rapid.Bool().Draw(rt, "carried out")
		m, got := play(at, after)
		if got.Status != want.Status || got.Counts != want.Counts {
			rt.Fatalf("crash at %d: %+v, want %+v", at, got.Counts, want.Counts)
		}
		if a, b := m.reasons(got.ID), calm.reasons(want.ID); !maps.Equal(a, b) {
			rt.Fatalf("crash at %d: %v, want %v", at, a, b)
		}
		for code, n := range m.target.creates {
			if n > 1 {
				rt.Fatalf("crash at %d: %s was created %d times", at, code, n)
			}
		}
		owners := map[string]string{}
		for _, l := range slices.SortedFunc(maps.Values(m.store.links), func(a, b fencedLink) int { return cmp.Compare(a.Key, b.Key) }) {
			if other := owners[l.Target]; other != "" {
				rt.Fatalf("crash at %d: %s and %s are linked to one record", at, other, l.Key)
			}
			owners[l.Target] = l.Key
		}
	})
}
