package machine

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/store/sqlite"
	"github.com/usersync/usersync/internal/usersync"
)

// Finding is one thing that a check looked at: what was found, or what is wrong with it.
type Finding struct{ What, Found, Fault string }

// Checker checks companies' settings against the systems that they name; it changes nothing.
type Checker struct {
	systems usersync.Connectors
	done    func()
}

// OpenChecker makes a checker. A data folder that is not there yet is not made: the directory of
// companies then counts as empty.
func OpenChecker(file *settings.File, data string) (*Checker, error) {
	clock := usersync.SystemClock{}
	db, err := sqlite.OpenExisting(data, clock)
	done := func() { _ = db.Close() }
	if usersync.Is(err, usersync.NotFound) {
		scratch, failed := os.MkdirTemp("", "usersync-check-*")
		if failed != nil {
			return nil, failed
		}
		db, err = sqlite.Open(scratch, clock)
		done = func() {
			if db != nil {
				_ = db.Close()
			}
			_ = os.RemoveAll(scratch)
		}
	}
	if err != nil {
		return nil, err
	}
	return &Checker{connectors(file, db, clock), done}, nil
}

// Close lets go of what the checker opened.
func (c *Checker) Close() { c.done() }

// Check logs in to a company's source and target and reads one page.
func (c *Checker) Check(ctx context.Context, co usersync.Company) []Finding {
	return []Finding{c.source(ctx, co), c.target(ctx, co)}
}

func (c *Checker) source(ctx context.Context, co usersync.Company) Finding {
	f := Finding{What: "source " + co.Source.Type}
	source, err := c.systems.Source(ctx, co)
	if err == nil {
		err = source.Check(ctx)
	}
	if err == nil {
		f.Found, err = firstPage(ctx, source)
	}
	return f.with(err)
}

func (c *Checker) target(ctx context.Context, co usersync.Company) Finding {
	f := Finding{What: "target " + co.Target.Type}
	target, _, err := c.systems.Target(ctx, co)
	if err == nil {
		err = target.Check(ctx)
	}
	if err == nil {
		f.Found = "login works"
	}
	return f.with(err)
}

func (f Finding) with(err error) Finding {
	if err != nil {
		f.Found, f.Fault = "", usersync.Public(err)
	}
	return f
}

// errEnough ends a stream after its first page.
var errEnough = errors.New("one page is enough")

// firstPage reads one page and says how many people it has.
func firstPage(ctx context.Context, source usersync.Source) (string, error) {
	var page usersync.Page
	var err error
	switch s := source.(type) {
	case usersync.PagedSource:
		page, err = s.Fetch(ctx, "")
	case usersync.StreamedSource:
		err = s.Stream(ctx, func(p usersync.Page) error { page = p; return errEnough })
		if errors.Is(err, errEnough) {
			err = nil
		}
	}
	if err != nil {
		return "", err
	}
	faults := 0
	for i := range page.Entries {
		if page.Entries[i].Person == nil {
			faults++
		}
	}
	return fmt.Sprintf("the first page lists %d people, %d of them not usable", len(page.Entries), faults), nil
}
