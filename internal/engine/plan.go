package engine

import (
	"github.com/usersync/usersync/internal/usersync"
)

// listing is one entry of a page with all that its plan depends on.
type listing struct {
	entry     *usersync.Entry
	hash      usersync.KeyHash
	record    usersync.Record // of an active person who can be mapped
	targetKey string
	fault     error          // why they cannot be mapped
	link      *usersync.Link // nil where there is none
	match     match          // of an active person without a link
}

// item is what is planned for one entry and, later, what became of it.
type item struct {
	hash     usersync.KeyHash
	key      string
	keyless  bool
	action   usersync.Action
	fields   []string
	reason   string
	adopt    string // the target's id of the record that is the person's from now on; empty: none
	claims   bool   // the first listing that asks for this person to be as listed
	repeated bool   // a later one: nothing is to be done, and it counts nowhere
}

// Reasons of plans and ends.
const (
	reasonNew      = "not linked yet"
	reasonChanged  = "changed"
	reasonFull     = "full"
	reasonInactive = "not active"
	reasonKept     = "not active; like somebody who left"
	reasonNothing  = "the entry holds neither a person nor a fault"
	reasonTaken    = "the target key is taken by another person"
	reasonOthers   = "the target's answer names a record that is another person's"
	reasonDoubt    = "in doubt: the answer to a create was lost, and whether it was carried out cannot be found out"
)

// plan says what to do with each entry of a page. It is pure:
//
//	entry          link   record               action      fields    reason
//	──────────────────────────────────────────────────────────────────────────────────────────
//	a fault        any                         failed                the fault
//	not active     none                        skipped               not active
//	not active     yes                         skipped               not active; like somebody who left
//	not mappable   any                         failed                what the mapping says
//	active         none   one record matches   updated               matched by …
//	active         none   several match        failed                ambiguous by …
//	active         none   none matches         created               not linked yet
//	active         yes    as last written      unchanged
//	active         yes    the same, and full   updated     none      full
//	active         yes    another              updated     changed   changed
//
// What the plan says is also what is counted; applying it turns an action into failed at most.
func plan(listings []listing, full bool) []item {
	items := make([]item, len(listings))
	for i := range listings {
		items[i] = planOne(&listings[i], full)
	}
	return items
}

func planOne(l *listing, full bool) item {
	it := item{hash: l.hash, key: l.entry.Key, keyless: l.entry.Keyless}
	switch {
	case l.entry.Fault != "":
		it.action, it.reason = usersync.Refused, clip(l.entry.Fault, maxReason)
	case l.entry.Person == nil:
		it.action, it.reason = usersync.Refused, reasonNothing
	case !l.entry.Person.IsActive() && l.link == nil:
		it.action, it.reason = usersync.Skipped, reasonInactive
	case !l.entry.Person.IsActive():
		it.action, it.reason = usersync.Skipped, reasonKept
	case l.fault != nil:
		it.action, it.reason = usersync.Refused, clip(usersync.Public(l.fault), maxReason)
	case l.link == nil && l.match.target != "":
		it.action, it.reason, it.adopt = usersync.Updated, l.match.reason(), l.match.target
	case l.link == nil && len(l.match.many) > 0:
		it.action, it.reason = usersync.Refused, clip(l.match.reason(), maxReason)
	case l.link == nil:
		it.action, it.reason = usersync.Created, reasonNew
	case !digestFits(l.link.Digest, l.record):
		it.action, it.reason = usersync.Updated, reasonChanged
		it.fields = changedFields(l.link.Digest, l.record)
	case full:
		it.action, it.reason = usersync.Updated, reasonFull
	default:
		it.action = usersync.Unchanged
	}
	it.claims = it.action == usersync.Created || it.action == usersync.Updated || it.action == usersync.Unchanged
	return it
}

// once leaves each person to the first listing that claims them: a later one is turned into an
// unchanged repetition that asks for nothing. claimed holds the people of the pages before, and gets
// those of this one.
func once(items []item, claimed map[usersync.KeyHash]struct{}) {
	for i := range items {
		it := &items[i]
		if !it.claims {
			continue
		}
		if _, already := claimed[it.hash]; already {
			*it = item{hash: it.hash, key: it.key, action: usersync.Unchanged, repeated: true}
			continue
		}
		claimed[it.hash] = struct{}{}
	}
}
