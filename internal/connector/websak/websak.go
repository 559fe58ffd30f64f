// Package websak connects to the user API of Acos Websak, as source and as target.
//
// What the vendor's document leaves open is decided here and nowhere else: 204 and an empty array
// end the list and a short page does not; an update is a POST by id, since a PUT wipes what a mapping
// does not name; a property sent as null is cleared and one left out is kept.
package websak

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

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

// scope is what the vendor asks for in a token.
const scope = "userapi"

// usersPath is where users are, below url.
const usersPath = "/api/users"

// system is a Websak that can be called.
type system struct {
	base     string
	session  *httpx.Session
	inFlight int
	timeOut  time.Duration
	settings map[string]string
}

// open reads the settings that both directions have. Errors: Settings, naming the setting.
func open(ctx context.Context, e usersync.Endpoint, secrets usersync.Secrets, network httpx.Network, clock usersync.Clock) (*system, error) {
	s := &system{settings: map[string]string{}}
	for _, setting := range Spec.Settings {
		value := e.Settings[setting.Name]
		if value == "" {
			value = setting.Default
		}
		if value == "" && setting.Required {
			return nil, unusable(setting.Name, "is missing")
		}
		s.settings[setting.Name] = value
	}
	base, err := url.Parse(s.settings["url"])
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, unusable("url", "is no plain http or https address")
	}
	s.base = strings.TrimRight(s.settings["url"], "/")
	if s.inFlight, err = s.number("maxInFlight"); err != nil {
		return nil, err
	}
	if s.timeOut, err = time.ParseDuration(s.settings["timeout"]); err != nil || s.timeOut <= 0 {
		return nil, unusable("timeout", "is no duration such as 30s")
	}
	secret, err := secrets.Secret(ctx, s.settings["clientSecret"])
	if err != nil {
		return nil, err
	}
	client := httpx.New(httpx.Config{TimeOut: s.timeOut, MaxInFlight: s.inFlight, Network: network, Clock: clock})
	s.session = client.Session(httpx.Login{
		TokenURL: s.settings["tokenUrl"], ClientID: s.settings["clientId"], ClientSecret: secret, Scope: scope,
	})
	return s, nil
}

// number reads a setting that must be a number of at least 1.
func (s *system) number(name string) (int, error) {
	n, err := strconv.Atoi(s.settings[name])
	if err != nil || n < 1 {
		return 0, unusable(name, "is no number of at least 1")
	}
	return n, nil
}

func unusable(setting, why string) error {
	return usersync.E(usersync.Settings, "websak: "+setting+" "+why)
}

// wrongAddress turns the answer of a place that is no user API into an error about the whole job:
// without it, it would be taken for one about a person.
func wrongAddress(err error) error {
	if usersync.Is(err, usersync.NotFound) || usersync.Is(err, usersync.Rejected) {
		return usersync.E(usersync.Malformed, usersync.Public(err)+"; url must be the address before /api/")
	}
	return err
}
