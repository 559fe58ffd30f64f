package engine

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/usersync/usersync/internal/usersync"
)

// errUnsurveyed ends the preparing of pages: somebody on them could have a record already, and the target
// has not been surveyed yet.
var errUnsurveyed = errors.New("the target has not been surveyed")

// surveyPage is how many keys of a survey are written at once.
const surveyPage = 1000

// survey finds out which records the target has, and which of them are linked, until it is done or the
// step's time is over. It is made once a job, when the first person needs it, and before anybody is
// created: no record of this job's is in it. What it finds is in the store, hashed.
//
//	links ──► marked as linked ──► the target's list ──► its values ──► done
func (r *run) survey(ctx context.Context, b *batch) error {
	s := &r.job.Progress.Survey
	for !s.Marked && r.Clock.Now().Before(r.deadline) {
		if err := r.markLinked(ctx); err != nil {
			return err
		}
	}
	for s.Marked && !s.Done && r.Clock.Now().Before(r.deadline) {
		r.requests.Add(1)
		page, err := b.surveyor.Survey(ctx, s.Cursor)
		if err != nil {
			return of("target", err)
		}
		if page.Last {
			page.Next = ""
		} else if page.Next == s.Cursor || len(page.Next) > maxCursor {
			return usersync.E(usersync.Malformed, "the target: the cursor of its survey stands still or is longer than 4 KiB")
		}
		var keys []usersync.SurveyedKey
		for i := range page.Records {
			for _, k := range page.Records[i].Keys {
				keys = append(keys, usersync.SurveyedKey{Hash: b.vault.hash(k), Target: page.Records[i].ID})
			}
		}
		if err := r.putSurvey(ctx, keys); err != nil {
			return err
		}
		s.Cursor, s.Done = page.Next, page.Last
		if err := r.surveyed(ctx); err != nil {
			return err
		}
	}
	return nil
}

// markLinked marks the records of the next links.
func (r *run) markLinked(ctx context.Context) error {
	s := &r.job.Progress.Survey
	var after *usersync.KeyHash
	if s.Linked != "" {
		hash, err := hex.DecodeString(s.Linked)
		if err != nil || len(hash) != hashSize {
			return corrupt("the survey")
		}
		after = new(usersync.KeyHash(hash))
	}
	links, err := r.Store.LinkRange(ctx, r.job.Links, after, lastHash, linkPage)
	if err != nil {
		return err
	}
	var keys []usersync.SurveyedKey
	for i := range links {
		h := links[i].Hash()
		s.Linked = h.String()
		if links[i].Target != "" {
			keys = append(keys, usersync.SurveyedKey{Hash: usersync.LinkedKey(links[i].Target), Target: h.String()})
		}
	}
	if err := r.putSurvey(ctx, keys); err != nil {
		return err
	}
	s.Marked = len(links) < linkPage
	return r.surveyed(ctx)
}

// putSurvey writes keys, some at a time.
func (r *run) putSurvey(ctx context.Context, keys []usersync.SurveyedKey) error {
	for len(keys) > 0 {
		n := min(len(keys), surveyPage)
		if err := r.Store.PutSurvey(ctx, r.job.ID, keys[:n], r.Clock.Now().Add(rowTerm)); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// surveyed is the survey's checkpoint.
func (r *run) surveyed(ctx context.Context) error {
	if err := r.save(ctx); err != nil {
		return err
	}
	return r.keep(ctx)
}
