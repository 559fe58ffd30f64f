package engine

import (
	"context"
	"time"
)

const (
	// maxUnwritten bounds the people whose result could be lost at any moment: requests under way and
	// results that are not stored yet are never more together.
	maxUnwritten = 100
	// readAhead is how many people may be waiting for their turn before another page is prepared.
	readAhead = 500
	// shortPause is the longest wait that a step waits itself; a longer one is the caller's to wait.
	shortPause = 5 * time.Second
	// grace is how long requests under way may go on when the process is to end.
	grace = 5 * time.Second
	// manyLost is how many people in a row may get no proper answer before the target counts as down.
	manyLost = 20
)

// pool applies a batch: people of all its pages in one queue, as many requests at once as the pace allows.
//
//	prepare ──pages──► pool ──requests──► target
//	                    │ ▲                  │
//	                    │ └────answers───────┘
//	                    ├──► write (links, 100 at most) ──► person done
//	                    └──► checkpoint (pages whose people are all done)
//
// One goroutine, the one in run, owns all that is in here. The others work for it and hand back what is to
// be done with their results as a function, which it calls.
type pool struct {
	*batch
	pace
	deadline  time.Time
	work      context.Context // of requests and writes: outlives the step's by the grace
	events    chan func()
	ended     chan struct{} // closed when nobody takes events any more
	finished  chan<- *page  // to the checkpoint; never full
	unplanned bool          // pages are still being prepared

	queue    []*task // in the order of the source
	delayed  delayed // to be tried later
	open     map[int]*page
	inFlight int
	ready    []*task  // whose requests are sent next
	intents  []*task  // creates whose intent is to be written first
	results  []result // answers whose links are to be written
	writing  int      // results that are being written

	intending int // intents that are being written

	stopped    bool
	wait       time.Duration // before the next step
	err        error
	ticking    time.Time // when the next tick is due
	works      bool      // the target has answered properly once
	unanswered int       // improper answers in a row
	lost       int       // people failed for them in a row
}

// newPool makes a pool that goes on at the pace of the steps before.
func newPool(r *run, work context.Context, b *batch, finished chan<- *page) *pool {
	return &pool{
		batch: b, pace: newPace(r.job.Progress.InFlight, min(b.traits.MaxInFlight, maxUnwritten)), deadline: r.deadline,
		work: work, events: make(chan func(), maxUnwritten), ended: make(chan struct{}), finished: finished,
		unplanned: true, open: make(map[int]*page),
	}
}

// run applies the pages until they are done or the step has to end. What is under way is let finish and
// its links are written, whatever the reason.
func (p *pool) run(ctx context.Context, pages <-chan *page) {
	defer close(p.ended)
	cancelled := ctx.Done()
	for {
		p.handOut()
		p.writeIntents()
		p.writeOut()
		if p.idle() && (p.stopped || !p.unplanned && len(p.queue)+len(p.delayed) == 0) {
			return
		}
		var feed <-chan *page
		if p.unplanned && p.hungry() {
			feed = pages
		}
		select {
		case event := <-p.events:
			event()
		case pg, more := <-feed:
			if p.unplanned = more; more {
				p.take(pg)
			}
		case <-cancelled:
			cancelled = nil
			p.stop(ctx.Err())
		}
	}
}

// hungry reports whether another page is wanted.
func (p *pool) hungry() bool { return !p.stopped && len(p.queue)+len(p.delayed) < readAhead }

// idle reports whether nothing is under way.
func (p *pool) idle() bool {
	return p.inFlight+p.writing+p.intending == 0 && len(p.ready)+len(p.intents)+len(p.results) == 0
}

// take puts a page's people into the queue.
func (p *pool) take(pg *page) {
	p.open[pg.n] = pg
	p.queue = append(p.queue, pg.tasks...)
	p.close(pg)
}

// close hands a page on when its people are done.
func (p *pool) close(pg *page) {
	if pg.left > 0 {
		return
	}
	delete(p.open, pg.n)
	pg.limit = p.limit
	p.finished <- pg
}

// stop ends the handing out; the first error stays.
func (p *pool) stop(err error) {
	p.stopped = true
	if p.err == nil {
		p.err = err
	}
}

// post hands an event to run; it is dropped where run has ended.
func (p *pool) post(event func()) {
	select {
	case p.events <- event:
	case <-p.ended:
	}
}

// nextTask takes the person whose turn it is: first who is to be tried again. While the target answers
// nobody properly, nobody new is sent.
func (p *pool) nextTask(now time.Time) *task {
	if len(p.delayed) > 0 && !p.delayed[0].due.After(now) {
		return p.delayed.pop()
	}
	if len(p.queue) == 0 || p.unanswered >= manyLost && len(p.delayed) > 0 {
		return nil
	}
	t := p.queue[0]
	p.queue[0] = nil
	p.queue = p.queue[1:]
	if t.due.After(now) {
		p.delayed.push(t)
		return p.nextTask(now)
	}
	return t
}

// idleUntil waits for the first of the delayed, or ends the step where that takes long and nothing else
// is left to do.
func (p *pool) idleUntil(due, now time.Time) {
	if due.Sub(now) <= shortPause && due.Before(p.deadline) {
		p.tick(due, now)
		return
	}
	if p.idle() && !(p.unplanned && p.hungry()) {
		p.wait = due.Sub(now)
		p.stop(nil)
	}
}

// tick wakes run at a time.
func (p *pool) tick(at, now time.Time) {
	if p.ticking.After(now) && !p.ticking.After(at) {
		return
	}
	p.ticking = at
	go func() {
		// An error means that the step is over; run hears of that by itself.
		if err := p.Clock.Wait(p.work, at.Sub(now)); err == nil {
			p.post(func() { p.ticking = time.Time{} })
		}
	}()
}
