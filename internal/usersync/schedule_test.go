package usersync_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

func TestEachDayIsDueOnceAlsoWhenTheClocksChange(t *testing.T) {
	zone := func(name string) *time.Location {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, c := range []struct {
		why, at, zone, now, due, night string
	}{
		{"a day like any other", "02:15", "Europe/Stockholm", "2026-11-26T11:30:00Z", "2026-11-26T01:15:00Z", "2026-11-26"},
		{"not yet today", "23:00", "Europe/Stockholm", "2026-11-26T11:30:00Z", "2026-11-25T22:00:00Z", "2026-11-25"},
		{"at the very moment", "02:15", "Europe/Stockholm", "2026-11-26T01:15:00Z", "2026-11-26T01:15:00Z", "2026-11-26"},
		{"a time that spring jumps over", "02:15", "Europe/Stockholm", "2026-03-29T11:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29"},
		{"a moment before spring jumps", "02:15", "Europe/Stockholm", "2026-03-29T00:59:59Z", "2026-03-28T01:15:00Z", "2026-03-28"},
		{"a time that autumn has twice, after the first", "02:15", "Europe/Stockholm", "2026-10-25T00:20:00Z", "2026-10-25T00:15:00Z", "2026-10-25"},
		{"the same, after the second", "02:15", "Europe/Stockholm", "2026-10-25T01:20:00Z", "2026-10-25T00:15:00Z", "2026-10-25"},
		{"west of Greenwich, spring", "02:30", "America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08"},
		{"west of Greenwich, autumn", "01:30", "America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01"},
		{"clocks that change at midnight", "00:10", "Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24"},
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		due, night, ok := usersync.Schedule{At: c.at, Zone: c.zone}.Last(now)
		if got := due.Format(time.RFC3339); !ok || got != c.due || night != c.night {
			t.Errorf("%s: due %s of %s, not %s of %s", c.why, got, night, c.due, c.night)
		}
	}
	zones := []string{"Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC", "America/St_Johns"}
	rapid.Check(t, func(t *rapid.T) {
		s := usersync.Schedule{At: time.Unix(rapid.Int64Range(0, 86399).Draw(t, "at"), 0).UTC().Format("15:04"), Zone: rapid.SampledFrom(zones).Draw(t, "zone")}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "now"), 0).UTC()
		due, night, ok := s.Last(now)
		if !ok || due.After(now) || now.Sub(due) > 26*time.Hour {
			t.Fatalf("%+v at %v: due %v", s, now, due)
		}
		if day := due.In(zone(s.Zone)).Format(time.DateOnly); day != night {
			t.Fatalf("%+v: the night %s is due on %s", s, night, day)
		}
		if again, same, _ := s.Last(due); !again.Equal(due) || same != night {
			t.Fatalf("%+v: at the moment %v itself, %v of %s is due", s, due, again, same)
		}
		if before, earlier, _ := s.Last(due.Add(-time.Nanosecond)); !before.Before(due) || earlier >= night {
			t.Fatalf("%+v: a moment before %v, %v of %s is due", s, due, before, earlier)
		}
	})
}
