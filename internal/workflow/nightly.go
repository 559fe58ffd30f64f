package workflow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	// lookBack is how late a night may still be started. It is shorter than an Idempotency-Key is kept,
	// also on a day of 25 hours, so that no night is started twice.
	lookBack = 22 * time.Hour
	// startPause lies between two nights' starts: of thousands that are due at once some ten start a second.
	startPause = 100 * time.Millisecond
	// nightMargin is what a look leaves of its context's time for its end.
	nightMargin = 10 * time.Second
)

// Nightly starts the companies whose time has come.
//
//	looked until ───────────── now
//	      │  due   due    due   │    each started once, by the name of its night
//	      └── moves to now, or to before the first whose start is not known to have been dealt with
type Nightly struct {
	Schedules usersync.Schedules
	Nights    usersync.Nights
	Starter   usersync.Starter
	Clock     usersync.Clock
	Log       *slog.Logger
}

// Looked says what came of one look.
type Looked struct {
	Due     int // companies whose time had come since the last look
	Started int // of them; also those that an earlier look had started
	Running int // skipped, since a job of theirs was running
	Refused int // cannot be started as they are; the log says why
	Later   int // left to the next look
}

// due is a company whose time has come.
type due struct {
	company usersync.CompanyID
	at      time.Time
	night   string
}

// Look starts the companies that have become due since the last look, in the order of their times and
// at a pace. A company whose job runs is skipped, one that cannot be started is passed over; one of
// which it is not known is left to the next look, and so are the rest where the context's time is about
// to end. A first look finds nobody due. Two looks at once start nobody twice. Errors: those of the
// stores; Unavailable where companies were left to the next look because of a fault.
func (n *Nightly) Look(ctx context.Context) (Looked, error) {
	now := n.Clock.Now()
	before, err := n.Nights.LookedUntil(ctx)
	if err != nil {
		return Looked{}, err
	}
	since := before
	if before.IsZero() {
		since = now
	}
	timetables, err := n.Schedules.Timetables(ctx)
	if err != nil {
		return Looked{}, err
	}
	all := dueBetween(timetables, latest(since, now.Add(-lookBack)), now)
	looked, until, fault := n.startAll(ctx, all, now)
	if looked.Due > 0 {
		n.Log.InfoContext(ctx, "nights looked after", "due", looked.Due, "started", looked.Started,
			"running", looked.Running, "refused", looked.Refused, "later", looked.Later)
	}
	if until.After(before) {
		err = n.Nights.SaveLookedUntil(ctx, before, until)
		if usersync.Is(err, usersync.Conflict) { // somebody else has looked meanwhile, and started the same nights
			err = nil
		}
	}
	if err == nil && fault {
		err = usersync.E(usersync.Unavailable, "companies that are due could not all be started; the next look tries again")
	}
	return looked, err
}

// dueBetween are the companies that became due after since and not after now, in the order of their
// times. Settings that were put after their time are for the next day.
func dueBetween(timetables []usersync.Timetable, since, now time.Time) []due {
	var all []due
	for _, t := range timetables {
		at, night, ok := t.Schedule.Last(now)
		if ok && at.After(since) && !at.Before(t.Since) {
			all = append(all, due{t.Company, at, night})
		}
	}
	slices.SortFunc(all, func(a, b due) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.company, b.company))
	})
	return all
}

// startAll starts one after the other; until is the moment up to which all have been dealt with, and
// fault says that one could not be for a reason that may pass.
func (n *Nightly) startAll(ctx context.Context, all []due, now time.Time) (l Looked, until time.Time, fault bool) {
	l.Due, until = len(all), now
	later := func(d due) {
		l.Later++
		until = earliest(until, d.at.Add(-time.Nanosecond))
	}
	for _, d := range all {
		if n.outOfTime(ctx) {
			later(d)
			continue
		}
		job, err := n.Starter.Start(ctx, usersync.StartRequest{
			Company: d.company, IdempotencyKey: nightKey(d.night), Body: sha256.Sum256([]byte(d.night)),
		})
		switch code := usersync.CodeOf(err); {
		case err == nil:
			l.Started++
			if !job.CreatedAt.Before(now) && n.Clock.Wait(ctx, startPause) != nil {
				continue
			}
		case code == usersync.Conflict:
			l.Running++
			n.Log.WarnContext(ctx, "a company was due while a job of it was running: its night is skipped", "company", d.company, "night", d.night)
		case code == usersync.Unavailable || code == usersync.Throttled || code == usersync.Internal:
			fault = true
			later(d)
			n.Log.ErrorContext(ctx, "a company that is due could not be started, which the next look tries again", "company", d.company, "night", d.night, "code", code)
		default:
			l.Refused++
			n.Log.ErrorContext(ctx, "a company that is due cannot be started", "company", d.company, "night", d.night, "code", code, "error", usersync.Public(err))
		}
	}
	return l, until, fault
}

// nightKey is the name that makes a night start once. A client's Idempotency-Key never has a space.
func nightKey(night string) string { return "night " + night }

// outOfTime reports whether the context has ended or is about to.
func (n *Nightly) outOfTime(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return ctx.Err() != nil || bounded && n.Clock.Now().Add(nightMargin).After(deadline)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
