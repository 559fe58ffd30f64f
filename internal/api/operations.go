package api

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	maxTake = 100 // and the default
	maxSkip = 10_000
	// maxOutcomes is far beyond what one job has: all of them can be read.
	maxOutcomes = 100_000_000

	maxIdempotencyKey = 255 // bytes
	pingTimeOut       = 5 * time.Second
)

// start starts a job, or gives the one that the same Idempotency-Key has started.
func (s *server) start(ctx context.Context, c *call) (any, error) {
	request := usersync.StartRequest{
		Company:        c.company(),
		Full:           c.in.flag("Full"),
		IdempotencyKey: c.idempotencyKey(),
	}
	if c.in.flag("DryRun") {
		c.in.notYet("DryRun")
	}
	if c.in.has("ApproveRemovals") {
		c.in.number("ApproveRemovals", 0, math.MaxInt32, 0)
		c.in.notYet("ApproveRemovals")
	}
	if err := c.checked(request.Company); err != nil {
		return nil, err
	}
	if request.IdempotencyKey != "" {
		// What is asked for, not how it is spelled.
		request.Body = sha256.Sum256(fmt.Appendf(nil, "start company=%s full=%t", request.Company, request.Full))
	}
	job, err := s.Starter.Start(ctx, request)
	if err != nil {
		return nil, err
	}
	return JobOf(job), nil
}

// list gives a company's jobs, newest first.
func (s *server) list(ctx context.Context, c *call) (any, error) {
	query := usersync.JobQuery{
		Company: c.company(),
		Status:  c.in.status("Status"),
		Skip:    c.in.number("Skip", 0, maxSkip, 0),
		Take:    c.in.number("Take", 1, maxTake, maxTake),
	}
	if err := c.checked(query.Company); err != nil {
		return nil, err
	}
	jobs, err := s.Jobs.ListJobs(ctx, query)
	if err != nil {
		return nil, err
	}
	return pageOfJobs(jobs), nil
}

// get gives one job.
func (s *server) get(ctx context.Context, c *call) (any, error) {
	job, err := s.job(ctx, c)
	if err != nil {
		return nil, err
	}
	return JobOf(job), nil
}

// listOutcomes tells what happened to each person of a job who was not simply unchanged.
func (s *server) listOutcomes(ctx context.Context, c *call) (any, error) {
	action := c.in.action("Action")
	skip := c.in.number("Skip", 0, maxOutcomes, 0)
	take := c.in.number("Take", 1, maxTake, maxTake)
	job, err := s.job(ctx, c)
	if err != nil {
		return nil, err
	}
	total, page, err := s.outcomes(ctx, s.Rows, job.ID, action, skip, take)
	if err != nil {
		return nil, err
	}
	return pageOfOutcomes(skip, total, page), nil
}

// job reads the job that the caller names and may see. A superadmin sees any, and then the company
// in the request says nothing.
func (s *server) job(ctx context.Context, c *call) (usersync.Job, error) {
	id := c.in.job("Id")
	var company usersync.CompanyID
	if c.who.HasRole(roleSuperadmin) {
		c.in.company("CompanyId")
	} else {
		company = c.company()
	}
	if err := c.checked(company); err != nil {
		return usersync.Job{}, err
	}
	return s.Jobs.Job(ctx, company, id)
}

// health answers as long as the store does.
func (s *server) health(ctx context.Context, c *call) (any, error) {
	if err := c.in.err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeOut)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		return nil, &usersync.Error{Code: usersync.Unavailable, Message: "The store does not answer", Cause: err}
	}
	return struct{ Status string }{"ok"}, nil
}

// notYet refuses what is known and cannot be served yet.
func (s *server) notYet(_ context.Context, c *call) (any, error) {
	if _, given := c.in.values["Id"]; given {
		c.in.job("Id")
	}
	if err := c.in.err(); err != nil {
		return nil, err
	}
	return nil, refuse(http.StatusBadRequest, "NotSupported", "This is not supported yet")
}

// company is the one that the request speaks of: the one it names, else the login's.
func (c *call) company() usersync.CompanyID {
	company, ok := c.in.company("CompanyId")
	if company == "" && ok {
		company = c.who.Company
		if company == "" {
			c.in.fault("CompanyId", "'CompanyId' must be given: the login has no company")
		}
	}
	return company
}

// checked refuses a request with faults, and then one that speaks of a company which is not the
// caller's.
func (c *call) checked(company usersync.CompanyID) error {
	if err := c.in.err(); err != nil {
		return err
	}
	if company != c.who.Company && !c.who.HasRole(roleSuperadmin) {
		return refuse(http.StatusForbidden, "Forbidden", "The company is not the login's")
	}
	return nil
}

// idempotencyKey is the header's key, empty where there is none.
func (c *call) idempotencyKey() string {
	keys := c.header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return ""
	}
	fits := len(keys) == 1 && 0 < len(keys[0]) && len(keys[0]) <= maxIdempotencyKey
	for i := 0; fits && i < len(keys[0]); i++ {
		fits = '!' <= keys[0][i] && keys[0][i] <= '~'
	}
	if !fits {
		c.in.fault("Idempotency-Key", "'Idempotency-Key' must be 1 to 255 visible ASCII characters, once")
	}
	return keys[0]
}
