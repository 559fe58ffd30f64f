package engine

import (
	"errors"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// unansweredYet deals with a request that got no proper answer. The person is tried four times; where a
// create may have been carried out, the target is asked for the record before each new try.
func (p *pool) unansweredYet(t *task, op operation, err error) {
	p.overloaded(t.turn, p.Clock.Now(), false, retryAfter(err))
	p.unanswered++
	if p.work.Err() != nil {
		return // the process ends; the intent says what is in doubt
	}
	t.last = err
	tried := &t.attempts
	switch op {
	case opCheck:
		p.stop(of("target", err))
		return
	case opLookUp:
		tried = &t.lookUps
	case opCreate:
		t.doubt = t.doubt || inDoubt(err)
	}
	*tried++
	lost := op == opCreate && t.doubt && !p.traits.UpsertsByKey
	switch {
	case lost && !p.canAsk(t):
		p.giveUp(t, err)
	case lost:
		p.again(t, p.sentBy(err).Add(p.timeOut()))
	case *tried >= maxAttempts:
		p.giveUp(t, err)
	default:
		p.notDone(t, op, p.Clock.Now().Add(firstBackoff<<(*tried-1)))
	}
}

// inDoubt reports whether a request may have been carried out. An error that is none of ours says nothing.
func inDoubt(err error) bool {
	e, ok := errors.AsType[*usersync.Error](err)
	return !ok || e.InDoubt || e.Code == usersync.Malformed
}

// sentBy is when a request in doubt had been sent: a login or a connection may have come before it, so that it is
// later than when it was asked for. Whoever does not say has sent it by now.
func (p *pool) sentBy(err error) time.Time {
	if e, ok := errors.AsType[*usersync.Error](err); ok && !e.Sent.IsZero() {
		return e.Sent
	}
	return p.Clock.Now()
}

// giveUp fails a person who got no proper answer, unless it is the target that is down: where it has not
// answered anybody it is asked for a sign of life, and where twenty people in a row end so the step
// ends with the error.
func (p *pool) giveUp(t *task, err error) {
	if err == nil {
		err = usersync.E(usersync.Unavailable, "the target gave no proper answer")
	}
	if !p.works {
		p.inFlight++
		p.request(t, opCheck)
		return
	}
	p.lost++
	if p.lost >= manyLost {
		p.stop(of("target", err))
		return
	}
	reason := usersync.Public(err)
	if t.doubt && !p.traits.UpsertsByKey {
		reason = reasonDoubt
	}
	fail(&t.page.items[t.n], reason)
	p.withdraw(t)
}

// finish ends a person whose result is stored.
func (p *pool) finish(t *task) {
	t.done, t.record = true, nil
	t.page.left--
	p.close(t.page)
}
