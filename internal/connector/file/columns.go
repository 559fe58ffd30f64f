package file

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/usersync"
)

const maxColumns = 500

// column is a column of the header. set puts a cell that is not empty into a person, or says what is
// wrong with it.
type column struct {
	name string
	set  func(p *usersync.Person, text string) (fault string)
}

// textColumns are the columns of plain text, by their names in lower case.
var textColumns = map[string]func(*usersync.Person) *string{
	"id":                           func(p *usersync.Person) *string { return &p.ID },
	"externalid":                   func(p *usersync.Person) *string { return &p.ExternalID },
	"username":                     func(p *usersync.Person) *string { return &p.UserName },
	"displayname":                  func(p *usersync.Person) *string { return &p.DisplayName },
	"title":                        func(p *usersync.Person) *string { return &p.Title },
	"preferredlanguage":            func(p *usersync.Person) *string { return &p.PreferredLanguage },
	"name.givenname":               func(p *usersync.Person) *string { return &p.Name.GivenName },
	"name.familyname":              func(p *usersync.Person) *string { return &p.Name.FamilyName },
	"emails.work":                  func(p *usersync.Person) *string { return &p.Emails.Work },
	"phones.work":                  func(p *usersync.Person) *string { return &p.Phones.Work },
	"phones.mobile":                func(p *usersync.Person) *string { return &p.Phones.Mobile },
	"addresses.work.streetaddress": func(p *usersync.Person) *string { return &p.Addresses.Work.StreetAddress },
	"addresses.work.postalcode":    func(p *usersync.Person) *string { return &p.Addresses.Work.PostalCode },
	"addresses.work.locality":      func(p *usersync.Person) *string { return &p.Addresses.Work.Locality },
	"addresses.work.country":       func(p *usersync.Person) *string { return &p.Addresses.Work.Country },
	"department":                   func(p *usersync.Person) *string { return &p.Department },
	"departmentcode":               func(p *usersync.Person) *string { return &p.DepartmentCode },
	"groups[].id":                  func(p *usersync.Person) *string { return &onlyGroup(p).ID },
	"groups[].name":                func(p *usersync.Person) *string { return &onlyGroup(p).Name },
}

func onlyGroup(p *usersync.Person) *usersync.Group {
	if len(p.Groups) == 0 {
		p.Groups = make([]usersync.Group, 1)
	}
	return &p.Groups[0]
}

// columnsOf reads a header that stands in the given line.
func columnsOf(names []string, line int) (columns []column, id int, err error) {
	fail := func(format string, values ...any) ([]column, int, error) {
		return nil, 0, noList(fmt.Sprintf("line %d: ", line) + fmt.Sprintf(format, values...))
	}
	id = -1
	seen := map[string]bool{}
	for i, name := range names {
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return fail("this is no header: it is not text in UTF-8")
		}
		names[i] = strings.TrimSpace(name)
		if strings.EqualFold(names[i], "id") {
			id = i
		}
	}
	if id < 0 { // the other names stay untold: without a header they are somebody's data
		return fail("the header has no column id")
	}
	for i, name := range names {
		set, ok := setter(name)
		switch {
		case name == "":
			return fail("column %d of the header has no name", i+1)
		case !ok:
			return fail("column %d of the header%s is unknown; what has no name of its own is called attributes.NAME", i+1, quote(name))
		case seen[strings.ToLower(name)]:
			return fail("column %d of the header%s is there twice", i+1, quote(name))
		}
		seen[strings.ToLower(name)] = true
		columns = append(columns, column{name, set})
	}
	return columns, id, nil
}

// setter is how a column's cells are put into a person.
func setter(name string) (func(*usersync.Person, string) string, bool) {
	lower := strings.ToLower(name)
	if field, ok := textColumns[lower]; ok {
		return func(p *usersync.Person, text string) string {
			*field(p) = text
			return ""
		}, true
	}
	if lower == "active" {
		return setActive, true
	}
	const prefix = "attributes."
	if !strings.HasPrefix(lower, prefix) || len(name) == len(prefix) {
		return nil, false
	}
	attribute := name[len(prefix):]
	return func(p *usersync.Person, text string) string {
		if p.Attributes == nil {
			p.Attributes = map[string]string{}
		}
		p.Attributes[attribute] = text
		return ""
	}, true
}

func setActive(p *usersync.Person, text string) string {
	var active bool
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
		return ""
	case "true", "1", "yes":
		active = true
	case "false", "0", "no":
	default:
		return "active must be true, false, 1, 0, yes or no"
	}
	p.Active = &active
	return ""
}

// maxShown is the longest name that is shown, in runes.
const maxShown = 64

// shown reports whether a name looks like one: what does not may be data in a name's place.
func shown(name string) bool {
	for i, r := range name {
		switch {
		case unicode.IsLetter(r):
		case i > 0 && (unicode.IsNumber(r) || strings.ContainsRune("_.[]-", r)):
		default:
			return false
		}
	}
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxShown
}

// quote is a name for messages, with a space before it; empty where it is better not shown.
func quote(name string) string {
	if !shown(name) {
		return ""
	}
	return " (" + name + ")"
}
