package settings

import (
	"context"
	"maps"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// Companies is a fixed list of companies, such as a file's.
type Companies map[usersync.CompanyID]usersync.Company

var (
	_ usersync.Companies = Companies{}
	_ usersync.Schedules = Companies{}
)

// NewCompanies serves a list.
func NewCompanies(list []usersync.Company) Companies {
	c := Companies{}
	for _, company := range list {
		c[company.ID] = company
	}
	return c
}

// Company implements usersync.Companies. What it returns is the caller's own.
func (c Companies) Company(_ context.Context, id usersync.CompanyID) (usersync.Company, error) {
	company, ok := c[id]
	if !ok {
		return usersync.Company{}, usersync.E(usersync.NotFound, "the company has no settings")
	}
	company.Source.Settings = maps.Clone(company.Source.Settings)
	company.Target.Settings = maps.Clone(company.Target.Settings)
	return company, nil
}

// Companies implements usersync.Companies.
func (c Companies) Companies(context.Context) ([]usersync.CompanyID, error) {
	return slices.Sorted(maps.Keys(c)), nil
}

// Timetables implements usersync.Schedules.
func (c Companies) Timetables(context.Context) ([]usersync.Timetable, error) {
	var all []usersync.Timetable
	for _, id := range slices.Sorted(maps.Keys(c)) {
		if s := c[id].Schedule; s != nil {
			all = append(all, usersync.Timetable{Company: id, Schedule: *s})
		}
	}
	return all, nil
}
