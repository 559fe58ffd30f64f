package workflow

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// nights is all that the nights are looked after with: it notes which nights were started.
type nights struct {
	clock      *usersynctest.Clock
	timetables []usersync.Timetable
	until      time.Time
	keys       map[string]time.Time // company and key → when its claim expires
	started    map[string][]time.Time
	answer     func(usersync.CompanyID) error // before a start
	lostSave   bool
}

func newNights(clock *usersynctest.Clock, timetables ...usersync.Timetable) (*nights, *Nightly) {
	n := &nights{clock: clock, timetables: timetables, keys: map[string]time.Time{}, started: map[string][]time.Time{}}
	return n, &Nightly{Schedules: n, Nights: n, Starter: n, Clock: clock, Log: quiet()}
}

func (n *nights) Timetables(context.Context) ([]usersync.Timetable, error) { return n.timetables, nil }
func (n *nights) LookedUntil(context.Context) (time.Time, error)           { return n.until, nil }

func (n *nights) SaveLookedUntil(_ context.Context, before, now time.Time) error {
	switch {
	case n.lostSave:
		return usersync.E(usersync.Unavailable, "the store did not answer")
	case !n.until.Equal(before):
		return usersync.E(usersync.Conflict, "looked at since")
	}
	n.until = now
	return nil
}

// Start keeps an Idempotency-Key for as long as a store does.
func (n *nights) Start(_ context.Context, r usersync.StartRequest) (usersync.Job, error) {
	if n.answer != nil {
		if err := n.answer(r.Company); err != nil {
			return usersync.Job{}, err
		}
	}
	name := string(r.Company) + " " + r.IdempotencyKey
	now := n.clock.Now()
	if now.Before(n.keys[name]) {
		return usersync.Job{CreatedAt: n.keys[name].Add(-keyTerm)}, nil
	}
	n.keys[name] = now.Add(keyTerm)
	n.started[name] = append(n.started[name], now)
	return usersync.Job{CreatedAt: now}, nil
}

func TestEveryNightIsStartedOnceWhateverLooksAreMissedOrFail(t *testing.T) {
	zones := []string{"Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		clock := usersynctest.NewClock()
		begin := time.Date(2026, 3, 26, 12, 0, 0, 0, time.UTC) // Europe's clocks change on the 29th
		if rapid.Bool().Draw(t, "autumn") {
			begin = time.Date(2026, 10, 22, 12, 0, 0, 0, time.UTC)
		}
		clock.Advance(begin.Sub(clock.Now()))
		var timetables []usersync.Timetable
		for i := range rapid.IntRange(1, 6).Draw(t, "companies") {
			minute := rapid.IntRange(0, 24*60-1).Draw(t, "minute")
			timetables = append(timetables, usersync.Timetable{
				Company:  usersync.CompanyID(fmt.Sprint("company-", i)),
				Schedule: usersync.Schedule{At: fmt.Sprintf("%02d:%02d", minute/60, minute%60), Zone: rapid.SampledFrom(zones).Draw(t, "zone")},
			})
		}
		n, nightly := newNights(clock, timetables...)
		look := func() { _, _ = nightly.Look(context.Background()) } // its faults are this test's own
		look()
		from := n.until
		for clock.Now().Sub(begin) < 6*24*time.Hour {
			clock.Advance(time.Duration(rapid.IntRange(1, 20*60).Draw(t, "minutes to the next look")) * time.Minute)
			n.lostSave = rapid.IntRange(0, 9).Draw(t, "lost") == 0
			n.answer = func(usersync.CompanyID) error {
				if rapid.IntRange(0, 9).Draw(t, "fault") == 0 {
					return usersync.E(usersync.Unavailable, "no answer")
				}
				return nil
			}
			look()
			// Whoever missed much looks again a quarter of an hour later.
			clock.Advance(15 * time.Minute)
			n.lostSave, n.answer = false, nil
			look()
		}
		for _, tt := range timetables {
			for at := n.until; ; at = at.Add(-time.Hour) {
				due, night, _ := tt.Schedule.Last(at)
				if !due.After(from) {
					break
				}
				if starts := n.started[string(tt.Company)+" "+nightKey(night)]; len(starts) != 1 {
					t.Fatalf("%+v: the night %s, due %v, was started at %v", tt, night, due, starts)
				}
			}
		}
	})
}

func TestThousandsDueAtOnceAreSpreadAndTheRestIsLeftToTheNextLook(t *testing.T) {
	clock := usersynctest.NewClock()
	var timetables []usersync.Timetable
	for i := range 5000 {
		timetables = append(timetables, usersync.Timetable{
			Company: usersync.CompanyID(fmt.Sprintf("company-%04d", i)), Schedule: usersync.Schedule{At: "02:00", Zone: "Europe/Stockholm"},
		})
	}
	n, nightly := newNights(clock, timetables...)
	n.until = clock.Now().Add(-2 * time.Hour) // it is 03:15 in Stockholm
	ctx, cancel := context.WithDeadline(t.Context(), clock.Now().Add(4*time.Minute))
	defer cancel()
	looked, err := nightly.Look(deadlineOnly{ctx})
	if err != nil || looked.Started < 2000 || looked.Started+looked.Later != 5000 {
		t.Fatalf("%+v %v", looked, err)
	}
	if took := clock.Waited(); took < time.Duration(looked.Started)*startPause {
		t.Errorf("%d starts took %v", looked.Started, took)
	}
	again, err := nightly.Look(t.Context())
	if err != nil || again.Started != 5000 || again.Later != 0 || len(n.started) != 5000 {
		t.Errorf("then %+v %v, %d started in all", again, err, len(n.started))
	}
	if !n.until.After(clock.Now().Add(-15 * time.Minute)) {
		t.Errorf("looked until %v", n.until)
	}
}

// deadlineOnly has a context's deadline, which passes by the test's clock and not by the machine's.
type deadlineOnly struct{ context.Context }

func (deadlineOnly) Done() <-chan struct{} { return nil }
func (deadlineOnly) Err() error            { return nil }

func TestWhoRunsIsSkippedAndWhoCannotStartHoldsNobodyUp(t *testing.T) {
	clock := usersynctest.NewClock()
	schedule := usersync.Schedule{At: "02:00", Zone: "UTC"}
	n, nightly := newNights(clock, usersync.Timetable{Company: "running", Schedule: schedule}, usersync.Timetable{Company: "bad", Schedule: schedule},
		usersync.Timetable{Company: "good", Schedule: schedule}, usersync.Timetable{Company: "new", Schedule: schedule, Since: clock.Now()},
		usersync.Timetable{Company: "odd", Schedule: usersync.Schedule{At: "25:00", Zone: "UTC"}})
	n.until = clock.Now().Add(-time.Hour)
	n.answer = func(c usersync.CompanyID) error {
		switch c {
		case "running":
			return &usersync.Error{Code: usersync.Conflict, Message: "a job is running", Holder: "x"}
		case "bad":
			return usersync.E(usersync.Settings, "the settings are no longer valid")
		}
		return nil
	}
	now := clock.Now()
	looked, err := nightly.Look(t.Context())
	if err != nil || looked != (Looked{Due: 3, Started: 1, Running: 1, Refused: 1}) || !n.until.Equal(now) {
		t.Errorf("%+v %v, until %v", looked, err, n.until)
	}
	n.until = now.Add(-time.Hour)
	n.answer = func(usersync.CompanyID) error { return usersync.E(usersync.Throttled, "slow down") }
	if looked, err = nightly.Look(t.Context()); !usersync.Is(err, usersync.Unavailable) || looked.Later != 3 || n.until.After(now.Add(-15*time.Minute)) {
		t.Errorf("throttled: %+v %v, until %v", looked, err, n.until)
	}
}
