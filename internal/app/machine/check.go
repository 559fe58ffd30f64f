package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/app"
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

// Check logs in to a company's source and target, reads one page, and says by which fields of the target people are
// matched and which fields it would fill: names of fields and numbers of people, no values.
func (c *Checker) Check(ctx context.Context, co usersync.Company) []Finding {
	source, people := c.source(ctx, co)
	target, rules, mapper := c.target(ctx, co)
	findings := []Finding{source, target}
	if mapper != nil {
		findings = append(findings, matched(co, rules)...)
	}
	if mapper != nil && source.Fault == "" {
		findings = append(findings, mapped(people, rules, mapper)...)
	}
	return findings
}

func (c *Checker) source(ctx context.Context, co usersync.Company) (Finding, []*usersync.Person) {
	f := Finding{What: "source " + co.Source.Type}
	source, err := c.systems.Source(ctx, co)
	if err == nil {
		err = source.Check(ctx)
	}
	var people []*usersync.Person
	if err == nil {
		f.Found, people, err = firstPage(ctx, source)
	}
	return f.with(err), people
}

func (c *Checker) target(ctx context.Context, co usersync.Company) (Finding, []usersync.Rule, usersync.Mapper) {
	f := Finding{What: "target " + co.Target.Type}
	target, mapper, err := c.systems.Target(ctx, co)
	if err != nil {
		return f.with(err), nil, nil
	}
	if err = target.Check(ctx); err == nil {
		f.Found = "login works"
		err = unhindered(ctx, target)
	}
	return f.with(err), target.Traits().Mapping, mapper
}

// unhindered is the error of a login that lacks what writing needs, where that can be told.
func unhindered(ctx context.Context, target usersync.Target) error {
	restricted, can := target.(usersync.Restricted)
	if !can {
		return nil
	}
	lacks, err := restricted.Lacks(ctx)
	if err == nil && len(lacks) > 0 {
		err = usersync.E(usersync.Forbidden, "the login works, but lacks the role "+strings.Join(lacks, ", "))
	}
	return err
}

// matched says by which fields of the target people without a link find a record that exists; nothing of a target
// that takes no match.
func matched(co usersync.Company, rules []usersync.Rule) []Finding {
	spec, _ := app.Spec(co.Target.Type)
	if len(spec.Match) == 0 {
		return nil
	}
	by, without := spec.Matched(co.Match, func(field string) bool {
		return slices.ContainsFunc(rules, func(r usersync.Rule) bool { return r.Field == field })
	})
	var names []string
	for _, m := range by {
		names = append(names, m.Kind+" ("+m.Field+")")
	}
	found := "by " + strings.Join(names, ", then ")
	if len(by) == 0 {
		found = "nobody is matched with a record that exists"
	}
	for _, m := range without {
		found += "; " + m.Kind + " has no rule for " + m.Field
	}
	return []Finding{{What: "match", Found: found}}
}

// mapped says of each rule for how many people it has a value, and how many people cannot be mapped.
func mapped(people []*usersync.Person, rules []usersync.Rule, mapper usersync.Mapper) []Finding {
	filled, failed := map[string]int{}, 0
	for _, p := range people {
		r, err := mapper.Map(p)
		if err != nil {
			failed++
			continue
		}
		for _, f := range r {
			filled[f.Name]++
		}
	}
	var findings []Finding
	for _, rule := range rules {
		findings = append(findings, Finding{
			What: "field " + rule.Field, Found: fmt.Sprintf("from %s: %d of %d people have a value", rule.Expr, filled[rule.Field], len(people)),
		})
	}
	if failed > 0 {
		findings = append(findings, Finding{What: "mapping", Found: fmt.Sprintf("%d of %d people cannot be mapped; each would be a failed outcome", failed, len(people))})
	}
	return findings
}

func (f Finding) with(err error) Finding {
	if err != nil {
		f.Found, f.Fault = "", usersync.Public(err)
	}
	return f
}

// errEnough ends a stream after its first page.
var errEnough = errors.New("one page is enough")

// firstPage reads one page: what it lists, in words, and its people.
func firstPage(ctx context.Context, source usersync.Source) (string, []*usersync.Person, error) {
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
		return "", nil, err
	}
	var people []*usersync.Person
	for i := range page.Entries {
		if p := page.Entries[i].Person; p != nil {
			people = append(people, p)
		}
	}
	return fmt.Sprintf("the first page lists %d people, %d of them not usable", len(page.Entries), len(page.Entries)-len(people)), people, nil
}
