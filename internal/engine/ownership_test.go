package engine

import (
	"context"
	"strconv"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// repeating is a target that answers every second create with the id of the one before.
type repeating struct {
	*scripted
	last string
}

func (r *repeating) Create(ctx context.Context, rec usersync.Record) (usersync.Written, error) {
	w, err := r.scripted.Create(ctx, rec)
	if err != nil {
		return w, err
	}
	if r.last != "" {
		w.ID, r.last = r.last, ""
	} else {
		r.last = w.ID
	}
	return w, nil
}

type repeatingWorld struct {
	*world
	target *repeating
}

func (w repeatingWorld) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return w.target, mapper{}, nil
}

func TestARecordThatIsAnothersIsNobodyElsesWhateverTheTargetAnswers(t *testing.T) {
	for kind, traits := range kinds {
		traits.MaxInFlight = 1
		w := newWorld(t, traits)
		w.engine.Connectors = repeatingWorld{w, &repeating{scripted: w.target}}
		job := w.sync(people(0, 10))
		if job.Status != usersync.Completed || job.Counts.Created != 5 || job.Counts.Failed != 5 {
			t.Fatalf("%s: %s, %+v", kind, job.Status, job.Counts)
		}
		owners := map[string]string{}
		for _, link := range w.store.links {
			if other := owners[link.Target]; other != "" && link.Target != "" {
				t.Errorf("%s: %s and %s have one record", kind, other, link.Key)
			}
			owners[link.Target] = link.Key
		}
		for _, o := range w.outcomes(job.ID) {
			if o.Action == usersync.Refused && o.Reason != reasonOthers {
				t.Errorf("%s: %+v", kind, o)
			}
		}
	}
}

func TestALookUpThatFindsAnothersRecordWritesNothing(t *testing.T) {
	w := newWorld(t, kinds["can look up"])
	w.sync(people(0, 1))
	theirs := w.target.find("c-p000")
	w.target.answer = func(op, code string) (bool, error) {
		if op == "create" {
			w.target.ids[code] = theirs // what a search that finds too much does
			w.target.records[theirs] = record("code", code, "name", "as p000 is")
			return false, unavailable(true)
		}
		return true, nil
	}
	for range 2 {
		job := w.sync(people(0, 2))
		if job.Counts.Failed != 1 || job.Counts.Created != 0 || w.target.count("update") != 0 {
			t.Errorf("%+v after %v", job.Counts, w.target.asked)
		}
		if o := w.outcomes(job.ID); len(o) != 1 || o[0].Reason != reasonOthers {
			t.Errorf("%+v", o)
		}
	}
	if n := w.target.count("create"); n != 2 {
		t.Errorf("%d creates", n)
	}
}

// doubted runs a job in which the create of p003 gets no answer.
func doubted(m *matching, carriedOut bool) usersync.Job {
	lost := false
	m.target.answer = func(op, code string) (bool, error) {
		if op == "create" && code == "c-p003" && !lost {
			lost = true
			return carriedOut, unavailable(true)
		}
		return true, nil
	}
	return m.run(people(0, 5))
}

func TestWhatACreateInDoubtHasLeftIsOursOnlyWhereNobodyHadItsKeyBefore(t *testing.T) {
	for name, tt := range map[string]struct {
		kinds []string
		had   bool // a record with p003's key was there
		want  usersync.Origin
		more  int // updates
	}{
		"surveyed, and ours":      {[]string{usersync.MatchEmail}, false, usersync.OriginCreated, 0},
		"not surveyed, and ours":  {nil, false, usersync.OriginAdopted, 1},
		"not surveyed, and there": {nil, true, usersync.OriginAdopted, 1},
	} {
		m := newMatching(t, tt.kinds...)
		if tt.had {
			m.have("before", "c-p003", "who was there")
		}
		job := doubted(m, !tt.had)
		link := m.store.links[usersync.HashKey("person", "p003")]
		if job.Counts.Created != 5 || link.Origin != tt.want || m.target.count("update") != tt.more || m.target.count("create") != 5 || len(m.target.records) != 5 {
			t.Errorf("%s: %+v, %s, %v", name, job.Counts, link.Origin, m.target.asked)
		}
		if m.target.records[link.Target].Text("name") == "who was there" {
			t.Errorf("%s: the record is as it was before", name)
		}
	}
}

func TestSomebodyInDoubtWhoseKeyHasChangedIsNeverCreatedAgain(t *testing.T) {
	for _, carriedOut := range []bool{true, false} {
		w := newWorld(t, kinds["can look up"])
		was := usersync.Listed(&usersync.Person{ID: "a", UserName: "old", DisplayName: "A"}, 0)
		is := usersync.Listed(&usersync.Person{ID: "a", UserName: "new", DisplayName: "A"}, 0)
		w.target.answer = func(op, code string) (bool, error) {
			if op == "look up" {
				return false, unavailable(false)
			}
			return carriedOut, unavailable(true)
		}
		w.target.check = nil
		w.sync([]usersync.Entry{was}, people(0, 1))
		w.target.answer = nil
		for night := range 3 {
			if night == 2 { // somebody has seen to it by hand
				w.target.records["made"], w.target.ids["new"] = record("code", "new"), "made"
			}
			job := w.sync([]usersync.Entry{is})
			creates := w.target.creates["new"] + w.target.creates["old"]
			if want := map[bool]int{true: 1, false: 0}[carriedOut]; creates != want {
				t.Fatalf("night %s: carried out %v, created %d times", strconv.Itoa(night), carriedOut, creates)
			}
			if failed := job.Counts.Failed == 1; failed == (night == 2) {
				t.Errorf("night %d: %+v, %+v", night, job.Counts, w.outcomes(job.ID))
			}
		}
		link := w.store.links[usersync.HashKey("person", "a")]
		if link.Target != "made" || link.Origin != usersync.OriginAdopted {
			t.Errorf("%+v", link)
		}
		if holder := w.store.reserved[usersync.HashKey("target", "old")]; holder != "" {
			t.Errorf("the old key is still reserved: %v", holder)
		}
	}
}
