// Package websak connects to the user API of Acos Websak, as source and as target.
//
// What the vendor's document leaves open is decided here and nowhere else: 204 and an empty array
// end the list and a short page does not; an update is a POST by id, since a PUT wipes what a mapping
// does not name; a property sent as null is cleared and one left out is kept.
package websak

import (
	"context"
	"slices"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// The values of lookupField: the property by which a POST finds a user that is there already.
const (
	byCode = "Code"
	byID   = "Id"
)

// Spec describes the connector. url is the address before /api/.
//
// lookupField says how a create finds a user: by Code it updates the one who has the code; by Id it
// never touches one who is there, and a code that is taken is refused by Websak.
var Spec = usersync.ConnectorSpec{
	Type:     "websak",
	AsSource: true,
	AsTarget: true,
	Key:      "code",
	Fields:   fields(),
	Removals: []usersync.Policy{usersync.Deactivate},
	Settings: []usersync.Setting{
		{Name: "url", Kind: usersync.URL, Required: true, Identity: true, AsSource: true, AsTarget: true},
		{Name: "tokenUrl", Kind: usersync.URL, Required: true, AsSource: true, AsTarget: true},
		{Name: "clientId", Kind: usersync.Text, Required: true, AsSource: true, AsTarget: true},
		{Name: "clientSecret", Kind: usersync.Secret, Required: true, AsSource: true, AsTarget: true},
		{Name: "pageSize", Kind: usersync.Number, Default: "500", Min: 1, Max: 10000, AsSource: true},
		{Name: "lookupField", Kind: usersync.OneOf, Default: byCode, Choices: []string{byCode, byID}, AsTarget: true},
		{Name: "maxInFlight", Kind: usersync.Number, Default: "50", Min: 1, Max: 1000, AsSource: true, AsTarget: true},
		{Name: "timeout", Kind: usersync.Duration, Default: "30s", Min: 1, Max: 300, AsSource: true, AsTarget: true},
	},
}

// fields are a UserRequest's, but for those that find the user.
func fields() []usersync.TargetField {
	return slices.Concat(
		usersync.FieldsOf(usersync.FieldText,
			"username", "externalDepartmentId", "departmentCode", "userType", "accessTemplateId", "nationalNo", "code",
			"name", "title", "countryId", "postalNo", "contact", "addr", "addr2", "phone", "phone2", "mobile", "emailAddr",
			"emailAddr2", "languageId", "departmentId", "accountNumber", "note", "place", "municipalityNo",
			"visitingAddress", "misc1", "misc2", "misc3", "misc4", "misc5", "addr3", "addr4", "leaveFrom", "leaveTo",
			"categoryId", "userAccessCodes"),
		usersync.FieldsOf(usersync.FieldTexts, "mailAddresses"),
		usersync.FieldsOf(usersync.FieldWholeNumbers, "accessToZones"),
		usersync.FieldsOf(usersync.FieldObjects, "userAccesses", "userAccessFunctions", "userRoles"),
	)
}

// scope is what the vendor asks for in a token.
const scope = "userapi"

// usersPath is where users are, below url, as the vendor's document spells it: a Websak knows it in any
// letter case, a gateway or a validating proxy before it in this alone.
const usersPath = "/api/Users"

// system is a Websak that can be called.
type system struct {
	*httpx.Settings
	session *httpx.Session
}

// open reads the settings that both directions have. Errors: Settings, naming the setting.
func open(ctx context.Context, e usersync.Endpoint, secrets usersync.Secrets, network httpx.Network, clock usersync.Clock) (*system, error) {
	settings, err := httpx.ReadSettings(Spec, e)
	if err != nil {
		return nil, err
	}
	secret, err := secrets.Secret(ctx, settings.Text("clientSecret"))
	if err != nil {
		return nil, err
	}
	return &system{settings, settings.Client(network, clock).Session(httpx.Login{
		TokenURL: settings.Text("tokenUrl"), ClientID: settings.Text("clientId"), ClientSecret: secret, Scope: scope,
	})}, nil
}

// wrongAddress turns the answer of a place that is no user API into an error about the whole job:
// without it, it would be taken for one about a person.
func wrongAddress(err error) error {
	if usersync.Is(err, usersync.NotFound) || usersync.Is(err, usersync.Rejected) {
		return usersync.E(usersync.Malformed, usersync.Public(err)+"; url must be the address before /api/")
	}
	return err
}
