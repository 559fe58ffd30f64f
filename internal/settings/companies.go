package settings

import (
	"context"
	"maps"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

type companies map[usersync.CompanyID]usersync.Company

// NewCompanies serves a fixed list of companies, such as a file's.
func NewCompanies(list []usersync.Company) usersync.Companies {
	c := companies{}
	for _, company := range list {
		c[company.ID] = company
	}
	return c
}

// Company implements usersync.Companies. What it returns is the caller's own.
func (c companies) Company(_ context.Context, id usersync.CompanyID) (usersync.Company, error) {
	company, ok := c[id]
	if !ok {
		return usersync.Company{}, usersync.E(usersync.NotFound, "the company has no settings")
	}
	company.Source.Settings = maps.Clone(company.Source.Settings)
	company.Target.Settings = maps.Clone(company.Target.Settings)
	return company, nil
}

// Companies implements usersync.Companies.
func (c companies) Companies(context.Context) ([]usersync.CompanyID, error) {
	return slices.Sorted(maps.Keys(c)), nil
}
