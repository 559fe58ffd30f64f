package engine

import (
	"errors"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// operation is one kind of request to the target.
type operation int

const (
	opCreate operation = iota
	opUpdate
	opLookUp
	opCheck // is it the person or the target that fails?
	opActivate
	opDeactivate
	opDelete
	opForget // the record stays, and is nobody's any more: no request
)

// removals are the requests of the policies for leavers.
var removals = map[usersync.Policy]operation{usersync.Deactivate: opDeactivate, usersync.Delete: opDelete}

// operation says what to ask the target next for the person.
func (p *pool) operation(t *task) operation {
	switch {
	case t.leaves != opCreate:
		return t.leaves
	case t.link != nil && t.off:
		return opActivate
	case t.link != nil:
		return opUpdate
	case t.doubt && !p.traits.UpsertsByKey:
		return opLookUp
	}
	return opCreate
}

// request sends one request and has its answer dealt with.
func (p *pool) request(t *task, op operation) {
	t.turn, t.intended = p.send(), false
	if op != opForget {
		p.requests.Add(1)
	}
	go func() {
		w, err := p.perform(t, op)
		p.post(func() {
			p.inFlight--
			p.answered(t, op, w, err)
		})
	}()
}

// perform is the request itself. A look-up that found nothing has an answer without an id.
func (p *pool) perform(t *task, op operation) (w usersync.Written, err error) {
	switch op {
	case opUpdate:
		w, err = p.target.Update(p.work, t.link.Target, t.record)
	case opLookUp:
		w.ID, err = p.target.LookUp(p.work, t.record)
	case opCheck:
		err = p.target.Check(p.work)
	case opActivate, opDeactivate, opDelete:
		err = p.switched(t, op)
	case opForget:
	default:
		w, err = p.target.Create(p.work, t.record)
		if err == nil && w.ID == "" {
			err = malformed("the target's answer to a create has no id")
		}
	}
	if err == nil && len(w.ID) > usersync.MaxKey {
		err = malformed("the target's id of a record is longer than 256 bytes")
	}
	return w, err
}

// malformed is an answer that leaves open what was done.
func malformed(message string) error {
	return &usersync.Error{Code: usersync.Malformed, Message: message, InDoubt: true}
}

// answered deals with an answer:
//
//	done                      the link is written, then the person is done
//	Rejected                  failed; what was reserved and intended is given back
//	NotFound of an update     the record is gone: created, once
//	NotFound of a removal     done
//	Throttled                 not done: again, when the pace allows; one person alone not for ever
//	Unauthorized, Forbidden,
//	Settings                  nobody can be served: the step ends with it
//	anything else             no proper answer: tried again, looked up first where a create is in doubt
func (p *pool) answered(t *task, op operation, w usersync.Written, err error) {
	if err == nil {
		p.answeredProperly(t, op)
		p.carriedOut(t, op, w)
		return
	}
	switch usersync.CodeOf(err) {
	case usersync.Rejected:
		p.answeredProperly(t, op)
		p.refused(t, err)
	case usersync.NotFound:
		p.answeredProperly(t, op)
		if t.leaves != opCreate {
			p.left(t, true)
			return
		}
		if op != opUpdate && op != opActivate {
			p.refused(t, err)
			return
		}
		if t.refound { // found a moment ago: a target that contradicts itself is not asked for a second record
			t.doubt = true
			fail(&t.page.items[t.n], reasonDoubt)
			p.withdraw(t)
			return
		}
		if t.adopting == "" { // else the survey still has it, and it stays claimed: who adopts what must not depend on the hour
			t.gone = t.link.Target
		}
		t.link, t.owned = nil, ""
		p.again(t, time.Time{})
	case usersync.Throttled:
		p.throttled(t, op, err)
	case usersync.Unauthorized, usersync.Forbidden, usersync.Settings:
		if op == opLookUp && usersync.Is(err, usersync.Forbidden) { // nobody can be looked up, and the others need not be
			fail(&t.page.items[t.n], reasonDoubt)
			p.withdraw(t)
			return
		}
		p.stop(of("target", err))
		p.notDone(t, op, time.Time{})
	default:
		p.unansweredYet(t, op, err)
	}
}

// answeredProperly takes note of an answer by a target that works. A sign of life says nothing of the
// load, nor of the people who get no answer.
func (p *pool) answeredProperly(t *task, op operation) {
	p.works, p.unanswered = true, 0
	if op != opCheck {
		p.succeeded(t.turn)
		p.lost = 0
	}
}

// maxThrottled is how often one person is throttled before the target is asked whether it throttles everybody.
const maxThrottled = 6

// throttled puts a person back whose request was not done. The others go first: it may be this person alone
// whom the target puts off, and then the rest must not wait.
func (p *pool) throttled(t *task, op operation, err error) {
	now := p.Clock.Now()
	p.throttles.Add(1)
	p.overloaded(t.turn, now, true, retryAfter(err))
	t.throttles++
	switch {
	case op == opCheck: // everybody is put off
		t.throttles = 0
		p.again(t, now.Add(firstBackoff))
	case t.throttles < maxThrottled:
		p.notDone(t, op, now.Add(firstBackoff))
	default:
		t.last = err
		p.inFlight++
		p.request(t, opCheck)
	}
}

// carriedOut goes on after a request that was done.
func (p *pool) carriedOut(t *task, op operation, w usersync.Written) {
	switch {
	case op == opCheck:
		p.giveUp(t, t.last)
	case t.leaves != opCreate:
		p.left(t, op != opDeactivate)
	case op == opActivate:
		t.off = false
		p.again(t, time.Time{})
	case op == opLookUp && w.ID == "" && t.intent.key != t.keyHash: // what was sent had another key, which nobody knows any more
		fail(&t.page.items[t.n], reasonDoubt)
		p.withdraw(t)
	case op == opLookUp && w.ID == "" && t.attempts >= maxAttempts:
		t.doubt = false
		p.giveUp(t, t.last)
	case op == opLookUp && w.ID == "":
		t.doubt = false
		p.again(t, time.Time{})
	case op == opLookUp:
		p.results = append(p.results, result{task: t, owns: w.ID, then: func() { p.found(t, w.ID) }})
	default:
		p.written(t, w)
	}
}

// again puts a person back, not to be tried before due.
func (p *pool) again(t *task, due time.Time) {
	t.due = due
	p.delayed.push(t)
}

// retryAfter is when an answer says to ask again.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*usersync.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
