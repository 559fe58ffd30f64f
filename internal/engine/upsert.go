package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Upsert takes the next staged pages, ten at most: it plans each one once, applies the plans to the target
// with one pool over all of them, and moves the checkpoint over those that are done. Its own errors:
// what the target says where nobody can be served.
func (e *Engine) Upsert(ctx context.Context, ref Ref) (Step, error) {
	return e.observed(ctx, NextUpsert, ref, e.upsert)
}

func (e *Engine) upsert(ctx context.Context, ref Ref, t *tally) (Step, error) {
	r, ended, err := e.begin(ctx, ref, t)
	if err != nil {
		return Step{}, err
	}
	if ended {
		return Step{Next: NextFinish}, nil
	}
	if wait := r.paused(); wait > 0 {
		return Step{Next: r.following(), Wait: wait}, r.extend(ctx, wait)
	}
	if r.job.Progress.Upserted >= r.job.Progress.Staged {
		return Step{Next: r.following()}, nil
	}
	b, err := r.newBatch(ctx)
	if err != nil {
		return Step{}, err
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()

	p, err := r.apply(ctx, work, b)
	unsurveyed := errors.Is(err, errUnsurveyed)
	if err != nil && !unsurveyed && ctx.Err() == nil {
		return Step{}, err
	}
	for _, pg := range p.open {
		if err := b.leaveNote(work, pg); err != nil {
			return Step{}, err
		}
	}
	if r.job.Progress.InFlight != p.limit {
		r.job.Progress.InFlight = p.limit
		if err := r.save(work); err != nil {
			return Step{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return Step{}, err
	}
	if p.wait > 0 {
		return r.pause(ctx, NextUpsert, p.wait)
	}
	if unsurveyed {
		if err := r.survey(ctx, b); err != nil {
			return r.throttledOr(ctx, NextUpsert, err)
		}
	}
	return Step{Next: r.following()}, nil
}

// apply runs the pool with its two helpers, the one that prepares pages and the one that keeps them.
func (r *run) apply(ctx, work context.Context, b *batch) (*pool, error) {
	finished := make(chan *page, batchPages)
	p := newPool(r, work, b, finished)
	feeding, stopFeeding := context.WithCancel(ctx)
	pages := make(chan *page)
	var helpers sync.WaitGroup
	helpers.Go(func() { p.feed(feeding, pages) })
	var kept error
	helpers.Go(func() {
		if kept = r.checkpoint(work, b, finished); kept != nil {
			p.post(func() { p.stop(kept) })
		}
	})
	p.run(ctx, pages)
	stopFeeding()
	close(finished)
	helpers.Wait()
	if p.err == nil {
		p.err = kept
	}
	return p, p.err
}

// feed prepares one page after the other, one ahead of what the pool has asked for.
func (p *pool) feed(ctx context.Context, pages chan<- *page) {
	for n := p.from; n < p.to; n++ {
		pg, err := p.prepare(ctx, n)
		if err != nil {
			p.post(func() { p.stop(err) })
			return
		}
		select {
		case pages <- pg:
		case <-ctx.Done():
			return
		}
	}
	close(pages)
}
