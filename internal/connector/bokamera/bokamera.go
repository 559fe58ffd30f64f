// Package bokamera writes customers into BokaMera.
//
// What the vendor's pages leave open is decided here and nowhere else: a customer has no key of its own, so
// that one is known by e-mail address or phone and name together; a survey lists customers by Skip and Take
// until a page is empty or the total is reached; an update sends every field of the mapping, null where the
// person has none. docs/bokamera.md says it for whoever runs it.
package bokamera

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/phone"
	"github.com/usersync/usersync/internal/usersync"
)

// Spec describes the connector.
var Spec = usersync.ConnectorSpec{
	Type:     "bokamera",
	AsTarget: true,
	Settings: []usersync.Setting{
		{Name: "url", Kind: usersync.URL, Required: true, Identity: true, AsTarget: true},
		{Name: "tokenUrl", Kind: usersync.URL, Required: true, AsTarget: true},
		{Name: "clientId", Kind: usersync.Text, Required: true, AsTarget: true},
		{Name: "username", Kind: usersync.Text, Required: true, AsTarget: true},
		{Name: "password", Kind: usersync.Secret, Required: true, AsTarget: true},
		{Name: "apiKey", Kind: usersync.Secret, Required: true, AsTarget: true},
		{Name: "country", Kind: usersync.Text, Default: "SE", AsTarget: true, Usable: usableCountry},
		{Name: "maxInFlight", Kind: usersync.Number, Default: "50", Min: 1, Max: 1000, AsTarget: true},
		{Name: "timeout", Kind: usersync.Duration, Default: "30s", Min: 1, Max: 300, AsTarget: true},
	},
	Match:    []usersync.MatchField{{Kind: usersync.MatchEmail, Field: "Email"}, {Kind: usersync.MatchPhone, Field: "Phone"}},
	Removals: []usersync.Policy{usersync.Delete},
	Fields:   fields(),
}

// fields are a customer's. The vendor does not say what the value of a custom field is.
func fields() []usersync.TargetField {
	return slices.Concat(
		usersync.FieldsOf(usersync.FieldText,
			"Firstname", "Lastname", "Email", "Phone", "AccessKeys.#",
			"InvoiceAddress.CorporateIdentityNumber", "InvoiceAddress.InvoiceAddress1", "InvoiceAddress.InvoiceAddress2",
			"InvoiceAddress.InvoiceCity", "InvoiceAddress.InvoicePostalCode", "InvoiceAddress.InvoiceCountryCode"),
		usersync.FieldsOf(usersync.FieldBool, "SubscribedToNewsletter"),
		usersync.FieldsOf(usersync.FieldScalar, "CustomFields.#"),
	)
}

// usableCountry reports whether phone numbers of a country can be spelt.
func usableCountry(text string) error {
	if phone.Known(text) {
		return nil
	}
	return usersync.E(usersync.Settings, "this must be a country whose phone numbers are known, by two letters such as SE")
}

// target writes customers.
type target struct {
	base    string
	session *httpx.Session
	country string
	traits  usersync.TargetTraits
}

var (
	_ usersync.Surveyor   = (*target)(nil)
	_ usersync.Deleter    = (*target)(nil)
	_ usersync.Restricted = (*target)(nil)
)

// NewTarget opens BokaMera as a target, for records that the rules make (none: the built-in ones); it sends
// nothing yet. Errors: Settings, naming the setting.
func NewTarget(ctx context.Context, e usersync.Endpoint, rules []usersync.Rule, secrets usersync.Secrets, network httpx.Network, clock usersync.Clock) (usersync.Target, error) {
	settings, err := httpx.ReadSettings(Spec, e)
	if err != nil {
		return nil, err
	}
	country := settings.Text("country")
	if len(rules) == 0 {
		rules = mapping(country)
	}
	password, err := secrets.Secret(ctx, settings.Text("password"))
	if err != nil {
		return nil, err
	}
	key, err := secrets.Secret(ctx, settings.Text("apiKey"))
	if err != nil {
		return nil, err
	}
	return &target{
		base: settings.Base, country: country,
		session: settings.Client(network, clock).Session(httpx.Login{
			TokenURL: settings.Text("tokenUrl"), ClientID: settings.Text("clientId"), Username: settings.Text("username"), Password: password,
			Header: http.Header{"X-Api-Key": {key}},
		}),
		traits: usersync.TargetTraits{
			CanLookUp: true, Mapping: rules, MaxInFlight: settings.MaxInFlight, TimeOut: settings.Seconds(),
		},
	}, nil
}

// mapping is the built-in mapping. A phone number that is none is left out.
func mapping(country string) []usersync.Rule {
	return []usersync.Rule{
		{Field: "Firstname", Expr: "name.givenName"},
		{Field: "Lastname", Expr: "name.familyName"},
		{Field: "Email", Expr: "trim(emails.work)"},
		{Field: "Phone", Expr: `e164(phones.mobile ?? phones.work, "` + country + `")`},
	}
}

// Traits are those of the settings.
func (t *target) Traits() usersync.TargetTraits { return t.traits }

// Check logs in and asks for one customer.
func (t *target) Check(ctx context.Context) error {
	_, err := t.list(ctx, url.Values{"Skip": {"0"}, "Take": {"1"}})
	return err
}

// roleWrite is what the vendor asks for in who writes customers; roleAll may do everything.
const (
	roleWrite = "bookingsupplier-administrator-write"
	roleAll   = "superadmin"
)

// Lacks names the role that writing customers needs, where the login's token names roles, and not that one.
func (t *target) Lacks(ctx context.Context) ([]string, error) {
	roles, err := t.session.Roles(ctx)
	if err != nil || roles == nil || slices.Contains(roles, roleWrite) || slices.Contains(roles, roleAll) {
		return nil, err
	}
	return []string{roleWrite}, nil
}

// MatchKeys are the record's e-mail address and phone number.
func (t *target) MatchKeys(r usersync.Record) []usersync.MatchKey {
	return t.keys(r.Text("Email"), r.Text("Phone"))
}

// keys are the values that a customer is matched by, normalised.
func (t *target) keys(email, number string) (keys []usersync.MatchKey) {
	if folded := foldEmail(email); folded != "" {
		keys = append(keys, usersync.MatchKey{Kind: usersync.MatchEmail, Value: folded})
	}
	if spelt, ok := phone.E164(number, t.country); ok {
		keys = append(keys, usersync.MatchKey{Kind: usersync.MatchPhone, Value: spelt})
	}
	return keys
}

// foldEmail is an address without spaces around it and in lower case; empty where it is none.
func foldEmail(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	name, host, ok := strings.Cut(text, "@")
	if !ok || name == "" || host == "" || strings.ContainsAny(text, " \t\r\n") || strings.Contains(host, "@") {
		return ""
	}
	return text
}

// unit parts a key.
const unit = "\x1f"

// Key is what tells one customer from another: the e-mail address, the phone number and the name together, since
// people of one household share the first two. A record without address and number has none: its create
// cannot be looked up.
func (t *target) Key(r usersync.Record) (string, error) {
	return t.keyOf(r.Text("Email"), r.Text("Phone"), r.Text("Firstname"), r.Text("Lastname")), nil
}

func (t *target) keyOf(email, number, first, last string) string {
	keys := t.keys(email, number)
	if len(keys) == 0 {
		return ""
	}
	var address, spelt string
	for _, k := range keys {
		if k.Kind == usersync.MatchEmail {
			address = k.Value
		} else {
			spelt = k.Value
		}
	}
	fold := func(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
	return strings.Join([]string{address, spelt, fold(first), fold(last)}, unit)
}
