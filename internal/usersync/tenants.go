package usersync

import (
	"context"
	"time"
)

// Companies knows the tenants and their settings.
type Companies interface {
	// Company reads one. Errors: NotFound; Settings where what is stored is no valid settings.
	Company(ctx context.Context, id CompanyID) (Company, error)
	// Companies lists all ids, in order.
	Companies(ctx context.Context) ([]CompanyID, error)
}

// Schedules knows when companies are synced by themselves.
type Schedules interface {
	// Timetables lists the companies that have a schedule, in order of id. It does not look at the other
	// settings: a company whose settings can no longer be used is in it. It may lag by seconds.
	Timetables(ctx context.Context) ([]Timetable, error)
}

// Timetable is what the nights need to know of a company.
type Timetable struct {
	Company   CompanyID
	Schedule  Schedule
	Since     time.Time // when the company's settings were put there; zero where that is not known
	Succeeded time.Time // when a job of the company last ended as Completed; zero where none is known
}

// Tenant is a company's settings as a deployment keeps them: a text that only its reader understands,
// and beside it what is asked for of many companies at once.
type Tenant struct {
	ID       CompanyID
	Name     string
	Settings []byte    // at most 256 KiB
	Schedule *Schedule // nil: none
	PutAt    time.Time
}

// Tenants keeps the settings of a deployment's companies.
type Tenants interface {
	// PutTenant writes the settings over those that are there; when a job last succeeded stays known.
	PutTenant(ctx context.Context, t Tenant) error
	// Tenant reads one. Errors: NotFound.
	Tenant(ctx context.Context, id CompanyID) (Tenant, error)
	// DeleteTenant removes one; its jobs and links stay. Errors: NotFound.
	DeleteTenant(ctx context.Context, id CompanyID) error
	// Tenants lists all ids with their names, in order of id; Settings and PutAt are left out.
	Tenants(ctx context.Context) ([]Tenant, error)
	// TenantTimetables lists the companies that have a schedule, in order of id. It may lag by seconds.
	TenantTimetables(ctx context.Context) ([]Timetable, error)
	// TenantSucceeded notes when a job of the company ended as Completed: the latest moment stays.
	// Nothing happens where there is no such tenant.
	TenantSucceeded(ctx context.Context, id CompanyID, at time.Time) error
}

// Nights remembers how far the schedules have been looked after.
type Nights interface {
	// LookedUntil is the moment up to which every company that was due has been started; zero: never.
	LookedUntil(ctx context.Context) (time.Time, error)
	// SaveLookedUntil moves it from before to now. Errors: Conflict where it is no longer before: another
	// process has looked since.
	SaveLookedUntil(ctx context.Context, before, now time.Time) error
}
