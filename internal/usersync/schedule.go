package usersync

import (
	"strconv"
	"time"
	_ "time/tzdata" // zones are known also where the machine has no list of them
)

// Schedule says at what time of day, where, a company is synced by itself.
type Schedule struct {
	At   string `json:"at"`   // the time of day: 00:00 to 23:59
	Zone string `json:"zone"` // an IANA time zone such as Europe/Stockholm
}

// Check says in one clause what is wrong with each part; empty where nothing is.
func (s Schedule) Check() (at, zone string) {
	if _, _, ok := s.clock(); !ok {
		at = "this must be a time of day from 00:00 to 23:59"
	}
	if _, err := s.location(); err != nil {
		zone = "this is no time zone such as Europe/Stockholm"
	}
	return at, zone
}

// Last is the last moment at which the company was due, not after now; night names it, the same for
// every caller: the day by the zone's calendar. Each day has exactly one such moment: a time of day that
// the day has twice (the clocks are put back) is the first of them, and one that it lacks (they are
// put forward) is the moment at which the clocks jump over it. ok is false where the schedule is none.
func (s Schedule) Last(now time.Time) (due time.Time, night string, ok bool) {
	hour, minute, valid := s.clock()
	zone, err := s.location()
	if !valid || err != nil {
		return time.Time{}, "", false
	}
	year, month, day := now.In(zone).Date()
	for back := 0; ; back++ {
		due = onDay(year, month, day-back, hour, minute, zone)
		if !due.After(now) {
			date := time.Date(year, month, day-back, 0, 0, 0, 0, time.UTC)
			return due.UTC(), date.Format(time.DateOnly), true
		}
	}
}

// onDay is the moment of a time of day on one day of the zone's calendar.
func onDay(year int, month time.Month, day, hour, minute int, zone *time.Location) time.Time {
	moment := time.Date(year, month, day, hour, minute, 0, 0, zone)
	// Of a time that there is twice, Date may give the second: an hour or so before, the clock showed it too.
	start, _ := moment.ZoneBounds()
	if !start.IsZero() {
		_, offset := moment.Zone()
		_, before := start.Add(-time.Second).Zone()
		if earlier := moment.Add(time.Duration(offset-before) * time.Second); earlier.Before(start) && offset < before {
			return earlier
		}
	}
	if h, m, _ := moment.Clock(); h == hour && m == minute {
		return moment
	}
	// The clocks jumped over it. Date has gone by the offset on one side of the jump, which is at one end
	// of the zone's period that it ended up in.
	start, end := moment.ZoneBounds()
	if !end.IsZero() && end.Sub(moment) < moment.Sub(start) {
		return end
	}
	return start
}

// clock reads the time of day.
func (s Schedule) clock() (hour, minute int, ok bool) {
	if len(s.At) != 5 || s.At[2] != ':' {
		return 0, 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s.At[i] < '0' || s.At[i] > '9' {
			return 0, 0, false
		}
	}
	hour, _ = strconv.Atoi(s.At[:2])
	minute, _ = strconv.Atoi(s.At[3:])
	return hour, minute, hour < 24 && minute < 60
}

// location is the schedule's zone; the machine's own is none.
func (s Schedule) location() (*time.Location, error) {
	if s.Zone == "" || s.Zone == "Local" {
		return nil, E(Validation, "the zone is missing")
	}
	return time.LoadLocation(s.Zone)
}
