package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"github.com/usersync/usersync/internal/usersync"
)

// stream reads a source that cannot page, from its beginning to its end, under a reading of its own.
// One checkpoint at the end makes the reading the job's; what an earlier, broken one has left is never
// looked at.
func (s *staging) stream(ctx context.Context, source usersync.StreamedSource) error {
	var id [16]byte
	rand.Read(id[:])
	s.reading, s.next = hex.EncodeToString(id[:]), 0

	began, listed := s.Clock.Now(), 0
	limited, cancel := context.WithTimeout(ctx, s.StreamTime)
	defer cancel()
	var waiting []usersync.Entry
	var ours error // the stream ended with it, but it is not the source's
	err := source.Stream(limited, func(page usersync.Page) error {
		if s.Clock.Now().Sub(began) > s.StreamTime {
			return context.DeadlineExceeded
		}
		waiting = append(waiting, page.Entries...)
		listed += len(page.Entries)
		full := len(waiting) / pageEntries * pageEntries
		if full == 0 {
			return nil
		}
		if ours = s.stage(limited, waiting[:full]); ours != nil {
			return ours
		}
		waiting = append(waiting[:0], waiting[full:]...)
		ours = s.keep(limited)
		return ours
	})
	if err != nil && ours == nil {
		err = of("source", err)
	}
	if err == nil {
		err = s.stage(limited, waiting)
	}
	late := errors.Is(err, context.DeadlineExceeded) || errors.Is(limited.Err(), context.DeadlineExceeded)
	if err != nil && late && ctx.Err() == nil {
		return usersync.E(usersync.Rejected, "reading the source took longer than "+s.StreamTime.String())
	}
	if err != nil {
		return err
	}
	p := &s.job.Progress
	p.Reading, p.Staged, p.SourceDone = s.reading, s.next, true
	s.job.Counts.Found = listed
	return s.save(ctx)
}
