// Package operator opens a deployment's table for those who run it, with their own AWS credentials.
package operator

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/store/dynamo"
	"github.com/usersync/usersync/internal/usersync"
)

// openWithin is how long it may take to find credentials and the table.
const openWithin = 30 * time.Second

// Table is a deployment's main table.
type Table struct {
	name    string
	tenants usersync.Tenants
	clock   usersync.Clock
}

// Open finds the table, with credentials, region and endpoint as every AWS tool has them. Errors: Settings
// where they are missing, or the table is not there or not one that the template made; Unavailable.
func Open(ctx context.Context, table string) (*Table, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	c, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{})) // what it would say, the error says
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
		return nil, said(table, err)
	}
	clock := usersync.SystemClock{}
	return &Table{name: table, tenants: dynamo.New(client, dynamo.Tables{Main: table}, clock), clock: clock}, nil
}

// said adds to an error of the store the table and, where AWS gives the error a name, that name: the operator
// knows what to do with it.
func said(table string, err error) error {
	e, ours := errors.AsType[*usersync.Error](err)
	if !ours {
		return err
	}
	switch e.Code {
	case usersync.Internal, usersync.Throttled, usersync.Unavailable:
	default: // about the company, or names the table already
		return err
	}
	told := *e
	told.Message = "the table " + table + " cannot be used: " + e.Message
	if api, answered := errors.AsType[smithy.APIError](err); answered {
		told.Message += " (" + api.ErrorCode() + ")"
	}
	return &told
}

// Put writes every company of a settings file, which has been read for a deployment.
func (t *Table) Put(ctx context.Context, tenants []settings.Tenant, put func(settings.Tenant) error) error {
	for _, tenant := range tenants {
		err := t.tenants.PutTenant(ctx, usersync.Tenant{
			ID: tenant.Company.ID, Name: tenant.Company.Name, Settings: tenant.Text, Schedule: tenant.Company.Schedule, PutAt: t.clock.Now(),
		})
		if err != nil {
			return said(t.name, err)
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
		return nil, nil, said(t.name, err)
	}
	_, fault = settings.ParseTenant(id, tenant.Settings, app.Known())
	return tenant.Settings, fault, nil
}

// List lists all companies, without their settings.
func (t *Table) List(ctx context.Context) ([]usersync.Tenant, error) {
	all, err := t.tenants.Tenants(ctx)
	return all, said(t.name, err)
}

// Delete removes a company's settings. Errors: NotFound.
func (t *Table) Delete(ctx context.Context, id usersync.CompanyID) error {
	return said(t.name, t.tenants.DeleteTenant(ctx, id))
}
