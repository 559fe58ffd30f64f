package usersync

import (
	"crypto/sha256"
	"encoding/hex"
)

// CompanyID is a guid in its canonical spelling: lower case, with dashes.
type CompanyID string

// Company is one tenant and what it has asked for: whose people go where. It holds references to
// secrets (`env:NAME`, `file:PATH`), never a secret. A job keeps a copy, so that settings are fixed
// at a job's start.
type Company struct {
	ID     CompanyID `json:"id"`
	Name   string    `json:"name,omitempty"`
	Source Endpoint  `json:"source"`
	Target Endpoint  `json:"target"`

	Match    []string  `json:"match,omitempty"`    // kinds of values by which people without a link find a record; empty: none
	Mapping  []Rule    `json:"mapping,omitempty"`  // empty: the target's built-in one
	Leavers  Leavers   `json:"leavers,omitzero"`   // what becomes of people who left
	Schedule *Schedule `json:"schedule,omitempty"` // nil: on demand only
}

// Endpoint says which connector talks to which system, with that connector's settings by name.
type Endpoint struct {
	Type     string            `json:"type"`
	Settings map[string]string `json:"settings,omitempty"`
}

// LinkSet names the links of one company between one source and one target. Settings that point
// elsewhere have another LinkSet: they start with no links and remove nobody.
type LinkSet string

// LinkSetOf derives the set from the identities (type and address) of both ends.
func LinkSetOf(company CompanyID, source, target string) LinkSet {
	sum := sha256.Sum256([]byte(string(company) + "\x00" + source + "\x00" + target))
	return LinkSet(hex.EncodeToString(sum[:16]))
}

// SettingKind says how a connector's setting is read and checked.
type SettingKind int

// The kinds of settings. A Secret is given as a reference, never in plain; a Path is relative to the
// settings file and made absolute when the file is read.
const (
	Text SettingKind = iota
	URL
	Path
	Number
	Duration
	Secret
	OneOf
)

// Setting describes one setting of a connector.
type Setting struct {
	Name     string
	Kind     SettingKind
	Required bool
	Default  string
	Min, Max int                     // of a Number; seconds of a Duration
	Choices  []string                // of OneOf
	Usable   func(text string) error // of a Text or Path, where its text alone can show a fault; its error is public
	Identity bool                    // part of the system's address: another value is another system
	AsSource bool                    // known when the connector is a source
	AsTarget bool                    // known when it is a target
}

// ConnectorSpec describes a connector to the settings: its type, its directions, its settings.
type ConnectorSpec struct {
	Type      string
	AsSource  bool
	AsTarget  bool
	Settings  []Setting
	LocalOnly bool // refused where settings are tenants' text (on AWS)
	// Match is how a target's people without a link find records that exist, in this order, where the
	// settings do not say: by kinds of MatchKey, each of which is read from one field. None: the target takes no match.
	Match []MatchField
	// Fields are what a mapping may fill; none: the target does not say.
	Fields []TargetField
	// Key is the field that a mapping must fill, since the target finds people by it; empty: none.
	Key string
	// Removals are the policies for leavers that a target offers beside Keep.
	Removals []Policy
}

// Identity is the type and address of an endpoint: what LinkSetOf is made from.
func (s ConnectorSpec) Identity(e Endpoint) string {
	id := e.Type
	for _, setting := range s.Settings {
		if setting.Identity {
			id += "\x00" + e.Settings[setting.Name]
		}
	}
	return id
}
