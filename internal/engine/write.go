package engine

import (
	"github.com/usersync/usersync/internal/usersync"
)

// maxLinks is how many links the store takes at once.
const maxLinks = 100

// writeOut has results written, by one write at a time. They gather until they are half as many as the requests under
// way, so that a busy target makes few large writes, and a slow one loses nothing by waiting.
func (p *pool) writeOut() {
	if len(p.results) == 0 || p.writing > 0 || 2*len(p.results) < p.inFlight {
		return
	}
	n := min(len(p.results), maxLinks)
	batch := p.results[:n:n]
	p.results = p.results[n:]
	p.writing = n
	go func() {
		err := p.write(batch)
		p.post(func() {
			p.writing = 0
			if err != nil {
				p.stop(err)
				return
			}
			for i := range batch {
				if batch[i].taken {
					p.notTheirs(batch[i].task)
					continue
				}
				batch[i].then()
			}
		})
	}()
}

// write stores results. Keys are given back before links are written or dropped: afterwards nobody would know of them.
func (p *pool) write(batch []result) error {
	if err := p.own(batch); err != nil {
		return err
	}
	var links []usersync.Link
	var drops []usersync.KeyHash
	var free []usersync.Reservation
	for _, r := range batch {
		if r.taken {
			continue
		}
		free = append(free, r.free...)
		if r.link != nil {
			links = append(links, *r.link)
		}
		if r.drop != nil {
			drops = append(drops, *r.drop)
		}
	}
	if len(free) > 0 {
		if err := p.Store.Free(p.work, p.set, free); err != nil {
			return err
		}
	}
	if len(links) > 0 {
		if err := p.Store.PutLinks(p.work, p.set, p.fence, links); err != nil {
			return err
		}
	}
	if len(drops) > 0 {
		return p.Store.DropLinks(p.work, p.set, p.fence, drops)
	}
	return nil
}

// own reserves the records that the results are about, and marks those whose record is somebody else's: a target
// that answers two creates with one id must not make one record two people's.
func (p *pool) own(batch []result) error {
	var claims []usersync.Reservation
	var claimants []*result
	for i := range batch {
		if r := &batch[i]; r.owns != "" {
			claims = append(claims, usersync.Reservation{TargetKey: recordKey(r.owns), Key: r.task.key})
			claimants = append(claimants, r)
		}
	}
	if len(claims) == 0 {
		return nil
	}
	holders, err := p.Store.Reserve(p.work, p.set, p.fence, claims)
	if err != nil {
		return err
	}
	if len(holders) != len(claims) {
		return corrupt("what is reserved")
	}
	for i, r := range claimants {
		r.taken = holders[i] != "" && holders[i] != r.task.key
	}
	return nil
}
