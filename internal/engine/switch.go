package engine

import (
	"github.com/usersync/usersync/internal/usersync"
)

// switched switches a record on or off, or deletes it, at a target that can. One that cannot refuses the
// person; who was switched off at such a target is simply written.
func (p *pool) switched(t *task, op operation) error {
	deactivator, switches := p.target.(usersync.Deactivator)
	deleter, deletes := p.target.(usersync.Deleter)
	switch {
	case op == opActivate && switches:
		return deactivator.Activate(p.work, t.link.Target)
	case op == opActivate:
		return nil
	case op == opDeactivate && switches:
		return deactivator.Deactivate(p.work, t.link.Target)
	case op == opDelete && deletes:
		return deleter.Delete(p.work, t.link.Target)
	}
	return usersync.E(usersync.Rejected, "the target cannot do what the policy for leavers asks for")
}

// left stores that somebody who left has been dealt with: gone, their link is dropped and what was reserved
// for them given back; switched off, their link says so.
func (p *pool) left(t *task, gone bool) {
	r := result{task: t, then: func() { p.finish(t) }}
	if gone {
		r.drop = &t.hash
		r.free = append(t.claim(t.held), t.claim(recordKey(t.link.Target))...)
	} else {
		off := *t.link
		off.Job, off.Digest = p.id, []byte{offVersion}
		r.link = &off
	}
	p.results = append(p.results, r)
}
