package websak

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

const (
	maxElements = 20_000
	maxText     = 16 << 10 // bytes of one property
)

var errTooMany = errors.New("more users than are read at once")

// user is what is read of a WebsakUser: all its text but userRequestJsonString, which repeats the rest.
type user struct {
	GidID            string `json:"gidId"`
	Active           *bool  `json:"active"`
	Code             string `json:"code"`
	Name             string `json:"name"`
	Title            string `json:"title"`
	Phone            string `json:"phone"`
	Mobile           string `json:"mobile"`
	EmailAddr        string `json:"emailAddr"`
	Addr             string `json:"addr"`
	PostalNo         string `json:"postalNo"`
	Place            string `json:"place"`
	DepartmentCode   string `json:"departmentCode"`
	ExternalUsername string `json:"externalUsername"`
	OrgUnitID        string `json:"orgUnitId"`
	AccessTemplateID string `json:"accessTemplateId"`
	NationalNo       string `json:"nationalNo"`
	CountryID        string `json:"countryId"`
	Contact          string `json:"contact"`
	Addr2            string `json:"addr2"`
	Addr3            string `json:"addr3"`
	Addr4            string `json:"addr4"`
	Phone2           string `json:"phone2"`
	EmailAddr2       string `json:"emailAddr2"`
	LanguageID       string `json:"languageId"`
	DepartmentID     string `json:"departmentId"`
	AccountNumber    string `json:"accountNumber"`
	Note             string `json:"note"`
	MunicipalityNo   string `json:"municipalityNo"`
	VisitingAddress  string `json:"visitingAddress"`
	Misc1            string `json:"misc1"`
	Misc2            string `json:"misc2"`
	Misc3            string `json:"misc3"`
	Misc4            string `json:"misc4"`
	Misc5            string `json:"misc5"`
	LeaveFrom        string `json:"leaveFrom"`
	LeaveTo          string `json:"leaveTo"`
	CategoryID       string `json:"categoryId"`
}

// property is one text of a user, by the vendor's name.
type property struct {
	name string
	of   func(*user) string
}

// described are the properties that a Person has fields for.
var described = []property{
	{"gidId", func(u *user) string { return u.GidID }},
	{"code", func(u *user) string { return u.Code }},
	{"name", func(u *user) string { return u.Name }},
	{"title", func(u *user) string { return u.Title }},
	{"phone", func(u *user) string { return u.Phone }},
	{"mobile", func(u *user) string { return u.Mobile }},
	{"emailAddr", func(u *user) string { return u.EmailAddr }},
	{"addr", func(u *user) string { return u.Addr }},
	{"postalNo", func(u *user) string { return u.PostalNo }},
	{"place", func(u *user) string { return u.Place }},
	{"departmentCode", func(u *user) string { return u.DepartmentCode }},
}

// beyond are the properties that become a Person's Attributes.
var beyond = []property{
	{"externalUsername", func(u *user) string { return u.ExternalUsername }},
	{"orgUnitId", func(u *user) string { return u.OrgUnitID }},
	{"accessTemplateId", func(u *user) string { return u.AccessTemplateID }},
	{"nationalNo", func(u *user) string { return u.NationalNo }},
	{"countryId", func(u *user) string { return u.CountryID }},
	{"contact", func(u *user) string { return u.Contact }},
	{"addr2", func(u *user) string { return u.Addr2 }},
	{"addr3", func(u *user) string { return u.Addr3 }},
	{"addr4", func(u *user) string { return u.Addr4 }},
	{"phone2", func(u *user) string { return u.Phone2 }},
	{"emailAddr2", func(u *user) string { return u.EmailAddr2 }},
	{"languageId", func(u *user) string { return u.LanguageID }},
	{"departmentId", func(u *user) string { return u.DepartmentID }},
	{"accountNumber", func(u *user) string { return u.AccountNumber }},
	{"note", func(u *user) string { return u.Note }},
	{"municipalityNo", func(u *user) string { return u.MunicipalityNo }},
	{"visitingAddress", func(u *user) string { return u.VisitingAddress }},
	{"misc1", func(u *user) string { return u.Misc1 }},
	{"misc2", func(u *user) string { return u.Misc2 }},
	{"misc3", func(u *user) string { return u.Misc3 }},
	{"misc4", func(u *user) string { return u.Misc4 }},
	{"misc5", func(u *user) string { return u.Misc5 }},
	{"leaveFrom", func(u *user) string { return u.LeaveFrom }},
	{"leaveTo", func(u *user) string { return u.LeaveTo }},
	{"categoryId", func(u *user) string { return u.CategoryID }},
}

// person describes the user with the names of SCIM.
func (u *user) person() *usersync.Person {
	p := &usersync.Person{
		ID: u.GidID, UserName: u.Code, Active: u.Active, DisplayName: u.Name, Title: u.Title,
		Emails: usersync.Emails{Work: u.EmailAddr},
		Phones: usersync.Phones{Work: u.Phone, Mobile: u.Mobile},
		Addresses: usersync.Addresses{Work: usersync.Address{
			StreetAddress: u.Addr, PostalCode: u.PostalNo, Locality: u.Place,
		}},
		DepartmentCode: u.DepartmentCode,
	}
	for _, property := range beyond {
		if text := property.of(u); text != "" {
			if p.Attributes == nil {
				p.Attributes = make(map[string]string, 4)
			}
			p.Attributes[property.name] = text
		}
	}
	return p
}

// decodeList reads an answer that lists users; 204 lists nobody. Errors: Malformed.
func decodeList(name string, a httpx.Answer, offset int) ([]usersync.Entry, error) {
	switch a.Status {
	case http.StatusNoContent:
		return nil, nil
	case http.StatusOK:
		return decodePage(name, a.Body, offset)
	} // half an answer is no answer
	return nil, usersync.E(usersync.Malformed, fmt.Sprintf("%s: the status %d is none that a list is answered with", name, a.Status))
}

// decodePage reads an array of users, the first of which has the given offset in the whole list. An
// element that cannot be used is an entry with a fault. Errors: Malformed, where it is no such array.
func decodePage(name string, body []byte, offset int) ([]usersync.Entry, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	opening, err := dec.Token()
	if err != nil {
		return nil, httpx.NotJSON(name, body)
	}
	if opening != json.Delim('[') {
		return nil, usersync.E(usersync.Malformed, name+" was answered with JSON that is no array of users")
	}
	clean := utf8.Valid(body)
	var entries []usersync.Entry
	for dec.More() {
		if len(entries) == maxElements {
			return nil, &usersync.Error{Code: usersync.Malformed, Message: name + " was answered with more than " + strconv.Itoa(maxElements) + " users at once", Cause: errTooMany}
		}
		var u user
		begin := dec.InputOffset()
		err := dec.Decode(&u)
		wrong, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
		if err != nil && !mistyped {
			return nil, httpx.NotJSON(name, body)
		}
		fault := ""
		if mistyped {
			fault = mistypedFault(wrong)
		} else {
			fault = u.fault(body[begin:dec.InputOffset()], clean)
		}
		entries = append(entries, u.entry(fault, offset+len(entries)+1))
	}
	if _, err := dec.Token(); err != nil {
		return nil, httpx.NotJSON(name, body)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, usersync.E(usersync.Malformed, name+" was answered with an array that is followed by something else")
	}
	return entries, nil
}

// entry lists the user: usable, or with the fault under their key if that is one.
func (u *user) entry(fault string, row int) usersync.Entry {
	if fault == "" {
		if fault = usersync.KeyFault(u.GidID); fault == "" {
			return usersync.Entry{Key: u.GidID, Person: u.person()}
		}
		return usersync.Entry{Key: usersync.RowKey(row), Keyless: true, Fault: "gidId: " + fault}
	}
	// A broken character in a key has become U+FFFD by now, and two such keys could meet.
	if usersync.KeyFault(u.GidID) != "" || strings.ContainsRune(u.GidID, utf8.RuneError) {
		return usersync.Entry{Key: usersync.RowKey(row), Keyless: true, Fault: fault}
	}
	return usersync.Entry{Key: u.GidID, Fault: fault}
}

// fault says why a well-formed element cannot be used; empty where it can.
func (u *user) fault(element []byte, clean bool) string {
	element = bytes.TrimLeft(element, ", \t\r\n")
	if len(element) == 0 || element[0] != '{' {
		return "the element is no user"
	}
	broken := !clean && !utf8.Valid(element)
	for _, properties := range [][]property{described, beyond} {
		for _, property := range properties {
			text := property.of(u)
			if len(text) > maxText {
				return property.name + " is longer than 16 KiB"
			}
			if broken && strings.ContainsRune(text, utf8.RuneError) {
				return property.name + " is not valid UTF-8"
			}
		}
	}
	if broken {
		return "the element is not valid UTF-8"
	}
	return ""
}

// mistypedFault names the property whose type is wrong.
func mistypedFault(wrong *json.UnmarshalTypeError) string {
	switch wrong.Field {
	case "":
		return "the element is no user"
	case "active":
		return "active is neither true nor false"
	}
	return wrong.Field + " is not text"
}
