package websak

import (
	"context"
	"net/http"
	"strconv"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// listName is what errors call a request for a page.
const listName = "GET " + usersPath

// switches says what is to be in an answer.
const switches = "includeEmailAddresses=true&includeUserAccess=false&includeRoles=false"

// source lists the users of a Websak by offset, and then those that slid between two pages.
type source struct {
	*system
	pageSize int
	clock    usersync.Clock
	listed   *remembered
}

// NewSource opens a Websak as a source; it sends nothing yet. Errors: Settings.
func NewSource(ctx context.Context, e usersync.Endpoint, secrets usersync.Secrets, network httpx.Network, clock usersync.Clock) (usersync.PagedSource, error) {
	sys, err := open(ctx, e, secrets, network, clock)
	if err != nil {
		return nil, err
	}
	size, err := sys.Number("pageSize")
	if err != nil {
		return nil, err
	}
	return &source{system: sys, pageSize: size, clock: clock, listed: newRemembered()}, nil
}

// Check logs in, reads one user, and asks whether the login may look at changes.
func (s *source) Check(ctx context.Context) error {
	if _, err := s.list(ctx, 0, 1); err != nil {
		return err
	}
	return s.mayLookAtChanges(ctx)
}

// Fetch returns the users from the offset on. A server may give fewer than it is asked for, so that
// only an answer without users is the end of the list.
func (s *source) Fetch(ctx context.Context, at usersync.Cursor) (usersync.Page, error) {
	p := position{began: s.clock.Now().UnixNano()}
	if at != "" {
		var err error
		if p, err = positionAt(at); err != nil {
			return usersync.Page{}, err
		}
	}
	entries, err := s.list(ctx, p.offset, s.pageSize)
	switch {
	case err != nil:
		return usersync.Page{}, err
	case len(entries) > 0:
		next, err := p.after(entries)
		if err != nil {
			return usersync.Page{}, err
		}
		if p.again {
			entries = withID(entries)
		} else {
			s.listed.add(p, entries)
		}
		return usersync.Page{Entries: entries, Next: next.cursor()}, nil
	case p.again || p.offset == 0:
		return usersync.Page{Last: true}, nil
	}
	return s.slid(ctx, p)
}

// list asks for one page.
func (s *system) list(ctx context.Context, offset, limit int) ([]usersync.Entry, error) {
	var entries []usersync.Entry
	_, err := s.session.Do(ctx, httpx.Request{
		Name:   listName,
		Method: http.MethodGet,
		URL:    s.Base + usersPath + "?limit=" + strconv.Itoa(limit) + "&offset=" + strconv.Itoa(offset) + "&" + switches,
		Repeat: true,
		Decode: func(a httpx.Answer) (err error) {
			entries, err = decodeList(listName, a, offset)
			return err
		},
	})
	if err != nil {
		return nil, wrongAddress(err)
	}
	return entries, nil
}
