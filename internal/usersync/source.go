package usersync

import "context"

// Source is the system that knows the people. Every source is a PagedSource or a StreamedSource.
// Its answers are hostile text: an implementation checks them, bounds them (16 MiB decoded a page)
// and turns what it cannot use into an Entry with a Fault, or, where the answer as a whole is none,
// into an error of code Malformed that says which request and what was wrong, without the body.
//
// Implementations are safe for concurrent use, repeat by themselves what is worth repeating within
// seconds (a lost connection, 5xx, a short Retry-After; after 401 they take a new token once), and
// return Throttled with RetryAfter where the wait is longer. Errors: Unauthorized, Forbidden,
// Throttled, Unavailable, Malformed.
type Source interface {
	// Check logs in and reads what it takes to say that a job could begin; it changes nothing.
	// It may be called at any time.
	Check(ctx context.Context) error
}

// PagedSource is asked page by page.
type PagedSource interface {
	Source
	// Fetch returns the page at the cursor. It may be called twice with the same cursor, also by
	// another process; it then returns what the source has there now.
	Fetch(ctx context.Context, at Cursor) (Page, error)
}

// StreamedSource cannot page: it is read from its beginning to its end, once.
type StreamedSource interface {
	Source
	// Stream calls emit with one page after the other, in the source's order, a page at most 500
	// entries, and returns nil only if the list has been read to its very end; Next and Last of its
	// pages mean nothing. An error of emit ends it and is returned as it is. An empty list is nil
	// without a page; what is no list at all is Malformed.
	Stream(ctx context.Context, emit func(Page) error) error
}
