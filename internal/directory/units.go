package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// code is what departmentCode is matched with: the department's short name, in the form of CodeKey.
func (u *Unit) code() string { return CodeKey(text(u.Request.DepartmentShortName)) }

// find picks the department that the predicate is true of.
func find(units []Unit, is func(*Unit) bool) (Unit, bool) {
	i := slices.IndexFunc(units, func(u Unit) bool { return is(&u) })
	if i < 0 {
		return Unit{}, false
	}
	return units[i], true
}

// unitOf resolves the request's department to its id: by departmentCode; only without one by
// externalDepartmentId; only without both by departmentId. Empty where there is no such department.
func (s *Service) unitOf(ctx context.Context, company usersync.CompanyID, r *UserRequest) (string, error) {
	code, external, id := CodeKey(text(r.DepartmentCode)), text(r.ExternalDepartmentID), text(r.DepartmentID)
	if code == "" && external == "" && id == "" {
		return "", nil
	}
	units, err := s.store.Units(ctx, company)
	if err != nil {
		return "", err
	}
	unit, _ := find(units, func(u *Unit) bool {
		switch {
		case code != "":
			return u.code() == code
		case external != "":
			return text(u.Request.ExternalID) == external
		}
		return u.ID == id
	})
	return unit.ID, nil
}

// sameDepartment reports whether two requests name the department alike.
func sameDepartment(a, b *UserRequest) bool {
	return text(a.DepartmentCode) == text(b.DepartmentCode) && text(a.DepartmentID) == text(b.DepartmentID) &&
		text(a.ExternalDepartmentID) == text(b.ExternalDepartmentID)
}

// CreateUnit stores a new department under its departmentId, or under a new id where it has none.
// Errors: Exists where its id, short name or external id is another's.
func (s *Service) CreateUnit(ctx context.Context, company usersync.CompanyID, r DepartmentRequest) (Unit, error) {
	u := Unit{ID: text(r.DepartmentID), Request: r, Created: s.clock.Now()}
	if strings.TrimSpace(u.ID) == "" {
		u.ID = s.newID()
	}
	u.Request.DepartmentID = &u.ID
	s.units.Lock()
	defer s.units.Unlock()
	units, err := s.store.Units(ctx, company)
	if err != nil {
		return Unit{}, err
	}
	if err := unitTaken(units, &u); err != nil {
		return Unit{}, err
	}
	stored, err := s.store.CreateUnit(ctx, company, u)
	if usersync.Is(err, usersync.Exists) {
		return Unit{}, usersync.E(usersync.Exists, "departmentId is another department's")
	}
	return stored, err
}

// ReplaceUnit puts the request in the place of what the department was.
// Errors: NotFound; Exists where its short name or external id is another's.
func (s *Service) ReplaceUnit(ctx context.Context, company usersync.CompanyID, id string, r DepartmentRequest) (stored Unit, err error) {
	s.units.Lock()
	defer s.units.Unlock()
	err = s.again(ctx, func() error {
		units, err := s.store.Units(ctx, company)
		if err != nil {
			return err
		}
		u, found := find(units, func(u *Unit) bool { return u.ID == id })
		if !found {
			return usersync.E(usersync.NotFound, "no such department")
		}
		u.Request = r
		u.Request.DepartmentID = &u.ID
		if taken := unitTaken(slices.DeleteFunc(units, func(o Unit) bool { return o.ID == id }), &u); taken != nil {
			return taken
		}
		stored, err = s.store.UpdateUnit(ctx, company, u)
		return err
	})
	return stored, err
}

// unitTaken says which of the department's keys another one has.
func unitTaken(others []Unit, u *Unit) error {
	for i := range others {
		o := &others[i]
		switch {
		case o.ID == u.ID:
			return usersync.E(usersync.Exists, "departmentId is another department's")
		case u.code() != "" && o.code() == u.code():
			return usersync.E(usersync.Exists, "departmentShortName is another department's")
		case text(u.Request.ExternalID) != "" && text(o.Request.ExternalID) == text(u.Request.ExternalID):
			return usersync.E(usersync.Exists, "externalID is another department's")
		}
	}
	return nil
}
