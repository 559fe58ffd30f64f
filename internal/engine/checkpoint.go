package engine

import (
	"context"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// checkpoint keeps the finished pages: what they have seen, their outcomes, and then, in the order of the
// pages, their counts. Pages that are done at the same time share a checkpoint.
func (r *run) checkpoint(ctx context.Context, b *batch, finished <-chan *page) error {
	done := make(map[int]*page)
	for pg := range finished {
		for more := true; more; {
			if err := b.keepPage(ctx, pg); err != nil {
				return err
			}
			done[pg.n] = pg
			select {
			case pg, more = <-finished:
			default:
				more = false
			}
		}
		moved := false
		p := &r.job.Progress
		for pg := done[p.Upserted]; pg != nil; pg = done[p.Upserted] {
			r.job.Counts.Found -= len(pg.items) // found when they were staged; now each counts where it belongs
			for i := range pg.items {
				if !pg.items[i].repeated {
					r.job.Counts.Add(pg.items[i].action, 1)
				}
			}
			p.InFlight = pg.limit
			delete(done, p.Upserted)
			p.Upserted++
			moved = true
		}
		if !moved {
			continue
		}
		if err := r.save(ctx); err != nil {
			return err
		}
		if err := r.keep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keepPage writes the rows of a finished page.
func (b *batch) keepPage(ctx context.Context, pg *page) error {
	if err := b.putOutcomes(ctx, pg.n, pg.items); err != nil {
		return err
	}
	row := usersync.Row{ID: usersync.RowID{Job: b.id, Kind: usersync.RowSeen, N: pg.n}, Data: encodeSeen(pg.items)}
	return b.Store.PutRow(ctx, b.fence, row, b.Clock.Now().Add(rowTerm))
}

// putOutcomes writes the outcomes of a page; there is no row where all of it is unchanged.
func (b *batch) putOutcomes(ctx context.Context, n int, items []item) error {
	if !slices.ContainsFunc(items, func(it item) bool { return it.action != usersync.Unchanged }) {
		return nil
	}
	row := usersync.Row{ID: usersync.RowID{Job: b.id, Kind: usersync.RowOutcome, N: n}, Data: encodeOutcomes(items)}
	return b.Store.PutRow(ctx, b.fence, row, b.Clock.Now().Add(outcomeTerm))
}
