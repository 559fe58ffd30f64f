package engine

import (
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// result is what is to be stored of one answer, and what follows once it is.
type result struct {
	task  *task
	owns  string                 // the record that must be the person's, before anything else of it is stored; empty: none
	link  *usersync.Link         // to be written
	drop  *usersync.KeyHash      // the link to be dropped
	free  []usersync.Reservation // target keys to be given back
	then  func()
	taken bool // the record is somebody else's: nothing was stored
}

// found goes on with the record that a create in doubt has left, by its key. Where it may have been there before, it is
// written over, and stays when the person leaves.
func (p *pool) found(t *task, id string) {
	t.doubt, t.owned = false, id
	ours := t.intent.free && t.intent.key == t.keyHash
	if ours && digestFits(t.intent.sent, t.record) {
		p.written(t, usersync.Written{ID: id})
		return
	}
	t.refound, t.link = true, &usersync.Link{Target: id, TargetKey: t.keyHash, Origin: usersync.OriginAdopted}
	if ours {
		t.link.Origin = usersync.OriginCreated
	}
	p.again(t, time.Time{})
}

// written stores the link of a record that is as it should be, once the record is surely nobody else's. A target key
// that it no longer has is given back, and so is a record that it is no longer.
func (p *pool) written(t *task, w usersync.Written) {
	link := p.newLink(t, w)
	r := result{task: t, link: link, then: func() { p.finish(t) }}
	if t.owned != link.Target {
		r.owns = link.Target
	}
	if t.held != t.keyHash {
		r.free = t.claim(t.held)
	}
	for _, record := range []string{t.gone, t.owned} {
		if record != "" && record != link.Target && record != t.adopting {
			r.free = append(r.free, t.claim(recordKey(record))...)
		}
	}
	p.results = append(p.results, r)
}

// notTheirs fails a person for whom the target has named a record that is another person's. What a create did is then
// open, and stays in doubt.
func (p *pool) notTheirs(t *task) {
	fail(&t.page.items[t.n], reasonOthers)
	t.doubt = t.link == nil && !p.traits.UpsertsByKey
	p.withdraw(t)
}

// refused ends a person whom the target will not take.
func (p *pool) refused(t *task, err error) {
	fail(&t.page.items[t.n], usersync.Public(err))
	p.withdraw(t)
}

// withdraw ends a failed person and gives back what their request had been given: the intent, a link
// without a record, the reserved key. Where a create is in doubt it all stays.
func (p *pool) withdraw(t *task) {
	r := result{task: t, then: func() { p.finish(t) }}
	switch {
	case t.leaves != opCreate:
	case t.doubt:
		if t.intent.key != t.keyHash {
			r.free = t.claim(t.keyHash)
		}
	case t.link == nil:
		if t.gone != "" || !p.traits.UpsertsByKey {
			r.drop = &t.hash
		}
		r.free = t.claim(t.keyHash)
		if t.held != t.keyHash {
			r.free = append(r.free, t.claim(t.held)...)
		}
	case t.held != t.keyHash:
		r.free = t.claim(t.keyHash)
	}
	for _, record := range []string{t.gone, t.adopting} {
		if record != "" && t.leaves == opCreate {
			r.free = append(r.free, t.claim(recordKey(record))...)
		}
	}
	p.results = append(p.results, r)
}

// notDone tries again after a request that surely was not carried out. The intent is withdrawn first: were
// it still there in a later step, the person would be in doubt.
func (p *pool) notDone(t *task, op operation, due time.Time) {
	if op != opCreate || p.traits.UpsertsByKey {
		p.again(t, due)
		return
	}
	p.results = append(p.results, result{task: t, drop: &t.hash, then: func() { p.again(t, due) }})
}
