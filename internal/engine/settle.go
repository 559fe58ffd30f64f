package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	// settleKeys is how many keys one pass of settle holds in memory.
	settleKeys = 250_000
	// linkPage is how many links are read at once.
	linkPage = 1000
)

// Settle counts each person once, whatever number of times they were listed, leaves one outcome of each,
// and finds the people who are linked and were not listed. It goes through the key hashes in ranges, so
// that its memory is bounded, and from range to range it may stop at the end of its time. Its own errors:
// EmptySource where nobody was listed although people are linked.
func (e *Engine) Settle(ctx context.Context, ref Ref) (Step, error) {
	return e.observed(ctx, NextSettle, ref, e.settle)
}

func (e *Engine) settle(ctx context.Context, ref Ref, t *tally) (Step, error) {
	r, ended, err := e.begin(ctx, ref, t)
	if err != nil {
		return Step{}, err
	}
	if ended {
		return Step{Next: NextFinish}, nil
	}
	if next := r.following(); next != NextSettle {
		return Step{Next: next}, nil
	}
	if r.job.Progress.Listed == 0 {
		r.job.Progress.Listed = r.job.Counts.Found
	}
	if r.job.Progress.Listed == 0 {
		if err := r.refuseEmpty(ctx); err != nil {
			return Step{}, err
		}
	}
	p := &r.job.Progress
	for first := true; p.Settling < r.ranges(); first = false {
		if !first && !r.Clock.Now().Before(r.deadline) {
			return Step{Next: NextSettle}, nil
		}
		counts, err := r.settleRange(ctx, rangeOf(p.Settling, r.ranges()))
		if err != nil {
			return Step{}, err
		}
		p.Settled = sum(p.Settled, counts)
		p.Settling++
		if p.Settling == r.ranges() {
			r.job.Counts = p.Settled
		}
		if err := r.save(ctx); err != nil {
			return Step{}, err
		}
		if err := r.keep(ctx); err != nil {
			return Step{}, err
		}
	}
	return r.removeLeavers(ctx)
}

// ranges is into how many hash ranges the job's people are divided.
func (r *run) ranges() int { return max(1, (r.job.Progress.Listed+settleKeys-1)/settleKeys) }

// refuseEmpty fails a job whose source listed nobody, where anybody is linked.
func (r *run) refuseEmpty(ctx context.Context) error {
	var after *usersync.KeyHash
	for {
		links, err := r.Store.LinkRange(ctx, r.job.Links, after, lastHash, linkPage)
		if err != nil {
			return err
		}
		linked := 0
		for i := range links {
			if links[i].Target != "" && !isOff(&links[i]) {
				linked++
			}
		}
		if linked > 0 {
			more := ""
			if len(links) == linkPage {
				more = " or more"
			}
			return usersync.E(usersync.EmptySource, "the source listed nobody, although "+
				strconv.Itoa(linked)+more+" people are linked; nothing was changed")
		}
		if len(links) < linkPage {
			return nil
		}
		after = new(links[len(links)-1].Hash())
	}
}

// span is a range of key hashes: after < hash ≤ to, or from the beginning where after is nil.
type span struct {
	after *usersync.KeyHash
	to    usersync.KeyHash
}

var lastHash = usersync.KeyHash(bytes.Repeat([]byte{0xff}, hashSize))

// rangeOf is range i of n ranges of equal size.
func rangeOf(i, n int) span {
	end := func(i int) usersync.KeyHash {
		h := lastHash
		if i < n {
			binary.BigEndian.PutUint64(h[:], ^uint64(0)/uint64(n)*uint64(i))
		}
		return h
	}
	s := span{to: end(i + 1)}
	if i > 0 {
		s.after = new(end(i))
	}
	return s
}

// sighting is one listing of a person.
type sighting struct {
	hash usersync.KeyHash
	rank uint8
	page int32
}

// settleRange merges the seen rows of a range with each other and with the links.
func (r *run) settleRange(ctx context.Context, s span) (usersync.Counts, error) {
	sightings, err := r.sightings(ctx, s)
	if err != nil {
		return usersync.Counts{}, err
	}
	var counts usersync.Counts
	rest := make(remains)
	for group := range groups(sightings) {
		counts.Add(actions[group[0].rank], 1)
		rest.add(group)
	}
	if err := r.collapse(ctx, rest); err != nil {
		return usersync.Counts{}, err
	}
	return counts, r.countLeavers(ctx, s, sightings)
}

// sightings reads a range of all seen rows, in order of hash, rank and page. Repetitions are left out:
// the listing that they repeat is there.
func (r *run) sightings(ctx context.Context, s span) ([]sighting, error) {
	found := make([]sighting, 0, min(r.job.Counts.Found, settleKeys)) // all of it at once, not grown by doubling
	pages := 0
	err := r.Store.EachRow(ctx, usersync.RowID{Job: r.job.ID, Kind: usersync.RowSeen}, func(row usersync.Row) error {
		pages++
		seen, err := decodeSeen(row.Data)
		if err != nil {
			return err
		}
		i := 0
		if s.after != nil {
			i = seen.from(*s.after)
		}
		for ; i < seen.len(); i++ {
			h := seen.hash(i)
			if bytes.Compare(h[:], s.to[:]) > 0 {
				break
			}
			if !seen.repeated(i) && (s.after == nil || h != *s.after) {
				found = append(found, sighting{hash: h, rank: seen.rank(i), page: int32(row.ID.N)})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if pages != r.job.Progress.Upserted {
		return nil, usersync.E(usersync.Internal, "seen rows of the job are missing")
	}
	slices.SortFunc(found, func(a, b sighting) int {
		return cmp.Or(bytes.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.rank, b.rank), cmp.Compare(a.page, b.page))
	})
	return found, nil
}

// groups yields the sightings of one person after the other; the first of a group is the one that counts.
func groups(sightings []sighting) func(yield func([]sighting) bool) {
	return func(yield func([]sighting) bool) {
		for len(sightings) > 0 {
			n := 1
			for n < len(sightings) && sightings[n].hash == sightings[0].hash {
				n++
			}
			if !yield(sightings[:n]) {
				return
			}
			sightings = sightings[n:]
		}
	}
}

// sum adds counts.
func sum(a, b usersync.Counts) usersync.Counts {
	return usersync.Counts{
		Found: a.Found + b.Found, Created: a.Created + b.Created, Updated: a.Updated + b.Updated,
		Unchanged: a.Unchanged + b.Unchanged, Removed: a.Removed + b.Removed, Failed: a.Failed + b.Failed,
		Skipped: a.Skipped + b.Skipped,
	}
}
