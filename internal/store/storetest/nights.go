package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// RunNights holds a store to the promises of usersync.Nights; open is as for Run.
func RunNights(t *testing.T, open func(t *testing.T, clock usersync.Clock) (a, b usersync.Nights)) {
	runAll(t, open, []promise[usersync.Nights]{
		{"OfTwoWhoLookedOneMovesTheMoment", ofTwoWhoLookedOneMovesTheMoment},
		{"TheMomentIsKeptToTheNanosecond", theMomentIsKeptToTheNanosecond},
	})
}

func ofTwoWhoLookedOneMovesTheMoment(t *testing.T, p pair[usersync.Nights]) {
	before := get(p.a.LookedUntil(t.Context()))(t)
	if !before.IsZero() {
		t.Fatalf("looked until %v before anybody has", before)
	}
	for range 5 {
		var moved atomic.Int32
		together(10, func(i int) {
			switch err := p.either(i).SaveLookedUntil(t.Context(), before, p.in(time.Duration(i+1)*time.Second)); {
			case err == nil:
				moved.Add(1)
			default:
				wantCode(t, err, usersync.Conflict)
			}
		})
		if moved.Load() != 1 {
			t.Fatalf("%d have moved the moment", moved.Load())
		}
		stands := get(p.b.LookedUntil(t.Context()))(t)
		if !stands.After(before) || stands.After(p.in(10*time.Second)) {
			t.Fatalf("looked until %v", stands)
		}
		wantCode(t, p.a.SaveLookedUntil(t.Context(), before, p.in(time.Minute)), usersync.Conflict)
		noError(t, p.a.SaveLookedUntil(t.Context(), before, stands)) // the winner's, whose answer was lost
		before = stands
		p.clock.Advance(15 * time.Minute)
	}
}

func theMomentIsKeptToTheNanosecond(t *testing.T, p pair[usersync.Nights]) {
	moment := p.in(time.Hour).Add(-time.Nanosecond)
	noError(t, p.a.SaveLookedUntil(t.Context(), time.Time{}, moment))
	if got := get(p.b.LookedUntil(t.Context()))(t); !got.Equal(moment) {
		t.Errorf("%v became %v", moment, got)
	}
}
