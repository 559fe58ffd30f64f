package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	maxCursor   = 4 << 10
	unsaidPause = 30 * time.Second // before a list is asked for again by whoever did not hear when
)

// Fetch stages pages of the source: of one that can be asked page by page up to ten that upsert has
// not taken yet, of a streamed one all. Its own errors: Malformed where a source's cursor stands
// still, Rejected where a stream takes too long; else those of the source.
func (e *Engine) Fetch(ctx context.Context, ref Ref) (Step, error) {
	return e.observed(ctx, NextFetch, ref, e.fetch)
}

func (e *Engine) fetch(ctx context.Context, ref Ref, t *tally) (Step, error) {
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
	p := &r.job.Progress
	if p.SourceDone || p.Staged-p.Upserted >= batchPages {
		return Step{Next: r.following()}, nil
	}
	s, err := r.newStaging(ctx)
	if err != nil {
		return Step{}, err
	}
	source, err := r.Connectors.Source(ctx, r.job.Settings)
	if err != nil {
		return Step{}, of("source", err)
	}
	switch source := source.(type) {
	case usersync.PagedSource:
		err = s.pages(ctx, source)
	case usersync.StreamedSource:
		err = s.stream(ctx, source)
	default:
		err = usersync.E(usersync.Internal, "the source can be read in no way")
	}
	if err != nil {
		return r.throttledOr(ctx, NextFetch, err)
	}
	return Step{Next: r.following()}, nil
}

// throttledOr ends a step that a list was throttled in with the pause that it asks for, and one that
// failed otherwise with the error.
func (r *run) throttledOr(ctx context.Context, next Next, err error) (Step, error) {
	throttled, ok := errors.AsType[*usersync.Error](err)
	if !ok || throttled.Code != usersync.Throttled {
		return Step{}, err
	}
	r.throttles.Add(1)
	wait := throttled.RetryAfter
	if wait <= 0 {
		wait = unsaidPause
	}
	return r.pause(ctx, next, wait)
}

// staging writes pages of a job, one after the other.
type staging struct {
	*run
	*vault
	reading string
	next    int // the number of the page to be written
}

func (r *run) newStaging(ctx context.Context) (*staging, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	key, err := r.Store.PutKey(ctx, r.job.ID, fresh, r.Clock.Now().Add(rowTerm))
	if err != nil {
		return nil, err
	}
	v, err := newVault(r.job.ID, key)
	if err != nil {
		return nil, err
	}
	return &staging{run: r, vault: v, next: r.job.Progress.Staged}, nil
}

// stage writes entries as pages of 500 at most.
func (s *staging) stage(ctx context.Context, entries []usersync.Entry) error {
	for len(entries) > 0 {
		part := entries[:min(pageEntries, len(entries))]
		entries = entries[len(part):]
		data, err := s.seal(s.reading, s.next, part)
		if err != nil {
			return err
		}
		id := usersync.RowID{Job: s.job.ID, Kind: usersync.RowPage, Reading: s.reading, N: s.next}
		row := usersync.Row{ID: id, Data: data}
		if err := s.Store.PutRow(ctx, s.job.Fence, row, s.Clock.Now().Add(rowTerm)); err != nil {
			return err
		}
		s.next++
	}
	return nil
}

// answer is what a source says to one request.
type answer struct {
	page usersync.Page
	err  error
}

// pages stages the source's pages from the cursor on. While one is written the next is asked for, so
// that source and store work side by side. A page of the source is staged whole before the cursor
// moves past it; after a crash in between it is asked for again and written over what was staged of it.
func (s *staging) pages(ctx context.Context, source usersync.PagedSource) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ask := func(at usersync.Cursor) <-chan answer {
		answers := make(chan answer, 1)
		go func() {
			page, err := source.Fetch(ctx, at)
			answers <- answer{page, err}
		}()
		return answers
	}
	p := &s.job.Progress
	for asked := ask(p.Cursor); asked != nil; {
		got := <-asked
		if got.err != nil {
			return of("source", got.err)
		}
		if err := checkPage(&got.page, p.Cursor); err != nil {
			return err
		}
		parts := (len(got.page.Entries) + pageEntries - 1) / pageEntries
		asked = nil
		if !got.page.Last && s.next+parts-p.Upserted < batchPages && s.Clock.Now().Before(s.deadline) {
			asked = ask(got.page.Next)
		}
		err := s.stage(ctx, got.page.Entries)
		if err == nil {
			p.Cursor, p.Staged, p.SourceDone = got.page.Next, s.next, got.page.Last
			s.job.Counts.Found += len(got.page.Entries)
			err = s.save(ctx)
		}
		if err == nil {
			err = s.keep(ctx)
		}
		if err != nil {
			cancel()
			if asked != nil {
				<-asked
			}
			return err
		}
	}
	return nil
}

// checkPage refuses a page after which reading would go round in circles, or whose cursor cannot be kept.
func checkPage(page *usersync.Page, at usersync.Cursor) error {
	switch {
	case page.Last:
		page.Next = ""
	case page.Next == at:
		return usersync.E(usersync.Malformed, "the source's cursor stands still: its page says that more follows, and leads back to itself")
	case len(page.Next) > maxCursor:
		return usersync.E(usersync.Malformed, "the source's cursor is longer than 4 KiB")
	}
	return nil
}
