package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/app/machine"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/usersync"
)

// atOnce is how many companies `sync` works on at the same time.
const atOnce = 4

// syncCommand syncs companies and waits for the end.
type syncCommand struct {
	place
	Company         string `help:"Only this company's guid; left out: every company of the settings (with --server: the token's)." placeholder:"ID"`
	Full            bool   `help:"Write everybody again, also the unchanged."`
	DryRun          bool   `help:"Not supported yet."`
	ApproveRemovals *int   `help:"Not supported yet." placeholder:"N"`
	JSON            bool   `name:"json" help:"Print one JSON object a company, at its end."`
	Server          string `help:"Sync at a running server or a deployment instead." placeholder:"URL"`
	Token           string `help:"The token for --server." placeholder:"TOKEN"`
}

// Run syncs.
func (c *syncCommand) Run(ctx context.Context, s streams) error {
	if c.DryRun {
		return notSupported("--dry-run")
	}
	if c.ApproveRemovals != nil {
		return notSupported("--approve-removals")
	}
	company, err := parseCompany(c.Company)
	if err != nil {
		return err
	}
	if c.Server != "" {
		at, err := remoteClient(c.Server, c.Token)
		if err != nil {
			return err
		}
		r := &syncRun{streams: s, json: c.JSON, every: time.Second, progress: newProgress(s)}
		return r.all(ctx, []syncOne{{company: string(company), name: at.base, at: at, start: func(ctx context.Context) (job, error) {
			return at.start(ctx, string(company), c.Full)
		}}})
	}
	return c.local(ctx, s, company)
}

// local opens the data folder and runs the jobs in this process, started through the job API.
func (c *syncCommand) local(ctx context.Context, s streams, company usersync.CompanyID) error {
	file, err := c.load()
	if err != nil {
		return err
	}
	companies, err := chosen(file, company)
	if err != nil {
		return err
	}
	if err := file.Resolvable(ctx, app.Secrets(file), false, companies); err != nil {
		return err
	}
	m, err := machine.Open(ctx, machine.Options{Settings: file, Data: c.Data, Log: logger(s, slog.LevelWarn)})
	if err != nil {
		return err
	}
	defer m.Close()
	ids := make([]usersync.CompanyID, 0, len(companies))
	for _, co := range companies {
		ids = append(ids, co.ID)
	}
	unfinished, err := m.Resume(ctx, ids...)
	if err != nil {
		return err
	}
	defer m.Sweeping(ctx)()
	r := &syncRun{streams: s, json: c.JSON, every: 250 * time.Millisecond, progress: newProgress(s)}
	var all []syncOne
	for _, co := range companies {
		token, err := m.Token(co.ID)
		if err != nil {
			return err
		}
		at := &client{base: "http://usersync", token: token, http: m.Client()}
		one := syncOne{company: string(co.ID), name: nameOf(co), at: at, done: m.Done, start: func(ctx context.Context) (job, error) {
			return at.start(ctx, string(co.ID), c.Full)
		}}
		if id, found := unfinished[co.ID]; found { // goes on with that one instead of a new one
			fmt.Fprintf(s.err, "%s: going on with the unfinished job %s, as it was started\n", nameOf(co), id)
			one.start = func(ctx context.Context) (job, error) { return at.get(ctx, string(id), string(co.ID)) }
		}
		all = append(all, one)
	}
	err = r.all(ctx, all)
	m.Wait(ctx)
	return err
}

// chosen is the one company asked for, or all of the settings.
func chosen(file *settings.File, company usersync.CompanyID) ([]usersync.Company, error) {
	if company == "" {
		return file.Companies, nil
	}
	for _, c := range file.Companies {
		if c.ID == company {
			return []usersync.Company{c}, nil
		}
	}
	return nil, usageError{fmt.Errorf("--company %s is not in the settings", company)}
}

func nameOf(c usersync.Company) string {
	if c.Name != "" {
		return c.Name
	}
	return string(c.ID)
}

// syncOne is one company to be synced.
type syncOne struct {
	company, name string
	at            *client
	start         func(context.Context) (job, error)
	done          func(usersync.JobID) <-chan struct{} // closed when this process has left the job; nil: another works on it
}

// syncRun follows jobs to their ends and shows them.
type syncRun struct {
	streams
	json     bool
	every    time.Duration // between two looks at a job
	progress *progress
}

// end is how one company's sync ended.
type end struct {
	syncOne
	job job
	err error
}

// all syncs the companies, some at once, and returns what they came to. A line of JSON is printed at a
// company's end, what is for people when all bars are gone.
func (r *syncRun) all(ctx context.Context, companies []syncOne) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var ends []end
	var failed error
	slots := make(chan struct{}, atOnce)
	for _, one := range companies {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			j, err := r.follow(ctx, one)
			mu.Lock()
			defer mu.Unlock()
			e := end{one, j, err}
			if ends = append(ends, e); r.json && err == nil {
				failed = errors.Join(failed, printJSON(r.out, j))
			}
		})
	}
	wg.Wait()
	r.progress.wait()
	var codes []int
	for _, e := range ends {
		if errors.Is(e.err, context.Canceled) {
			continue
		}
		code, err := r.show(ctx, e)
		codes = append(codes, code)
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return failed
	}
	if ctx.Err() != nil {
		fmt.Fprintln(r.err, "stopped; what is not finished goes on with the next serve or sync")
		return nil
	}
	return ended(worst(codes))
}

// follow starts one company's job and waits for its end.
func (r *syncRun) follow(ctx context.Context, one syncOne) (job, error) {
	j, err := one.start(ctx)
	if err != nil {
		return j, err
	}
	t := r.progress.track(one.name)
	defer t.drop()
	for {
		t.show(j)
		if jobEnded(j) {
			return j, nil
		}
		left, err := r.pause(ctx, one, usersync.JobID(j.ID))
		if err != nil {
			return j, err
		}
		if j, err = one.at.get(ctx, j.ID, one.company); err != nil {
			return j, err
		}
		if left && !jobEnded(j) {
			return j, usersync.E(usersync.Unavailable, "the job "+j.ID+" broke off before its end, and goes on with the next serve or sync")
		}
	}
}

// pause waits until the job is to be looked at again, at the latest when this process has left it.
func (r *syncRun) pause(ctx context.Context, one syncOne, id usersync.JobID) (left bool, err error) {
	if one.done == nil {
		return false, usersync.SystemClock{}.Wait(ctx, r.every)
	}
	done := one.done(id)
	waiting, wake := context.WithCancel(ctx)
	defer wake()
	go func() {
		select {
		case <-done:
			wake()
		case <-waiting.Done():
		}
	}()
	err = usersync.SystemClock{}.Wait(waiting, r.every)
	select {
	case <-done:
		return true, ctx.Err()
	default:
		return false, err
	}
}

// shownFailures is how many failed people the result names by itself.
const shownFailures = 10

// show prints one company's end and returns its exit code.
func (r *syncRun) show(ctx context.Context, e end) (int, error) {
	if e.err != nil {
		fmt.Fprintf(r.err, "%s: ", e.name)
		return exitCode(r.err, e.err), nil
	}
	code := endCode(e.job)
	if r.json {
		return code, nil
	}
	if err := printJob(r.out, e.name, e.job); err != nil || count(e.job.UsersFailed) == 0 {
		return code, err
	}
	total, failed, err := e.at.outcomes(ctx, e.job.ID, e.company, "failed", 0, shownFailures)
	if err != nil {
		return code, err
	}
	table := newOutcomeTable(r.out)
	for _, o := range failed {
		table.add("  ", o)
	}
	if err := table.flush(); err != nil {
		return code, err
	}
	if total > len(failed) {
		_, err = fmt.Fprintf(r.out, "  and %d more: usersync outcomes %s --action failed\n", total-len(failed), e.job.ID)
	}
	return code, err
}
