package engine

import (
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// intentAge is how old an intent may be when its create is sent.
const intentAge = 2 * time.Second

// handOut sends requests for as long as the pace, the clock and the unwritten results allow.
//
//	queue ──► intents ──written──► ready ──► request
//	  └──────no intent needed──────▲
func (p *pool) handOut() {
	for !p.stopped && len(p.queue)+len(p.delayed)+len(p.ready) > 0 {
		now := p.Clock.Now()
		paused := p.until.Sub(now)
		switch {
		case paused > shortPause || paused > 0 && !p.until.Before(p.deadline):
			p.wait = paused
			p.stop(nil)
			continue
		case !now.Before(p.deadline):
			p.stop(nil)
			continue
		case paused > 0:
			p.tick(p.until, now)
			return
		}
		p.makeReady(now)
		if len(p.ready) == 0 || p.inFlight >= p.limit || p.inFlight+len(p.results)+p.writing >= maxUnwritten {
			break
		}
		t := p.ready[0]
		p.ready = p.ready[1:]
		if p.wantsIntent(t, now) { // it has grown old
			p.intents = append(p.intents, t)
			continue
		}
		p.inFlight++
		p.request(t, p.operation(t))
	}
	if p.stopped {
		p.giveBack()
	}
}

// makeReady takes the people out of the queue whose requests are sent next. Where creates need intents it takes some
// more than can be sent at once, so that no request waits for the store, and many at a time, so that few writes do.
func (p *pool) makeReady(now time.Time) {
	waiting := len(p.ready) + len(p.intents) + p.intending
	room, ahead := p.limit-p.inFlight, 0
	if !p.traits.UpsertsByKey && p.unanswered == 0 {
		ahead = p.limit / 2
	}
	if waiting > room+ahead/2 {
		return
	}
	for ; waiting < room+ahead && len(p.queue)+len(p.delayed) > 0; waiting++ {
		t := p.nextTask(now)
		if t == nil {
			p.idleUntil(p.delayed[0].due, now)
			return
		}
		if p.wantsIntent(t, now) {
			p.intents = append(p.intents, t)
		} else {
			p.ready = append(p.ready, t)
		}
	}
}

// wantsIntent reports whether an intent is to be written before the person's next request: before a create, unless
// the target makes one record of two.
func (p *pool) wantsIntent(t *task, now time.Time) bool {
	return p.operation(t) == opCreate && !p.traits.UpsertsByKey && !(t.intended && now.Sub(t.intent.at) <= intentAge)
}

// writeIntents writes the intents that wait, by one write at a time; their people are ready then.
func (p *pool) writeIntents() {
	if len(p.intents) == 0 || p.intending > 0 {
		return
	}
	n := min(len(p.intents), maxLinks)
	batch := p.intents[:n:n]
	p.intents = p.intents[n:]
	p.intending = n
	links := make([]usersync.Link, n)
	for i, t := range batch {
		t.intent = p.intend(t)
		links[i] = usersync.Link{
			Key: t.key, TargetKey: t.keyHash, Origin: usersync.OriginCreated, Job: p.id, Digest: t.intent.encode(),
		}
	}
	go func() {
		err := p.Store.PutLinks(p.work, p.set, p.fence, links)
		p.post(func() {
			p.intending = 0
			if err != nil {
				p.stop(err)
				return
			}
			for _, t := range batch {
				t.intended = true
			}
			p.ready = append(p.ready, batch...)
		})
	}()
}

// giveBack leaves the people whose requests are not sent any more to a later step, and takes their intents back:
// else they would be in doubt.
func (p *pool) giveBack() {
	for _, t := range slices.Concat(p.ready, p.intents) {
		if t.intended {
			t.intended = false
			p.results = append(p.results, result{task: t, drop: &t.hash, then: func() {}})
		}
	}
	p.ready, p.intents = nil, nil
}
