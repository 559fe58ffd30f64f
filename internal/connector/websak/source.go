package websak

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// listName is what errors call a request for a page.
const listName = "GET " + usersPath

// source lists the users of a Websak by offset. Its cursor is the offset, in decimal.
type source struct {
	*system
	pageSize int
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
	return &source{system: sys, pageSize: size}, nil
}

// Check logs in and reads one user.
func (s *source) Check(ctx context.Context) error {
	_, err := s.list(ctx, 0, 1)
	return err
}

// Fetch returns the users from the offset on. A server may give fewer than it is asked for, so that
// only an answer without users is the end.
func (s *source) Fetch(ctx context.Context, at usersync.Cursor) (usersync.Page, error) {
	offset := 0
	if at != "" {
		var err error
		if offset, err = strconv.Atoi(string(at)); err != nil || offset < 0 || offset > math.MaxInt32 {
			return usersync.Page{}, usersync.E(usersync.Malformed, "the cursor of "+listName+" is no offset")
		}
	}
	entries, err := s.list(ctx, offset, s.pageSize)
	if err != nil || len(entries) == 0 {
		return usersync.Page{Last: err == nil}, err
	}
	return usersync.Page{Entries: entries, Next: usersync.Cursor(strconv.Itoa(offset + len(entries)))}, nil
}

// list asks for one page.
func (s *system) list(ctx context.Context, offset, limit int) ([]usersync.Entry, error) {
	var entries []usersync.Entry
	_, err := s.session.Do(ctx, httpx.Request{
		Name:   listName,
		Method: http.MethodGet,
		URL: s.Base + usersPath + "?limit=" + strconv.Itoa(limit) + "&offset=" + strconv.Itoa(offset) +
			"&includeEmailAddresses=true&includeUserAccess=false&includeRoles=false",
		Repeat: true,
		Decode: func(a httpx.Answer) (err error) {
			switch a.Status {
			case http.StatusNoContent:
				entries = nil
				return nil
			case http.StatusOK:
			default: // half an answer is no answer
				return usersync.E(usersync.Malformed, fmt.Sprintf("%s: the status %d is none that a list is answered with", listName, a.Status))
			}
			entries, err = decodePage(a.Body, offset)
			return err
		},
	})
	if err != nil {
		return nil, wrongAddress(err)
	}
	return entries, nil
}
