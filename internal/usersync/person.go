package usersync

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Person is somebody as a source knows them, with the names of SCIM 2.0 (RFC 7643). All text is
// UTF-8; an absent field is empty. Active is nil where the source says nothing, which counts as true.
type Person struct {
	ID                string            `json:"id"` // the key: what stays when everything else changes
	ExternalID        string            `json:"externalId,omitempty"`
	UserName          string            `json:"userName,omitempty"`
	Active            *bool             `json:"active,omitempty"`
	DisplayName       string            `json:"displayName,omitempty"`
	Title             string            `json:"title,omitempty"`
	PreferredLanguage string            `json:"preferredLanguage,omitempty"`
	Name              Name              `json:"name,omitzero"`
	Emails            Emails            `json:"emails,omitzero"`
	Phones            Phones            `json:"phones,omitzero"`
	Addresses         Addresses         `json:"addresses,omitzero"`
	Department        string            `json:"department,omitempty"`
	DepartmentCode    string            `json:"departmentCode,omitempty"`
	Groups            []Group           `json:"groups,omitempty"`
	Attributes        map[string]string `json:"attributes,omitempty"` // what the source has beyond these
}

// Name is a person's name in its parts.
type Name struct {
	GivenName  string `json:"givenName,omitempty"`
	FamilyName string `json:"familyName,omitempty"`
}

// Emails holds e-mail addresses by their use.
type Emails struct {
	Work string `json:"work,omitempty"`
}

// Phones holds phone numbers by their use, as the source writes them.
type Phones struct {
	Work   string `json:"work,omitempty"`
	Mobile string `json:"mobile,omitempty"`
}

// Addresses holds postal addresses by their use.
type Addresses struct {
	Work Address `json:"work,omitzero"`
}

// Address is one postal address.
type Address struct {
	StreetAddress string `json:"streetAddress,omitempty"`
	PostalCode    string `json:"postalCode,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Country       string `json:"country,omitempty"`
}

// Group is a group that the person belongs to.
type Group struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// IsActive reports whether the person takes part: true unless the source says otherwise.
func (p *Person) IsActive() bool { return p.Active == nil || *p.Active }

// MaxKey is the longest key of a person, in bytes.
const MaxKey = 256

// KeyFault says in one clause why a text cannot be a person's key; empty where it can.
func KeyFault(key string) string {
	switch {
	case strings.TrimSpace(key) == "":
		return "id is missing"
	case len(key) > MaxKey:
		return "id is longer than 256 bytes"
	case !utf8.ValidString(key):
		return "id is not valid UTF-8"
	case strings.ContainsFunc(key, unicode.IsControl):
		return "id holds control characters"
	}
	return ""
}
