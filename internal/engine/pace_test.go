package engine

import (
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestThePaceFallsOnceARoundTripAndGrowsBack(t *testing.T) {
	now := usersynctest.NewClock().Now()
	p := newPace(0, 8)
	round := func() (requests []uint64) {
		for range p.limit {
			requests = append(requests, p.send())
		}
		return requests
	}
	first := round()
	for _, r := range first {
		p.overloaded(r, now, true, 0)
	}
	if p.limit != 4 || p.until.After(now) {
		t.Fatalf("after a round of 429: %d at once, paused for %v", p.limit, p.until.Sub(now))
	}
	for p.limit > 1 {
		if p.overloaded(round()[0], now, true, 0); p.until.After(now) {
			t.Fatalf("everybody waits although there is less to ask for: paused for %v", p.until.Sub(now))
		}
	}
	for want := range 3 {
		p.overloaded(round()[0], now, true, 0)
		if wait := firstBackoff << want; p.until != now.Add(wait) {
			t.Fatalf("paused for %v, want %v", p.until.Sub(now), wait)
		}
	}
	for range 20 {
		p.overloaded(p.send(), now, true, 0)
	}
	if p.limit != 1 || p.until != now.Add(lastBackoff) {
		t.Fatalf("after many: %d at once, paused for %v", p.limit, p.until.Sub(now))
	}
	p.succeeded(first[0])
	if p.backoff != lastBackoff {
		t.Error("an answer to an old request tells of the load before")
	}
	for want := 2; want <= 8; want++ {
		for _, r := range round() {
			p.succeeded(r)
		}
		if p.limit != want {
			t.Fatalf("%d at once, want %d", p.limit, want)
		}
	}
	p.succeeded(p.send())
	for _, r := range round() {
		p.succeeded(r)
	}
	if p.limit != 8 {
		t.Errorf("%d at once is over the setting", p.limit)
	}
	p.overloaded(p.send(), now, false, time.Hour)
	if p.limit != 4 || p.until != now.Add(time.Hour) {
		t.Errorf("a 503 with Retry-After: %d at once, paused for %v", p.limit, p.until.Sub(now))
	}
}
