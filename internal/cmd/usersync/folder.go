package main

import (
	"context"

	"github.com/usersync/usersync/internal/api"
	"github.com/usersync/usersync/internal/app/machine"
	"github.com/usersync/usersync/internal/usersync"
)

// folder reads jobs from a data folder.
type folder struct{ viewer *machine.Viewer }

func (f folder) get(ctx context.Context, id, company string) (job, error) {
	j, err := f.viewer.Job(ctx, usersync.CompanyID(company), usersync.JobID(id))
	if err != nil {
		return job{}, err
	}
	return api.JobOf(j), nil
}

func (f folder) list(ctx context.Context, company string, yield func(job) error) error {
	const take = 100
	for skip := 0; ; skip += take {
		jobs, err := f.viewer.Jobs(ctx, usersync.JobQuery{Company: usersync.CompanyID(company), Skip: skip, Take: take})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if err := yield(api.JobOf(j)); err != nil {
				return err
			}
		}
		if len(jobs) < take {
			return nil
		}
	}
}

func (f folder) outcomes(ctx context.Context, id, company, action string, skip, take int) (int, []outcome, error) {
	j, err := f.viewer.Job(ctx, usersync.CompanyID(company), usersync.JobID(id))
	if err != nil {
		return 0, nil, err
	}
	total, some, err := f.viewer.Outcomes(ctx, j.ID, usersync.Action(action), skip, take)
	if err != nil {
		return 0, nil, err
	}
	var all []outcome
	for _, o := range some {
		all = append(all, api.OutcomeOf(o))
	}
	return total, all, nil
}
