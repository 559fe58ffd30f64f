package engine

import (
	"context"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// freshFor is how long after another job's last word links are read strongly: an eventually consistent read
// could miss the last ones that it wrote.
const freshFor = 5 * time.Second

// fresh reports whether another job of the company has only just ended.
func (r *run) fresh(ctx context.Context) (bool, error) {
	now := r.Clock.Now()
	if !now.Before(r.job.CreatedAt.Add(freshFor)) {
		return false, nil
	}
	jobs, err := r.Store.ListJobs(ctx, usersync.JobQuery{Company: r.job.Company, Take: 2})
	for _, other := range jobs {
		if other.ID != r.job.ID && now.Before(other.UpdatedAt.Add(freshFor)) {
			return true, nil
		}
	}
	return false, err
}

// task is a person who asks for requests to the target, with all that is known of them.
type task struct {
	page      *page
	n         int // their place in the page
	key       string
	hash      usersync.KeyHash
	record    usersync.Record
	targetKey string           // as the target compares it; empty where it has none
	keyHash   usersync.KeyHash // its hash; zero where it has none

	link     *usersync.Link   // their record in the target; nil where none is known
	adopting string           // the matched record, where nothing of it is stored but plan and claim; else empty
	leaves   operation        // what becomes of somebody who left; opCreate of everybody else
	off      bool             // the record was switched off, and is to be switched on before it is written
	held     usersync.KeyHash // the target key that their stored link says is theirs
	done     bool
	gone     string // the record that their stored link names and that is not there any more
	owned    string // the record that is reserved for them
	doubt    bool   // a create may have been carried out and left no link
	intent   intent // of that create, or of the one that is sent next
	refound  bool   // their record was found by a look-up, and is not written yet
	intended bool   // the intent stands, and its create was not sent yet
	last     error  // the last answer that was none
	tries
	throttles int       // 429 in this step
	due       time.Time // no request before
	turn      uint64    // of the request under way, counted over the step
}

// timeOut is how long a request to the target can go on being carried out after it was sent.
func (b *batch) timeOut() time.Duration {
	if b.traits.TimeOut <= 0 {
		return 30 * time.Second
	}
	return time.Duration(b.traits.TimeOut) * time.Second
}

// assign makes the tasks of a page: of the people whose plan asks for a write that the links do not show
// as done.
func (b *batch) assign(pg *page, listings []listing, links map[usersync.KeyHash]usersync.Link) {
	for i := range pg.items {
		it, l := &pg.items[i], &listings[i]
		if it.action != usersync.Created && it.action != usersync.Updated {
			continue
		}
		if l.fault != nil {
			fail(it, "the person can no longer be mapped as planned")
			continue
		}
		t := &task{page: pg, n: i, key: l.entry.Key, hash: l.hash, record: l.record, targetKey: l.targetKey, link: l.link}
		t.tries = pg.tried[i]
		stood, intended := links[l.hash]
		intended = intended && stood.Target == ""
		if t.link == nil && it.adopt != "" && !(intended && stood.Job == b.id) { // else it has vanished, and a create followed
			t.link = &usersync.Link{Target: it.adopt, Origin: usersync.OriginAdopted}
			t.adopting, t.owned = it.adopt, it.adopt
		}
		switch {
		case intended:
			t.held = stood.TargetKey
		case t.link != nil:
			t.held, t.off, t.owned = t.link.TargetKey, isOff(t.link), t.link.Target
		}
		if t.targetKey != "" {
			t.keyHash = usersync.HashKey("target", t.targetKey)
		}
		if t.link != nil && t.link.Job == b.id && digestFits(t.link.Digest, t.record) {
			continue
		}
		if intended && t.link == nil && !b.traits.UpsertsByKey {
			if !b.canAsk(t) {
				fail(it, reasonDoubt)
				continue
			}
			t.doubt, t.intent = true, intentOf(&stood)
			t.due = t.intent.at.Add(b.timeOut() + intentDelay)
		}
		pg.tasks = append(pg.tasks, t)
	}
	pg.left = len(pg.tasks)
}

// canAsk reports whether the target can be asked for the person's record.
func (b *batch) canAsk(t *task) bool { return b.traits.CanLookUp && t.targetKey != "" }

// fail turns an item into a failure.
func fail(it *item, reason string) {
	it.action, it.fields, it.reason = usersync.Refused, nil, clip(reason, maxReason)
}

// reserve claims the target keys that a page's people are about to take, and fails those who are late.
func (b *batch) reserve(ctx context.Context, pg *page) error {
	var claims []usersync.Reservation
	var claimants []*task
	for _, t := range pg.tasks {
		if t.keyHash != (usersync.KeyHash{}) && (t.link == nil || t.link.TargetKey != t.keyHash) {
			claims = append(claims, usersync.Reservation{TargetKey: t.keyHash, Key: t.key})
			claimants = append(claimants, t)
		}
	}
	if len(claims) == 0 {
		return nil
	}
	holders, err := b.Store.Reserve(ctx, b.set, b.fence, claims)
	if err != nil {
		return err
	}
	if len(holders) != len(claims) {
		return corrupt("what is reserved")
	}
	for i, t := range claimants {
		if holders[i] != "" && holders[i] != t.key {
			fail(&pg.items[t.n], reasonTaken)
		}
	}
	pg.tasks = slices.DeleteFunc(pg.tasks, func(t *task) bool { return pg.items[t.n].action == usersync.Refused })
	pg.left = len(pg.tasks)
	return nil
}

// newLink is the link of a record that the target has just written.
func (b *batch) newLink(t *task, w usersync.Written) *usersync.Link {
	link := &usersync.Link{
		Key: t.key, Target: w.ID, TargetKey: t.keyHash, Origin: usersync.OriginCreated, Job: b.id, Digest: newDigest(t.record),
	}
	switch {
	case t.link != nil:
		link.Origin = t.link.Origin
		if link.Target == "" {
			link.Target = t.link.Target
		}
	case w.Existed:
		link.Origin = usersync.OriginAdopted
	}
	return link
}

// claim is the reservation of the person's target key; none where the target has no keys.
func (t *task) claim(key usersync.KeyHash) []usersync.Reservation {
	if key == (usersync.KeyHash{}) {
		return nil
	}
	return []usersync.Reservation{{TargetKey: key, Key: t.key}}
}
