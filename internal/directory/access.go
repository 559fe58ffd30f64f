package directory

import (
	"context"
	"reflect"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// access says what becomes of a user's access codes, functions and roles: they get from their
// template only what they have not, or all that the template has.
type access int

const (
	keepAccess access = iota
	resetAccess
)

// template reads the template user that a request names; nil where it names none.
// Errors: Validation where there is no such user.
func (s *Service) template(ctx context.Context, company usersync.CompanyID, r *UserRequest) (*User, error) {
	id := text(r.AccessTemplateID)
	if id == "" {
		return nil, nil
	}
	u, err := s.User(ctx, company, ByID, id)
	if usersync.Is(err, usersync.NotFound) {
		return nil, invalid("accessTemplateId", "is no user's id")
	}
	return &u, err
}

// inherit gives the user the access of the template, where there is one.
func (s *Service) inherit(u, template *User, a access) {
	if template == nil {
		return
	}
	from, to := &template.Request, &u.Request
	if a == resetAccess || to.UserAccessCodes == nil {
		to.UserAccessCodes = from.UserAccessCodes
	}
	if a == resetAccess || to.UserAccessFunctions == nil {
		to.UserAccessFunctions = slices.Clone(from.UserAccessFunctions)
	}
	if a == resetAccess || to.UserRoles == nil {
		to.UserRoles = slices.Clone(from.UserRoles)
		for i := range to.UserRoles {
			assignment, user := s.newID(), u.ID
			to.UserRoles[i].RoleID, to.UserRoles[i].RoleUserID = &assignment, &user
		}
	}
}

// AddRole gives the user a role. Errors: NotFound; Validation where a required property is missing;
// Exists where the user has the role already.
func (s *Service) AddRole(ctx context.Context, company usersync.CompanyID, by LookUp, value string, r UserRoleRequest) (User, UserRole, error) {
	var role UserRole
	if err := checkRequired(reflect.ValueOf(r)); err != nil {
		return User{}, role, err
	}
	taken := false
	u, err := s.modify(ctx, company, by, value, func(u *User) {
		taken = slices.ContainsFunc(u.Request.UserRoles, func(has UserRole) bool { return text(has.ID) == *r.ID })
		if taken {
			return
		}
		assignment, user := s.newID(), u.ID
		role = UserRole{RoleID: &assignment, RoleUserID: &user, DepartmentList: r.DepartmentList,
			ArchiveList: r.ArchiveList, JournalUnitList: r.JournalUnitList, GradeList: r.GradeList, ID: r.ID}
		u.Request.UserRoles = append(slices.Clone(u.Request.UserRoles), role)
	}, keepAccess)
	if err == nil && taken {
		err = usersync.E(usersync.Exists, "the user has this role already")
	}
	return u, role, err
}
