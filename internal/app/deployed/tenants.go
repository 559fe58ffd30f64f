package deployed

import (
	"context"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/usersync"
)

// tenants reads companies from their settings in the table.
type tenants struct{ store usersync.Tenants }

var (
	_ usersync.Companies = tenants{}
	_ usersync.Schedules = tenants{}
)

// Company reads the settings anew each time: a job keeps those that it was started with.
func (t tenants) Company(ctx context.Context, id usersync.CompanyID) (usersync.Company, error) {
	tenant, err := t.store.Tenant(ctx, id)
	if err != nil {
		return usersync.Company{}, err
	}
	return settings.ParseTenant(id, tenant.Settings, app.Known())
}

// Companies implements usersync.Companies.
func (t tenants) Companies(ctx context.Context) ([]usersync.CompanyID, error) {
	all, err := t.store.Tenants(ctx)
	ids := make([]usersync.CompanyID, 0, len(all))
	for _, tenant := range all {
		ids = append(ids, tenant.ID)
	}
	return ids, err
}

// Timetables implements usersync.Schedules.
func (t tenants) Timetables(ctx context.Context) ([]usersync.Timetable, error) {
	return t.store.TenantTimetables(ctx)
}
