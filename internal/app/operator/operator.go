// Package operator opens a deployment's table for those who run it, with their own AWS credentials.
package operator

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/store/dynamo"
	"github.com/usersync/usersync/internal/usersync"
)

// openWithin is how long it may take to find credentials and the table.
const openWithin = 30 * time.Second

// Table is a deployment's main table.
type Table struct {
	tenants usersync.Tenants
	clock   usersync.Clock
}

// Open finds the table, with credentials, region and endpoint as every AWS tool has them. Errors: Settings
// where they are missing, or the table is not there or not one that the template made; Unavailable.
func Open(ctx context.Context, table string) (*Table, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	c, err := config.LoadDefaultConfig(ctx)
	switch {
	case err != nil:
		return nil, &usersync.Error{Code: usersync.Settings, Message: "the settings for AWS cannot be read: look at AWS_PROFILE, ~/.aws/config and ~/.aws/credentials", Cause: err}
	case c.Region == "":
		return nil, usersync.E(usersync.Settings, "no region is set for AWS: set AWS_REGION, or a profile's")
	}
	if _, err := c.Credentials.Retrieve(ctx); err != nil {
		return nil, &usersync.Error{Code: usersync.Settings, Message: "there are no credentials for AWS: set AWS_PROFILE, or log in as for every AWS tool", Cause: err}
	}
	client := dynamodb.NewFromConfig(c)
	if err := dynamo.CheckTable(ctx, client, table); err != nil {
		return nil, said(err)
	}
	clock := usersync.SystemClock{}
	return &Table{tenants: dynamo.New(client, dynamo.Tables{Main: table}, clock), clock: clock}, nil
}

// said adds to an error of AWS the name that AWS gives it: the operator knows what to do with it.
func said(err error) error {
	e, ours := errors.AsType[*usersync.Error](err)
	api, answered := errors.AsType[smithy.APIError](err)
	if !ours || !answered {
		return err
	}
	told := *e
	told.Message += " (" + api.ErrorCode() + ")"
	return &told
}

// Put writes every company of a settings file, which has been read for a deployment.
func (t *Table) Put(ctx context.Context, tenants []settings.Tenant, put func(settings.Tenant) error) error {
	for _, tenant := range tenants {
		err := t.tenants.PutTenant(ctx, usersync.Tenant{
			ID: tenant.Company.ID, Name: tenant.Company.Name, Settings: tenant.Text, Schedule: tenant.Company.Schedule, PutAt: t.clock.Now(),
		})
		if err != nil {
			return said(err)
		}
		if err := put(tenant); err != nil {
			return err
		}
	}
	return nil
}

// Get reads a company's settings; fault is what is wrong with them by now, if anything is.
// Errors: NotFound.
func (t *Table) Get(ctx context.Context, id usersync.CompanyID) (text []byte, fault, err error) {
	tenant, err := t.tenants.Tenant(ctx, id)
	if err != nil {
		return nil, nil, said(err)
	}
	_, fault = settings.ParseTenant(id, tenant.Settings, app.Known())
	return tenant.Settings, fault, nil
}

// List lists all companies, without their settings.
func (t *Table) List(ctx context.Context) ([]usersync.Tenant, error) {
	all, err := t.tenants.Tenants(ctx)
	return all, said(err)
}

// Delete removes a company's settings. Errors: NotFound.
func (t *Table) Delete(ctx context.Context, id usersync.CompanyID) error {
	return said(t.tenants.DeleteTenant(ctx, id))
}
