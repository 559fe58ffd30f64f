package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/usersync/usersync/internal/app/machine"
	"github.com/usersync/usersync/internal/usersync"
)

// statusCommand shows jobs.
type statusCommand struct {
	connection
	Job   string `arg:"" optional:"" help:"A job's id; left out: all jobs, newest first."`
	Watch bool   `help:"Show it again until it has ended."`
	JSON  bool   `name:"json" help:"Print one JSON object a line."`
}

// Run shows them.
func (c *statusCommand) Run(ctx context.Context, s streams) error {
	jobs, done, err := c.open(&c.Job)
	if err != nil {
		return err
	}
	defer done()
	for {
		running, err := c.once(ctx, s, jobs)
		if err != nil || !c.Watch || !running {
			return err
		}
		if err := (usersync.SystemClock{}).Wait(ctx, time.Second); err != nil {
			return err
		}
	}
}

// once shows what there is now and says whether any of it is still running.
func (c *statusCommand) once(ctx context.Context, s streams, jobs jobReader) (running bool, err error) {
	if c.Job != "" {
		j, err := jobs.get(ctx, c.Job, c.Company)
		if err != nil {
			return false, err
		}
		if c.JSON {
			return !jobEnded(j), printJSON(s.out, j)
		}
		return !jobEnded(j), printJob(s.out, "company "+j.CompanyID, j)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, strings.ReplaceAll("job company status created found created updated unchanged removed failed skipped", " ", "\t"))
	}
	err = jobs.list(ctx, c.Company, func(j job) error {
		running = running || !jobEnded(j)
		if c.JSON {
			return printJSON(s.out, j)
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", j.ID, j.CompanyID, j.StatusName, j.CreatedDate,
			count(j.UsersFound), count(j.UsersCreated), count(j.UsersUpdated), count(j.UsersUnchanged), count(j.UsersRemoved), count(j.UsersFailed), count(j.UsersSkipped))
		return err
	})
	if err != nil {
		return running, err
	}
	return running, table.Flush()
}

// outcomesCommand shows a job's outcomes.
type outcomesCommand struct {
	connection
	Job    string `arg:"" help:"The job's id."`
	Action string `help:"Only these: created, updated, removed, failed or skipped." enum:",created,updated,removed,failed,skipped" default:""`
	JSON   bool   `name:"json" help:"Print one JSON object a line."`
}

// Run shows them.
func (c *outcomesCommand) Run(ctx context.Context, s streams) error {
	jobs, done, err := c.open(&c.Job)
	if err != nil {
		return err
	}
	defer done()
	const take = 100
	table := newOutcomeTable(s.out)
	for skip := 0; ; skip += take {
		total, some, err := jobs.outcomes(ctx, c.Job, c.Company, c.Action, skip, take)
		if err != nil {
			return err
		}
		for _, o := range some {
			if !c.JSON {
				table.add("", o)
			} else if err := printJSON(s.out, o); err != nil {
				return err
			}
		}
		if skip+take >= total || len(some) == 0 {
			return table.flush()
		}
	}
}

// jobReader is where jobs are looked at: a server, or a data folder beside whoever works in it.
type jobReader interface {
	get(ctx context.Context, id, company string) (job, error)
	list(ctx context.Context, company string, yield func(job) error) error
	outcomes(ctx context.Context, id, company, action string, skip, take int) (int, []outcome, error)
}

// open finds the jobs; done lets go of them. The company and the job's id are read in any spelling.
func (c *connection) open(id *string) (jobs jobReader, done func(), err error) {
	company, err := parseCompany(c.Company)
	if err != nil {
		return nil, nil, err
	}
	c.Company = string(company)
	if *id != "" {
		canonical, ok := usersync.CanonicalGUID(*id)
		if !ok {
			return nil, nil, usageError{fmt.Errorf("%q is no job's id", *id)}
		}
		*id = canonical
	}
	if at, err := c.remote(); at != nil || err != nil {
		return at, func() {}, err
	}
	viewer, err := machine.OpenViewer(c.Data)
	if err != nil {
		return nil, nil, err
	}
	return folder{viewer}, viewer.Close, nil
}
