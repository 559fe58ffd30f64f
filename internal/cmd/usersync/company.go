package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/app/operator"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/usersync"
)

// companyCommand keeps companies' settings in a deployment's table.
type companyCommand struct {
	Put    companyPut    `cmd:"" help:"Put every company of a settings file into the table, over what is there."`
	Get    companyGet    `cmd:"" help:"Print a company's settings."`
	List   companyList   `cmd:"" help:"List the companies."`
	Delete companyDelete `cmd:"" help:"Remove a company's settings; its jobs and links stay."`
}

// table is a deployment's.
type table struct {
	Table string `help:"The deployment's table: its output TableName." required:"" placeholder:"NAME"`
}

// companyPut puts companies.
type companyPut struct {
	File string `short:"f" help:"The settings (${default})." default:"usersync.yaml" type:"path" placeholder:"FILE"`
	table
}

// Run reads all of the file before it puts anything.
func (c *companyPut) Run(ctx context.Context, s streams) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return usageError{err}
	}
	d, err := settings.ParseDeployment(filepath.Base(c.File), text, app.Known())
	if err != nil {
		return err
	}
	t, err := operator.Open(ctx, c.Table)
	if err != nil {
		return err
	}
	if len(d.Ignored) > 0 {
		fmt.Fprintf(s.err, "not put, since they are the deployment's own to say: %s\n", strings.Join(d.Ignored, ", "))
	}
	return t.Put(ctx, d.Tenants, func(tenant settings.Tenant) error {
		_, err := fmt.Fprintf(s.out, "put  %s  %s\n", tenant.Company.ID, tenant.Company.Name)
		return err
	})
}

// companyGet prints one company's settings.
type companyGet struct {
	ID string `arg:"" help:"The company's guid."`
	table
}

// Run prints them as they were put.
func (c *companyGet) Run(ctx context.Context, s streams) error {
	id, t, err := c.open(ctx, c.ID)
	if err != nil {
		return err
	}
	text, fault, err := t.Get(ctx, id)
	if err != nil {
		return err
	}
	if _, err := s.out.Write(text); err != nil {
		return err
	}
	return fault
}

// open reads the id and opens the table.
func (c table) open(ctx context.Context, id string) (usersync.CompanyID, *operator.Table, error) {
	company, ok := usersync.CanonicalGUID(id)
	if !ok {
		return "", nil, usageError{fmt.Errorf("%q is no company's guid", id)}
	}
	t, err := operator.Open(ctx, c.Table)
	return usersync.CompanyID(company), t, err
}

// companyList lists companies.
type companyList struct {
	table
	JSON bool `name:"json" help:"One JSON object a line."`
}

// Run lists them in the order of their ids.
func (c *companyList) Run(ctx context.Context, s streams) error {
	t, err := operator.Open(ctx, c.Table)
	if err != nil {
		return err
	}
	all, err := t.List(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range all {
		if err := c.show(s, tenant); err != nil {
			return err
		}
	}
	return nil
}

func (c *companyList) show(s streams, tenant usersync.Tenant) error {
	if c.JSON {
		line, err := json.Marshal(struct {
			ID       usersync.CompanyID `json:"id"`
			Name     string             `json:"name"`
			Schedule *usersync.Schedule `json:"schedule,omitempty"`
		}{tenant.ID, tenant.Name, tenant.Schedule})
		if err == nil {
			_, err = fmt.Fprintln(s.out, string(line))
		}
		return err
	}
	when := "on demand"
	if tenant.Schedule != nil {
		when = tenant.Schedule.At + " " + tenant.Schedule.Zone
	}
	_, err := fmt.Fprintf(s.out, "%s  %-24s  %s\n", tenant.ID, when, tenant.Name)
	return err
}

// companyDelete removes one company.
type companyDelete struct {
	ID string `arg:"" help:"The company's guid."`
	table
}

// Run removes it.
func (c *companyDelete) Run(ctx context.Context, s streams) error {
	id, t, err := c.open(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := t.Delete(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "deleted  %s\n", id)
	return err
}
