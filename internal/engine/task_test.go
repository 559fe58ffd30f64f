package engine

import (
	"testing"
	"time"
)

func TestLinksAreReadStronglyRightAfterAnotherJobAndOnlyThen(t *testing.T) {
	for _, c := range []struct {
		why  string
		rest time.Duration // between the first job's end and the second one's start
		want bool
	}{{"at once", 0, true}, {"a moment later", freshFor - time.Second, true}, {"a night later", 20 * time.Hour, false}} {
		w := newWorld(t, kinds["upserts by key"])
		w.sync(people(0, 3))
		if w.store.strong {
			t.Error("the first job ever reads strongly")
		}
		w.clock.Advance(c.rest - time.Minute) // sync has let a minute pass
		w.sync(people(0, 3))
		if w.store.strong != c.want {
			t.Errorf("%s: strongly: %v", c.why, w.store.strong)
		}
	}
}
