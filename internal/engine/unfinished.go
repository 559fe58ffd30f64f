package engine

import (
	"context"
	"log/slog"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// countUnfinished adds to a failed job what was done on the pages that the checkpoint has not moved over:
// what a failed job did stays, and is counted. Where that cannot be read any more the job ends without it.
func (e *Engine) countUnfinished(ctx context.Context, job *usersync.Job) {
	b := &batch{Engine: e, id: job.ID, fence: job.Fence, set: job.Links}
	p := &job.Progress
	for n := p.Upserted; n < min(p.Staged, p.Upserted+batchPages); n++ {
		done, err := b.doneOf(ctx, n)
		if err != nil {
			e.Log.LogAttrs(ctx, slog.LevelWarn, "what was done on a page cannot be counted", slog.String("job", string(job.ID)),
				slog.Int("page", n), slog.String("code", string(usersync.CodeOf(err))))
			continue
		}
		for i := range done {
			if !done[i].repeated {
				job.Counts.Add(done[i].action, 1)
			}
		}
	}
}

// doneOf finds the items of a planned page that are done, and leaves their outcomes.
func (b *batch) doneOf(ctx context.Context, n int) ([]item, error) {
	row, err := b.Store.Row(ctx, usersync.RowID{Job: b.id, Kind: usersync.RowPlan, N: n})
	if usersync.Is(err, usersync.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items, err := decodePlan(row)
	if err != nil {
		return nil, err
	}
	if err := b.recall(ctx, &page{n: n, items: items}); err != nil {
		return nil, err
	}
	asks := func(it item) bool { return it.action == usersync.Created || it.action == usersync.Updated }
	var hashes []usersync.KeyHash
	for i := range items {
		if asks(items[i]) {
			hashes = append(hashes, items[i].hash)
		}
	}
	links, err := b.loadLinks(ctx, hashes, true)
	if err != nil {
		return nil, err
	}
	done := slices.DeleteFunc(items, func(it item) bool {
		link := links[it.hash]
		return asks(it) && (link.Job != b.id || link.Target == "")
	})
	return done, b.putOutcomes(ctx, n, done)
}
