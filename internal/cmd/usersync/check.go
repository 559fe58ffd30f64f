package main

import (
	"context"
	"fmt"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/app/machine"
)

// checkCommand checks settings, logins and one page, and changes nothing.
type checkCommand struct {
	place
	Company string `help:"Only this company's guid." placeholder:"ID"`
}

// Run checks.
func (c *checkCommand) Run(ctx context.Context, s streams) error {
	company, err := parseCompany(c.Company)
	if err != nil {
		return err
	}
	file, err := c.load()
	if err != nil {
		return err
	}
	companies, err := chosen(file, company)
	if err != nil {
		return err
	}
	if err := file.Resolvable(ctx, app.Secrets(file), file.Auth.Issuer == "", companies); err != nil {
		return err
	}
	checker, err := machine.OpenChecker(file, c.Data)
	if err != nil {
		return err
	}
	defer checker.Close()
	failed := false
	for _, co := range companies {
		for _, finding := range checker.Check(ctx, co) {
			mark := "ok    "
			if finding.Fault != "" {
				mark, failed = "FAILED", true
			}
			if _, err := fmt.Fprintf(s.out, "%s  %s: %s  %s%s\n", mark, nameOf(co), finding.What, finding.Found, finding.Fault); err != nil {
				return err
			}
		}
	}
	if failed {
		return ended(exitFailed)
	}
	return nil
}
