package websak

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// changesName is what errors call the request for changes.
const changesName = "GET " + usersPath + "/changes/{fromDate}"

// maxSingly is how many people are asked for one by one after the list.
const maxSingly = 100

// slid ends a reading of the list with a look at the changes: it lists those active users that have changed whom
// it has not listed. A user who moves from a page that is yet to come to one that has been read is in none.
// Whoever moves, or leaves the list, lets others slide who have not changed themselves: where anybody has changed
// while the list was read, it is read once more, and so it is where the changes are too many to be looked at.
func (s *source) slid(ctx context.Context, p position) (usersync.Page, error) {
	again := usersync.Page{Next: position{began: p.began, again: true}.cursor()}
	changed, whole, err := s.changes(ctx, p.since())
	if err != nil || !whole {
		return again, err
	}
	others, moved := s.listed.others(p, changed)
	if !moved {
		return usersync.Page{Last: true}, nil
	}
	singly := 0
	for _, e := range others {
		if e.Person != nil && !e.Person.IsActive() {
			continue // gone, not slid
		}
		if !complete(&e) {
			if singly++; singly > maxSingly {
				continue // the second reading lists them, if anything does
			}
			if e, err = s.one(ctx, e); err != nil {
				return usersync.Page{}, err
			}
		}
		again.Entries = append(again.Entries, e)
	}
	return again, nil
}

// complete reports whether a changed user can be taken as listed there. The vendor's document knows no switch
// for e-mail addresses there: who comes without one may have one.
func complete(e *usersync.Entry) bool { return e.Person != nil && e.Person.Emails.Work != "" }

// changes asks for the users that have changed after a date, without those who have no id. It is not whole where
// there are more than can be read at once.
func (s *source) changes(ctx context.Context, since string) (changed []usersync.Entry, whole bool, err error) {
	_, err = s.session.Do(ctx, httpx.Request{
		Name: changesName, Method: http.MethodGet, URL: s.Base + usersPath + "/changes/" + since, Repeat: true,
		Decode: func(a httpx.Answer) (err error) {
			changed, err = decodeList(changesName, a, 0)
			return err
		},
	})
	switch {
	case usersync.Is(err, usersync.NotFound), usersync.Is(err, usersync.Rejected): // none; or none that it can tell of
		return nil, true, nil
	case httpx.IsTooLarge(err), errors.Is(err, errTooMany):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return withID(changed), true, nil
}

// withID leaves out those without an id: in a second list nobody can tell them from those who were listed.
func withID(entries []usersync.Entry) []usersync.Entry {
	return slices.DeleteFunc(entries, func(e usersync.Entry) bool { return e.Keyless })
}

// one asks for a changed user alone, with the e-mail address. One who is gone by now stays as listed.
func (s *source) one(ctx context.Context, changed usersync.Entry) (usersync.Entry, error) {
	var entries []usersync.Entry
	_, err := s.session.Do(ctx, httpx.Request{
		Name: readName, Method: http.MethodGet, MaxBody: maxAnswer, Repeat: true,
		URL: s.Base + usersPath + "/" + segment(changed.Key) + "?lookupField=" + byID + "&" + switches,
		Decode: func(a httpx.Answer) (err error) {
			a.Body = append(append([]byte("["), a.Body...), ']')
			entries, err = decodeList(readName, a, 0)
			return err
		},
	})
	switch {
	case usersync.Is(err, usersync.NotFound):
		return changed, nil
	case err != nil:
		return changed, err
	case len(entries) == 0:
		return changed, nil
	case len(entries) > 1 || entries[0].Key != changed.Key:
		return changed, usersync.E(usersync.Malformed, readName+" was answered with another user")
	}
	return entries[0], nil
}

// mayLookAtChanges asks for changes since a day that is yet to come: whether the login may, without reading any.
func (s *source) mayLookAtChanges(ctx context.Context) error {
	_, _, err := s.changes(ctx, s.clock.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly))
	return err
}
