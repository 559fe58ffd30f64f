package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// entries reads a source to its end and holds every page against what a page promises.
func entries(t *testing.T, src usersync.Source) []usersync.Entry {
	t.Helper()
	all, err := read(t.Context(), src)
	if err != nil {
		t.Fatalf("reading: %v (code %s)", err, usersync.CodeOf(err))
	}
	return all
}

// read reads a source to its end, paged or streamed.
func read(ctx context.Context, src usersync.Source) ([]usersync.Entry, error) {
	var all []usersync.Entry
	keep := func(page usersync.Page) error {
		for i := range page.Entries {
			if fault := entryFault(&page.Entries[i]); fault != "" {
				return errors.New(fault)
			}
		}
		all = append(all, page.Entries...)
		return nil
	}
	if streamed, ok := src.(usersync.StreamedSource); ok {
		return all, streamed.Stream(ctx, func(page usersync.Page) error {
			if len(page.Entries) == 0 || len(page.Entries) > 500 {
				return fmt.Errorf("a streamed page of %d entries", len(page.Entries))
			}
			return keep(page)
		})
	}
	paged, ok := src.(usersync.PagedSource)
	if !ok {
		return nil, fmt.Errorf("%T is neither paged nor streamed", src)
	}
	for at := usersync.Cursor(""); ; {
		page, err := paged.Fetch(ctx, at)
		if err != nil {
			return all, err
		}
		if err := keep(page); err != nil {
			return all, err
		}
		if page.Last {
			return all, nil
		}
		if page.Next == at || len(page.Next) > 4096 {
			return all, fmt.Errorf("a cursor of %d bytes after one of %d", len(page.Next), len(at))
		}
		at = page.Next
	}
}

// entryFault says what an entry breaks of its promises; empty where it keeps them.
func entryFault(e *usersync.Entry) string {
	switch {
	case (e.Person == nil) == (e.Fault == ""):
		return "an entry has both or neither of a person and a fault"
	case usersync.KeyFault(e.Key) != "":
		return "an entry's " + usersync.KeyFault(e.Key)
	case e.Person != nil && (e.Keyless || e.Key != e.Person.ID):
		return "an entry's key is not its person's id"
	}
	return ""
}

// fetch reads one page, which has to come.
func fetch(t *testing.T, src usersync.PagedSource, at usersync.Cursor) usersync.Page {
	t.Helper()
	page, err := src.Fetch(t.Context(), at)
	if err != nil {
		t.Fatalf("the page at %q: %v (code %s)", at, err, usersync.CodeOf(err))
	}
	return page
}

// sameEntries compares two readings of the same list.
func sameEntries(t *testing.T, first, again []usersync.Entry) {
	t.Helper()
	if len(first) != len(again) {
		t.Fatalf("%d entries, then %d", len(first), len(again))
	}
	for i := range first {
		if first[i].Key != again[i].Key || first[i].Fault != again[i].Fault {
			t.Fatalf("entry %d is %s, then %s", i, first[i].Key, again[i].Key)
		}
	}
}
