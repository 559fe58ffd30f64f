package engine

import (
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// wide can be looked up and takes ten requests at once, so that intents are written ahead of their creates.
var wide = usersync.TargetTraits{CanLookUp: true, MaxInFlight: 10, TimeOut: 30}

func TestWhoseCreateWasNotSentIsNotInDoubt(t *testing.T) {
	w := newWorld(t, wide)
	ahead, sent := 0, 0
	w.store.onLinks = func(links []usersync.Link) {
		for i := range links {
			if links[i].Target == "" {
				ahead++
			}
		}
	}
	w.target.answer = func(op, code string) (bool, error) {
		if sent++; sent == 20 {
			return false, &usersync.Error{Code: usersync.Throttled, Message: "429", RetryAfter: time.Minute}
		}
		return true, nil
	}
	ref := w.fetched(t, people(0, 100))
	step, err := w.engine.Upsert(t.Context(), ref)
	if err != nil || step.Wait < 50*time.Second || ahead <= sent {
		t.Fatalf("%+v, %v; %d intents of %d creates", step, err, ahead, sent)
	}
	for hash, link := range w.store.links {
		if link.Target == "" {
			t.Errorf("an intent has stayed: %s", hash)
		}
	}
	w.clock.Advance(step.Wait)
	if err := w.drive(ref, NextUpsert); err != nil || w.target.count("look up") != 0 || len(w.target.records) != 100 {
		t.Errorf("%v, %d look-ups, %d records", err, w.target.count("look up"), len(w.target.records))
	}
}

func TestNoCreateIsSentUnderAnOldIntent(t *testing.T) {
	now := usersynctest.NewClock().Now()
	for kind, traits := range kinds {
		p := &pool{batch: &batch{traits: traits}}
		for name, c := range map[string]struct {
			task task
			want bool
		}{
			"new":                  {task{}, true},
			"written just now":     {task{intended: true, intent: intent{at: now.Add(-intentAge)}}, false},
			"written too long ago": {task{intended: true, intent: intent{at: now.Add(-intentAge - 1)}}, true},
			"sent, and lost":       {task{intent: intent{at: now}}, true},
			"an update":            {task{link: &usersync.Link{Target: "t"}}, false},
		} {
			if got := p.wantsIntent(&c.task, now); got != (c.want && !traits.UpsertsByKey) {
				t.Errorf("%s, %s: %v", kind, name, got)
			}
		}
	}
}
