package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// RunTenants holds a store to the promises of usersync.Tenants; open is as for Run.
func RunTenants(t *testing.T, open func(t *testing.T, clock usersync.Clock) (a, b usersync.Tenants)) {
	runAll(t, open, []promise[usersync.Tenants]{
		{"SettingsAreReadAsTheyWerePut", settingsAreReadAsTheyWerePut},
		{"ADeletedTenantIsGone", aDeletedTenantIsGone},
		{"ThousandsAreListedInOrder", thousandsAreListedInOrder},
		{"TheLatestSuccessStays", theLatestSuccessStays},
	})
}

func newTenant(p pair[usersync.Tenants]) usersync.Tenant {
	return usersync.Tenant{
		ID: newCompany(), Name: "Brf Utsikten åäö", Settings: noise(1, 1000), PutAt: p.clock.Now(),
		Schedule: &usersync.Schedule{At: "02:15", Zone: "Europe/Stockholm"},
	}
}

func settingsAreReadAsTheyWerePut(t *testing.T, p pair[usersync.Tenants]) {
	tenant := newTenant(p)
	_, err := p.a.Tenant(t.Context(), tenant.ID)
	wantCode(t, err, usersync.NotFound)
	for _, size := range []int{1, 256 << 10} {
		tenant.Settings = noise(size, size)
		noError(t, p.a.PutTenant(t.Context(), tenant))
		same(t, "the tenant", get(p.b.Tenant(t.Context(), tenant.ID))(t), tenant)
	}
	tenant.Schedule, tenant.Name = nil, ""
	noError(t, p.b.PutTenant(t.Context(), tenant))
	same(t, "the tenant without a schedule", get(p.a.Tenant(t.Context(), tenant.ID))(t), tenant)
	if all := get(p.a.TenantTimetables(t.Context()))(t); len(all) != 0 {
		t.Errorf("a company without a schedule has a timetable: %+v", all)
	}
}

func aDeletedTenantIsGone(t *testing.T, p pair[usersync.Tenants]) {
	tenant := newTenant(p)
	wantCode(t, p.a.DeleteTenant(t.Context(), tenant.ID), usersync.NotFound)
	noError(t, p.a.PutTenant(t.Context(), tenant))
	noError(t, p.b.DeleteTenant(t.Context(), tenant.ID))
	_, err := p.a.Tenant(t.Context(), tenant.ID)
	wantCode(t, err, usersync.NotFound)
	wantCode(t, p.a.DeleteTenant(t.Context(), tenant.ID), usersync.NotFound)
	noError(t, p.a.TenantSucceeded(t.Context(), tenant.ID, p.clock.Now()))
	if all := get(p.a.Tenants(t.Context()))(t); len(all) != 0 {
		t.Errorf("still listed: %+v", all)
	}
	noError(t, p.b.PutTenant(t.Context(), tenant))
	if all := get(p.a.TenantTimetables(t.Context()))(t); len(all) != 1 || !all[0].Succeeded.IsZero() {
		t.Errorf("put again: %+v", all)
	}
}

func thousandsAreListedInOrder(t *testing.T, p pair[usersync.Tenants]) {
	const many = 2000
	var want []usersync.CompanyID
	tenants := make([]usersync.Tenant, many)
	for i := range tenants {
		tenants[i] = newTenant(p)
		tenants[i].Name = strings.Repeat(fmt.Sprint("company ", i, " "), 20)
		want = append(want, tenants[i].ID)
	}
	together(20, func(n int) {
		for i := n; i < many; i += 20 {
			if err := p.either(i).PutTenant(t.Context(), tenants[i]); err != nil {
				t.Error(err)
			}
		}
	})
	slices.Sort(want)
	var listed, due []usersync.CompanyID
	for _, tenant := range get(p.a.Tenants(t.Context()))(t) {
		listed = append(listed, tenant.ID)
	}
	for _, timetable := range get(p.b.TenantTimetables(t.Context()))(t) {
		due = append(due, timetable.Company)
		if timetable.Schedule.At != "02:15" || !timetable.Since.Equal(p.clock.Now()) {
			t.Fatalf("%+v", timetable)
		}
	}
	if !slices.Equal(listed, want) || !slices.Equal(due, want) {
		t.Errorf("%d are listed and %d have a timetable, of %d", len(listed), len(due), many)
	}
}

func theLatestSuccessStays(t *testing.T, p pair[usersync.Tenants]) {
	tenant := newTenant(p)
	noError(t, p.a.PutTenant(t.Context(), tenant))
	together(20, func(i int) {
		var err error
		if i%4 == 0 {
			err = p.either(i).PutTenant(t.Context(), tenant)
		} else {
			err = p.either(i).TenantSucceeded(t.Context(), tenant.ID, p.in(time.Duration(i)*time.Second))
		}
		if err != nil {
			t.Error(err)
		}
	})
	all := get(p.a.TenantTimetables(t.Context()))(t)
	if len(all) != 1 || !all[0].Succeeded.Equal(p.in(19*time.Second)) {
		t.Errorf("%+v", all)
	}
}
