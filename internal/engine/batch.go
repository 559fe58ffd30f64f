package engine

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// batch is the pages that one upsert step takes: it prepares them one after the other, each with its
// plan and the people who still ask for a request. What it prepares belongs to the pool from then on.
type batch struct {
	*Engine
	*tally
	id       usersync.JobID
	fence    int64
	set      usersync.LinkSet
	full     bool
	reading  string
	from, to int // pages

	target   usersync.Target
	surveyor usersync.Surveyor // the target, where its records can be listed; else nil
	kinds    []string          // by which people without a link find a record, in order
	surveyed bool              // the target has been
	mapper   usersync.Mapper
	traits   usersync.TargetTraits
	vault    *vault

	claimed map[usersync.KeyHash]struct{} // people claimed by the pages prepared so far
	looked  bool                          // the pages before the batch have been looked through
	strong  bool                          // links are read as they are now
}

// page is a staged page on its way through the pool.
type page struct {
	n       int
	items   []item
	tasks   []*task
	tried   map[int]tries // in steps before, by place
	leavers bool          // a chunk of people who left
	left    int           // people who are not done yet
	limit   int           // concurrency to the target when the page was done
}

// newBatch opens the target and takes the next staged pages.
func (r *run) newBatch(ctx context.Context) (*batch, error) {
	key, err := r.Store.Key(ctx, r.job.ID)
	if err != nil {
		return nil, err
	}
	v, err := newVault(r.job.ID, key)
	if err != nil {
		return nil, err
	}
	target, mapper, err := r.Connectors.Target(ctx, r.job.Settings)
	if err != nil {
		return nil, of("target", err)
	}
	strong, err := r.fresh(ctx)
	if err != nil {
		return nil, err
	}
	p := &r.job.Progress
	surveyor, _ := target.(usersync.Surveyor)
	return &batch{
		Engine: r.Engine, tally: r.tally, id: r.job.ID, fence: r.job.Fence, set: r.job.Links, full: r.job.Full, reading: p.Reading,
		from: p.Upserted, to: min(p.Staged, p.Upserted+batchPages),
		target: target, mapper: mapper, traits: target.Traits(), vault: v,
		surveyor: surveyor, kinds: r.job.Settings.Match, surveyed: p.Survey.Done,
		claimed: make(map[usersync.KeyHash]struct{}),
		strong:  strong,
	}, nil
}

// prepare opens page n, plans it if that has not been done, reserves target keys, and says who still
// asks for a request. The plan that counts is the one that is stored, whoever wrote it.
func (b *batch) prepare(ctx context.Context, n int) (*page, error) {
	listings, err := b.listings(ctx, n)
	if err != nil {
		return nil, err
	}
	id := usersync.RowID{Job: b.id, Kind: usersync.RowPlan, N: n}
	stored, err := b.Store.Row(ctx, id)
	planned := err == nil
	if err != nil && !usersync.Is(err, usersync.NotFound) {
		return nil, err
	}
	links, err := b.link(ctx, listings, planned)
	if err != nil {
		return nil, err
	}
	if !planned {
		if err := b.match(ctx, listings); err != nil {
			return nil, err
		}
		row, err := b.plan(ctx, listings)
		if err != nil {
			return nil, err
		}
		stored, err = b.Store.PutRowOnce(ctx, b.fence, usersync.Row{ID: id, Data: row}, b.Clock.Now().Add(rowTerm))
		if err != nil {
			return nil, err
		}
		if planned = !bytes.Equal(stored, row); planned {
			if links, err = b.link(ctx, listings, true); err != nil {
				return nil, err
			}
		}
	}
	pg, err := b.stored(stored, n, listings)
	if err != nil {
		return nil, err
	}
	if planned {
		if err := b.recall(ctx, pg); err != nil {
			return nil, err
		}
	}
	b.assign(pg, listings, links)
	return pg, b.reserve(ctx, pg)
}

// listings opens page n and maps its people.
func (b *batch) listings(ctx context.Context, n int) ([]listing, error) {
	row, err := b.Store.Row(ctx, b.pageID(n))
	if err != nil {
		return nil, err
	}
	entries, hashes, err := b.vault.open(b.reading, n, row)
	if err != nil {
		return nil, err
	}
	listings := make([]listing, len(entries))
	for i := range entries {
		l := &listings[i]
		l.entry, l.hash = &entries[i], hashes[i]
		if l.entry.Fault != "" || l.entry.Person == nil || !l.entry.Person.IsActive() {
			continue
		}
		if l.record, l.fault = b.mapper.Map(l.entry.Person); l.fault == nil {
			l.targetKey, l.fault = b.target.Key(l.record)
		}
	}
	return listings, nil
}

func (b *batch) pageID(n int) usersync.RowID {
	return usersync.RowID{Job: b.id, Kind: usersync.RowPage, Reading: b.reading, N: n}
}

// link loads the links of a page and ties each listing to its own. What stands in place of a link while a
// create is in doubt is in the map, and ties nobody.
func (b *batch) link(ctx context.Context, listings []listing, strong bool) (map[usersync.KeyHash]usersync.Link, error) {
	hashes := make([]usersync.KeyHash, 0, len(listings))
	for i := range listings {
		if !listings[i].entry.Keyless {
			hashes = append(hashes, listings[i].hash)
		}
	}
	links, err := b.loadLinks(ctx, hashes, strong || b.strong)
	if err != nil {
		return nil, err
	}
	for i := range listings {
		listings[i].link = nil
		if link, ok := links[listings[i].hash]; ok && link.Target != "" {
			listings[i].link = &link
		}
	}
	return links, nil
}

// loadLinks asks for each hash once.
func (b *batch) loadLinks(ctx context.Context, hashes []usersync.KeyHash, strong bool) (map[usersync.KeyHash]usersync.Link, error) {
	slices.SortFunc(hashes, func(a, b usersync.KeyHash) int { return bytes.Compare(a[:], b[:]) })
	if hashes = slices.Compact(hashes); len(hashes) == 0 {
		return nil, nil
	}
	return b.Store.LoadLinks(ctx, b.set, hashes, strong)
}

// plan makes the plan row of a page that has none.
func (b *batch) plan(ctx context.Context, listings []listing) ([]byte, error) {
	items := plan(listings, b.full)
	for i := range items {
		if items[i].action == usersync.Created || items[i].action == usersync.Updated {
			if err := b.lookBack(ctx); err != nil {
				return nil, err
			}
			break
		}
	}
	once(items, b.claimed)
	return encodePlan(items), nil
}

// stored reads the plan that stands, holds it against the page and remembers whom it claims.
func (b *batch) stored(row []byte, n int, listings []listing) (*page, error) {
	items, err := decodePlan(row)
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(items, listings, func(it item, l listing) bool { return it.hash == l.hash }) {
		return nil, usersync.E(usersync.Internal, "a plan of the job is for another page")
	}
	for i := range items {
		if items[i].claims {
			b.claimed[items[i].hash] = struct{}{}
		}
	}
	return &page{n: n, items: items}, nil
}

// errEnough ends a walk over rows.
var errEnough = errors.New("enough")

// lookBack marks, once a batch, the people of the batch whom earlier pages of the job have claimed. A
// batch in which nothing is to be written does not need it.
func (b *batch) lookBack(ctx context.Context) error {
	if b.looked || b.from == 0 {
		return nil
	}
	ours := make(map[usersync.KeyHash]struct{})
	for n := b.from; n < b.to; n++ {
		row, err := b.Store.Row(ctx, b.pageID(n))
		if err != nil {
			return err
		}
		hashes, _, err := b.vault.unseal(b.reading, n, row)
		if err != nil {
			return err
		}
		for _, h := range hashes {
			ours[h] = struct{}{}
		}
	}
	err := b.Store.EachRow(ctx, usersync.RowID{Job: b.id, Kind: usersync.RowSeen}, func(row usersync.Row) error {
		if row.ID.N >= b.from {
			return errEnough
		}
		s, err := decodeSeen(row.Data)
		if err != nil {
			return err
		}
		for i := range s.len() {
			h := s.hash(i)
			if _, ok := ours[h]; ok && s.claims(i) {
				b.claimed[h] = struct{}{}
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	b.looked = true
	return nil
}
