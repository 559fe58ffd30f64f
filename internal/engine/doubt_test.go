package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

func TestACreateInDoubtIsLookedUpNoSoonerThanItsTimeOut(t *testing.T) {
	for _, done := range []bool{true, false} {
		w := newWorld(t, kinds["can look up"])
		var sent, looked time.Time
		creates := 0
		w.target.answer = func(op, code string) (bool, error) {
			switch {
			case op == "look up":
				looked = w.clock.Now()
			case op == "create" && code == "c-p003":
				if creates++; creates == 1 {
					sent = w.clock.Now()
					return done, unavailable(true)
				}
			}
			return true, nil
		}
		job := w.sync(people(0, 10))
		if job.Counts.Created != 10 || looked.Sub(sent) < 30*time.Second {
			t.Errorf("done %v: %+v, looked up after %v", done, job.Counts, looked.Sub(sent))
		}
		if want := map[bool]int{true: 1, false: 2}[done]; creates != want {
			t.Errorf("done %v: %d creates", done, creates)
		}
		want := map[bool]usersync.Origin{true: usersync.OriginAdopted, false: usersync.OriginCreated}[done]
		if link := w.store.links[usersync.HashKey("person", "p003")]; link.Origin != want || link.Target == "" {
			t.Errorf("done %v: %+v", done, link)
		}
	}
}

func TestWhereTheLoginMayNotLookUpTheOneInDoubtFailsAlone(t *testing.T) {
	w := newWorld(t, kinds["can look up"])
	creates := 0
	w.target.answer = func(op, code string) (bool, error) {
		switch {
		case op == "look up":
			return false, usersync.E(usersync.Forbidden, "GET /users: 403")
		case code == "c-p003":
			creates++
			return true, unavailable(true)
		}
		return true, nil
	}
	if job := w.sync(people(0, 10)); job.Status != usersync.Completed || job.Counts.Created != 9 || job.Counts.Failed != 1 || creates != 1 {
		t.Errorf("%s, %+v after %d creates", job.Status, job.Counts, creates)
	}
}

func TestACreateThatWasSentLateIsLookedUpThatMuchLater(t *testing.T) {
	for _, says := range []bool{true, false} { // the target says when it sent it
		w := newWorld(t, kinds["can look up"])
		var sent, looked time.Time
		w.target.answer = func(op, code string) (bool, error) {
			switch {
			case op == "look up":
				looked = w.clock.Now()
			case code == "c-p003" && sent.IsZero():
				w.clock.Advance(20 * time.Second) // a login, say
				sent = w.clock.Now()
				err := &usersync.Error{Code: usersync.Unavailable, Message: "POST /users: lost", InDoubt: true}
				if says {
					err.Sent = sent
				}
				return true, err
			}
			return true, nil
		}
		if job := w.sync(people(0, 10)); job.Counts.Created != 10 || looked.Sub(sent) < 30*time.Second {
			t.Errorf("%+v, looked up after %v", job.Counts, looked.Sub(sent))
		}
	}
}

func TestADoubtOfARunThatCrashedIsLookedUpNoSoonerThanTheTimeOutEither(t *testing.T) {
	w := newWorld(t, kinds["can look up"])
	ref := w.fetched(t, people(0, 4))
	var sent, looked time.Time
	w.target.answer = func(op, code string) (bool, error) {
		if op == "look up" && looked.IsZero() {
			looked = w.clock.Now()
		}
		if op == "create" && sent.IsZero() {
			sent = w.clock.Now()
			w.store.armed, w.store.at, w.store.after = true, w.store.calls+1, false // the link is never written
		}
		return true, nil
	}
	if _, err := w.engine.Upsert(t.Context(), ref); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	w.store.mend()
	if err := w.drive(ref, NextFetch); err != nil || looked.Sub(sent) < 30*time.Second {
		t.Errorf("%v; looked up %v after it was sent", err, looked.Sub(sent))
	}
	if job := w.store.jobs[ref.Job]; job.Counts.Created != 4 || w.target.count("look up") == 0 || len(w.target.records) != 4 {
		t.Errorf("%+v after %v", job.Counts, w.target.asked)
	}
}

func TestADoubtThatNobodyCanResolveIsNeverCreatedAgainNotEvenByALaterJob(t *testing.T) {
	w := newWorld(t, kinds["neither"])
	w.target.answer = func(op, code string) (bool, error) {
		if code == "c-p003" {
			return true, unavailable(true)
		}
		return true, nil
	}
	for range 2 {
		job := w.sync(people(0, 10))
		if job.Counts.Failed != 1 || !strings.HasPrefix(w.outcomes(job.ID)[min(3, len(w.outcomes(job.ID))-1)].Reason, "in doubt: ") {
			t.Errorf("%+v %+v", job.Counts, w.outcomes(job.ID))
		}
	}
	if w.target.creates["c-p003"] != 1 {
		t.Errorf("created %d times", w.target.creates["c-p003"])
	}
}

func TestARecordFoundInALaterJobIsBroughtUpToDate(t *testing.T) {
	w := newWorld(t, kinds["can look up"])
	w.source = &listed{pages: [][]usersync.Entry{{person("a", "old")}}}
	ref := w.begin(false)
	w.target.answer = func(op, code string) (bool, error) { return op == "create", unavailable(true) }
	if _, err := w.engine.Fetch(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if step, err := w.engine.Upsert(t.Context(), ref); err != nil || step.Wait < 25*time.Second {
		t.Fatal(step, err)
	}
	if err := w.engine.Finish(t.Context(), ref, "ended in the middle"); err != nil {
		t.Fatal(err)
	}
	w.target.answer = nil
	if job := w.sync([]usersync.Entry{person("a", "new")}); job.Counts.Failed != 0 || w.content()["c-a"] != "new" {
		t.Errorf("%+v %v", job.Counts, w.content())
	}
	if w.target.creates["c-a"] != 1 {
		t.Errorf("created %d times", w.target.creates["c-a"])
	}
}
