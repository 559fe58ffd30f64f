package file

import (
	"context"
	"errors"
	"io"

	"github.com/usersync/usersync/internal/usersync"
)

// Spec describes this connector to the settings.
var Spec = usersync.ConnectorSpec{
	Type:      "file",
	AsSource:  true,
	LocalOnly: true,
	Settings: []usersync.Setting{
		{Name: "path", Kind: usersync.Path, Required: true, Identity: true, AsSource: true, Usable: usable},
	},
}

const (
	maxElement  = 1 << 20 // bytes of one row or element
	pageEntries = 500
	pageBytes   = 1 << 20 // of the file, decompressed; a page ends with the entry that reaches it
)

type source struct {
	path string
	form form
}

// NewSource opens a file as a source; the file itself is looked at when it is read. Errors: Settings
// where the path's ending is not known.
func NewSource(e usersync.Endpoint) (usersync.StreamedSource, error) {
	path := e.Settings["path"]
	form, err := formOf(path)
	if err != nil {
		return nil, err
	}
	return &source{path, form}, nil
}

// list is a file's list of people, entry by entry.
type list interface {
	// next is the next entry, io.EOF behind the last one.
	next() (usersync.Entry, error)
	// place says how far the reading has come, as "line 7".
	place() string
	// read is how many bytes have been read, decompressed.
	read() int64
}

var errSeenEnough = errors.New("the first page was read")

// Check reads the first page.
func (s *source) Check(ctx context.Context) error {
	err := s.Stream(ctx, func(usersync.Page) error { return errSeenEnough })
	if err == errSeenEnough {
		return nil
	}
	return err
}

// Stream reads the file from its beginning to its end. Errors: Malformed (no such file as its name
// says), Forbidden (it may not be read), Unavailable (reading failed, or the file changed meanwhile).
func (s *source) Stream(ctx context.Context, emit func(usersync.Page) error) error {
	f, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	entries, err := f.list()
	if err != nil {
		return f.explain(err, "")
	}
	var page usersync.Page
	var began int64
	for {
		entry, err := entries.next()
		if err != nil && err != io.EOF {
			return f.explain(err, entries.place())
		}
		ended := err == io.EOF
		if ended {
			if err := f.changed(); err != nil {
				return err
			}
		} else {
			page.Entries = append(page.Entries, entry)
		}
		if len(page.Entries) == pageEntries || len(page.Entries) > 0 && (ended || entries.read()-began >= pageBytes) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := emit(page); err != nil {
				return err
			}
			page, began = usersync.Page{Entries: make([]usersync.Entry, 0, pageEntries)}, entries.read()
		}
		if ended {
			return nil
		}
	}
}
