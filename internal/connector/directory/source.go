package directory

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// A page ends at so many people, or at so many bytes of their text.
const (
	pagePeople = 500
	pageBytes  = 8 << 20
)

// source lists users by their ordinals, which never change: its cursor is the next one.
type source struct {
	store   directory.Store
	company usersync.CompanyID
}

// NewSource lists the company's users in the order of their creation.
func NewSource(store directory.Store, company usersync.CompanyID) usersync.PagedSource {
	return &source{store: store, company: company}
}

// Check asks for one user.
func (s *source) Check(ctx context.Context) error {
	_, err := s.store.Users(ctx, s.company, 0, 1)
	return err
}

// Fetch returns the users from the cursor's ordinal on.
func (s *source) Fetch(ctx context.Context, at usersync.Cursor) (usersync.Page, error) {
	if err := ctx.Err(); err != nil {
		return usersync.Page{}, err
	}
	offset := 0
	if at != "" {
		n, err := strconv.Atoi(string(at))
		if err != nil || n < 0 {
			return usersync.Page{}, usersync.E(usersync.Malformed, "reading the directory: the cursor is no ordinal")
		}
		offset = n
	}
	users, err := s.store.Users(ctx, s.company, offset, pagePeople)
	if err != nil {
		return usersync.Page{}, err
	}
	units, err := s.store.Units(ctx, s.company)
	if err != nil {
		return usersync.Page{}, err
	}
	page := usersync.Page{Last: len(users) < pagePeople}
	bytes := 0
	for i := range users {
		p, size, err := person(&users[i], units)
		if err != nil {
			return usersync.Page{}, err
		}
		if bytes += size; bytes > pageBytes && i > 0 {
			page.Last = false
			break
		}
		page.Entries = append(page.Entries, usersync.Listed(p, offset+i+1))
	}
	page.Next = usersync.Cursor(strconv.Itoa(offset + len(page.Entries)))
	return page, nil
}

// person reads a user by the mapping backwards, and about how many bytes that takes; what the API
// shows of a user beyond the mapping goes into attributes.
func person(u *directory.User, units []directory.Unit) (*usersync.Person, int, error) {
	a, err := u.Answer(units, directory.Include{Emails: true})
	if err != nil {
		return nil, 0, err
	}
	p := &usersync.Person{
		ID: u.ID, UserName: text(a.Code), Active: &a.Active, DisplayName: text(a.Name), Title: text(a.Title),
		Emails:         usersync.Emails{Work: text(a.EmailAddr.Value)},
		Phones:         usersync.Phones{Work: text(a.Phone), Mobile: text(a.Mobile)},
		Addresses:      usersync.Addresses{Work: usersync.Address{StreetAddress: text(a.Addr), PostalCode: text(a.PostalNo), Locality: text(a.Place)}},
		DepartmentCode: text(a.DepartmentCode),
		Attributes:     map[string]string{},
	}
	for i := range units {
		if units[i].ID == u.Unit {
			p.Department = text(units[i].Request.DepartmentName)
		}
	}
	v := reflect.ValueOf(&a).Elem()
	for _, f := range beyond {
		if value, _ := v.Field(f.index).Interface().(*string); text(value) != "" {
			p.Attributes[f.name] = *value
		}
	}
	if second := text(a.EmailAddr2.Value); second != "" {
		p.Attributes["emailAddr2"] = second
	}
	return p, len(*a.UserRequestJSONString) + 512, nil
}

// beyond are the texts of a user that the mapping has no field of a person for.
var beyond = func() (fields []struct {
	index int
	name  string
}) {
	mapped := map[string]bool{
		"gidId": true, "code": true, "name": true, "title": true, "phone": true, "mobile": true, "addr": true, "postalNo": true,
		"place": true, "departmentCode": true, "userRequestJsonString": true,
	}
	user := reflect.TypeFor[directory.WebsakUser]()
	for i := range user.NumField() {
		name, _, _ := strings.Cut(user.Field(i).Tag.Get("json"), ",")
		if user.Field(i).Type == reflect.TypeFor[*string]() && !mapped[name] {
			fields = append(fields, struct {
				index int
				name  string
			}{i, name})
		}
	}
	return fields
}()

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
