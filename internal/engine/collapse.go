package engine

import (
	"context"

	"github.com/usersync/usersync/internal/usersync"
)

// remains says, for each page, of which people not all outcomes stay: the action of the one that does,
// or empty where the page's all go.
type remains map[int32]map[usersync.KeyHash]usersync.Action

// add takes up a person who was listed more than once; group begins with the listing that counts.
func (m remains) add(group []sighting) {
	if len(group) == 1 {
		return
	}
	winner := group[0]
	for _, s := range group {
		if m[s.page] == nil {
			m[s.page] = make(map[usersync.KeyHash]usersync.Action)
		}
		m[s.page][s.hash] = ""
	}
	m[winner.page][winner.hash] = actions[winner.rank]
}

// collapse rewrites the outcome rows of the pages concerned, so that of each person the outcome that
// counts stays, once. Doing it again changes nothing.
func (r *run) collapse(ctx context.Context, rest remains) error {
	for n, people := range rest {
		id := usersync.RowID{Job: r.job.ID, Kind: usersync.RowOutcome, N: int(n)}
		row, err := r.Store.Row(ctx, id)
		if usersync.Is(err, usersync.NotFound) {
			continue // everybody on it was unchanged
		}
		if err != nil {
			return err
		}
		items, err := decodeOutcomes(row)
		if err != nil {
			return err
		}
		kept := items[:0]
		for _, it := range items {
			if stays, concerned := people[it.hash]; concerned {
				if it.action != stays {
					continue
				}
				people[it.hash] = "" // the first one
			}
			kept = append(kept, it)
		}
		if len(kept) == len(items) {
			continue
		}
		less := usersync.Row{ID: id, Data: encodeOutcomes(kept)}
		if err := r.Store.PutRow(ctx, r.job.Fence, less, r.Clock.Now().Add(outcomeTerm)); err != nil {
			return err
		}
	}
	return nil
}
