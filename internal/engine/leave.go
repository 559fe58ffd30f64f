package engine

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Reasons of removals.
const (
	reasonLeft   = "no longer listed"
	reasonTheirs = "no longer listed; the record was there before usersync and stays"
)

// leaverPage is how many leavers are planned and removed together.
const leaverPage = pageEntries

// offVersion begins the digest of a link whose record was switched off: whoever comes back is switched on
// again and written whole.
const offVersion = 3

func isOff(link *usersync.Link) bool { return len(link.Digest) > 0 && link.Digest[0] == offVersion }

// removes reports whether the company's policy takes the record away: a deletion takes only what usersync
// has created.
func (r *run) removes(link *usersync.Link) bool {
	return r.policy() == usersync.Deactivate || link.Origin != usersync.OriginAdopted
}

func (r *run) policy() usersync.Policy {
	if then := r.job.Settings.Leavers.Then; then != "" {
		return then
	}
	return usersync.Keep
}

// guard refuses to remove more people than the settings allow: then nobody is removed.
func (r *run) guard() error {
	l, rule := r.job.Progress.Leaving, r.job.Settings.Leavers
	allowed, said := float64(rule.AtMost), strconv.Itoa(rule.AtMost)
	if rule.Percent > 0 {
		allowed, said = float64(l.Linked)*rule.Percent/100, strconv.FormatFloat(rule.Percent, 'f', -1, 64)+"%"
	}
	if float64(l.Leavers) <= allowed {
		return nil
	}
	return usersync.E(usersync.Rejected, fmt.Sprintf("%d of %d linked people have left, more than the %s that leavers.atMost allows; nobody was removed",
		l.Leavers, l.Linked, said))
}

// removeLeavers does with the people who left what the policy says, in the order of their hashes: each
// chunk is planned once, applied like a page, and its outcomes and the checkpoint are kept.
func (r *run) removeLeavers(ctx context.Context) (Step, error) {
	p := &r.job.Progress
	if r.policy() == usersync.Keep {
		if left := p.Leaving.Leavers; left > 0 {
			r.Log.LogAttrs(ctx, slog.LevelInfo, "linked people have left and are kept", r.attrs(slog.Int("people", left))...)
		}
		return Step{Next: NextFinish}, nil
	}
	if err := r.guard(); err != nil {
		return Step{}, err
	}
	if wait := r.paused(); wait > 0 {
		return Step{Next: NextSettle, Wait: wait}, r.extend(ctx, wait)
	}
	var b *batch
	for first := true; p.Leaving.Range < r.ranges(); first = false {
		if !first && !r.Clock.Now().Before(r.deadline) {
			return Step{Next: NextSettle}, nil
		}
		items, err := r.leaverPlan(ctx)
		if err != nil {
			return Step{}, err
		}
		if len(items) == 0 {
			p.Leaving.Range, p.Leaving.After = p.Leaving.Range+1, ""
			continue
		}
		if b == nil {
			if b, err = r.newBatch(ctx); err != nil {
				return Step{}, err
			}
		}
		wait, done, err := r.remove(ctx, b, items)
		switch {
		case err != nil:
			return Step{}, err
		case wait > 0:
			return r.pause(ctx, NextSettle, wait)
		case !done:
			return Step{Next: NextSettle}, nil
		}
	}
	return Step{Next: NextFinish}, r.save(ctx)
}

// leaverPlan is the plan of the next chunk, as it stands: made here, or before a crash. It is empty where
// the range has no more leavers.
func (r *run) leaverPlan(ctx context.Context) ([]item, error) {
	id := usersync.RowID{Job: r.job.ID, Kind: usersync.RowPlan, N: r.leaverRow()}
	stored, err := r.Store.Row(ctx, id)
	if usersync.Is(err, usersync.NotFound) {
		var items []item
		if items, err = r.nextLeavers(ctx); err != nil || len(items) == 0 {
			return nil, err
		}
		stored, err = r.Store.PutRowOnce(ctx, r.job.Fence, usersync.Row{ID: id, Data: encodePlan(items)}, r.Clock.Now().Add(rowTerm))
	}
	if err != nil {
		return nil, err
	}
	return decodePlan(stored)
}

// leaverRow is the number of the chunk's rows: they follow those of the pages.
func (r *run) leaverRow() int { return r.job.Progress.Staged + r.job.Progress.Leaving.Rows }

// nextLeavers finds the next chunk of leavers of a range.
func (r *run) nextLeavers(ctx context.Context) ([]item, error) {
	l := &r.job.Progress.Leaving
	s := rangeOf(l.Range, r.ranges())
	if l.After != "" {
		after, err := hex.DecodeString(l.After)
		if err != nil || len(after) != hashSize {
			return nil, corrupt("the checkpoint")
		}
		s.after = new(usersync.KeyHash(after))
	}
	sightings, err := r.sightings(ctx, s)
	if err != nil {
		return nil, err
	}
	var items []item
	err = r.leavers(ctx, s, sightings, func(link *usersync.Link, reason string) error {
		if reason == "" {
			return nil
		}
		it := item{hash: link.Hash(), key: link.Key, action: usersync.Removed, reason: reason, adopt: link.Target}
		if !r.removes(link) {
			it.action, it.reason = usersync.Skipped, reasonTheirs
		}
		if items = append(items, it); len(items) == leaverPage {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return items, nil
}

// remove applies the plan of a chunk. done is false where the step had to end before.
func (r *run) remove(ctx context.Context, b *batch, items []item) (wait time.Duration, done bool, err error) {
	pg, err := r.leaverTasks(ctx, b, items)
	if err != nil {
		return 0, false, err
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	finished := make(chan *page, 1)
	p := newPool(r, work, b, finished)
	p.unplanned = false
	p.take(pg)
	p.run(ctx, nil)
	r.job.Progress.InFlight = p.limit
	for _, pg := range p.open {
		if err := b.leaveNote(work, pg); err != nil {
			return 0, false, err
		}
	}
	switch {
	case p.err != nil:
		return 0, false, p.err
	case ctx.Err() != nil:
		return 0, false, ctx.Err()
	case len(finished) == 0:
		return p.wait, false, r.save(ctx)
	}
	return 0, true, r.removed(ctx, b, pg)
}

// leaverTasks makes the tasks of a chunk: of the people whose link still says that they are there.
func (r *run) leaverTasks(ctx context.Context, b *batch, items []item) (*page, error) {
	pg := &page{n: r.leaverRow(), items: items, leavers: true}
	if err := b.recall(ctx, pg); err != nil {
		return nil, err
	}
	hashes := make([]usersync.KeyHash, len(items))
	for i := range items {
		hashes[i] = items[i].hash
	}
	links, err := b.loadLinks(ctx, hashes, true)
	if err != nil {
		return nil, err
	}
	for i := range items {
		it := &items[i]
		link, there := links[it.hash]
		if !there || it.action == usersync.Refused || link.Target != it.adopt || isOff(&link) {
			continue
		}
		t := &task{page: pg, n: i, key: it.key, hash: it.hash, link: &link, held: link.TargetKey, tries: pg.tried[i]}
		t.leaves = opForget
		if it.action == usersync.Removed {
			t.leaves = removals[r.policy()]
		}
		pg.tasks = append(pg.tasks, t)
	}
	pg.left = len(pg.tasks)
	return pg, nil
}

// removed keeps what became of a chunk, and moves the checkpoint over it.
func (r *run) removed(ctx context.Context, b *batch, pg *page) error {
	if err := b.putOutcomes(ctx, pg.n, pg.items); err != nil {
		return err
	}
	l := &r.job.Progress.Leaving
	for i := range pg.items {
		switch pg.items[i].action {
		case usersync.Removed:
			r.job.Counts.Removed++
		case usersync.Refused:
			l.Refused++
		}
	}
	l.Rows++
	l.After = pg.items[len(pg.items)-1].hash.String()
	if err := r.save(ctx); err != nil {
		return err
	}
	return r.keep(ctx)
}
