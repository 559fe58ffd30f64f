package directory

import (
	"encoding/json"
	"reflect"
)

// Shown is a property that is left out of an answer unless it was asked for. It needs omitzero.
type Shown[T any] struct {
	On    bool
	Value T
}

// IsZero reports whether the property is left out.
func (s Shown[T]) IsZero() bool { return !s.On }

// shows is the type of the value.
func (Shown[T]) shows() reflect.Type { return reflect.TypeFor[T]() }

// MarshalJSON writes the value.
func (s Shown[T]) MarshalJSON() ([]byte, error) { return json.Marshal(s.Value) }

// Include says which properties of users are shown, beside those that always are.
type Include struct {
	Emails bool // emailAddr, emailAddr2
	Access bool // userAccessCodes, userAccessFunctions
	Roles  bool // userRoles
}

// Everything shows the user whole.
var Everything = Include{Emails: true, Access: true, Roles: true}

// shared pairs the fields that UserRequest and WebsakUser have in common.
var shared = func() (pairs [][2]int) {
	answer, request := reflect.TypeFor[WebsakUser](), reflect.TypeFor[UserRequest]()
	for i := range answer.NumField() {
		if f, ok := request.FieldByName(answer.Field(i).Name); ok && f.Type == answer.Field(i).Type {
			pairs = append(pairs, [2]int{i, f.Index[0]})
		}
	}
	return pairs
}()

// Answer is the user as the API shows them. What only a request has comes back inside
// UserRequestJSONString: the request as stored, without what is not shown. Units are the company's
// departments; an e-mail address that is not given itself is the first of mailAddresses.
func (u *User) Answer(units []Unit, show Include) (WebsakUser, error) {
	r := u.Request
	r.ID = &u.ID
	emails := Shown[*string]{On: show.Emails, Value: r.EmailAddr}
	if emails.Value == nil && len(r.MailAddresses) > 0 {
		emails.Value = &r.MailAddresses[0]
	}
	a := WebsakUser{
		GidID:               &u.ID,
		ExternalUsername:    r.Username,
		Active:              u.Active(),
		EmailAddr:           emails,
		EmailAddr2:          Shown[*string]{On: show.Emails, Value: r.EmailAddr2},
		UserAccessCodes:     Shown[*string]{On: show.Access, Value: r.UserAccessCodes},
		UserAccessFunctions: Shown[[]AccessFunction]{On: show.Access, Value: r.UserAccessFunctions},
		UserRoles:           Shown[[]UserRole]{On: show.Roles, Value: r.UserRoles},
	}
	from, to := reflect.ValueOf(&r).Elem(), reflect.ValueOf(&a).Elem()
	for _, pair := range shared {
		to.Field(pair[0]).Set(from.Field(pair[1]))
	}
	if unit, found := find(units, func(unit *Unit) bool { return unit.ID == u.Unit }); found {
		a.OrgUnitID = &unit.ID
		if a.DepartmentID == nil {
			a.DepartmentID = &unit.ID
		}
		if a.DepartmentCode == nil {
			a.DepartmentCode = unit.Request.DepartmentShortName
		}
	}
	if !show.Emails {
		r.EmailAddr, r.EmailAddr2 = nil, nil
	}
	if !show.Access {
		r.UserAccessCodes, r.UserAccessFunctions = nil, nil
	}
	if !show.Roles {
		r.UserRoles = nil
	}
	raw, err := json.Marshal(&r)
	stored := string(raw)
	a.UserRequestJSONString = &stored
	return a, err
}

// Answer is the department as the API shows it.
func (u *Unit) Answer() Department {
	r := &u.Request
	return Department{
		ID: &u.ID, ExternalID: r.ExternalID, Code: r.DepartmentShortName, Abbreviation: r.DepartmentShortName,
		Name: r.DepartmentName, ParentDepartmentID: r.DepartmentParentID, ManagerUserID: r.DepartmentHeadID, Unit: r.Enhetstype,
		PostalNo: r.PostalNo, Contact: r.Contact, Addr: r.Addr, Addr2: r.Addr2, Phone: r.Phone,
	}
}

// answerRole is one of a user's roles as the roles routes show it.
func answerRole(user string, r *UserRole) UserRoleResponse {
	return UserRoleResponse{RoleID: r.RoleID, UserID: &user, DepartmentList: r.DepartmentList, ArchiveList: r.ArchiveList,
		JournalUnitList: r.JournalUnitList, GradeList: r.GradeList, ID: r.ID, Description: r.Description}
}
