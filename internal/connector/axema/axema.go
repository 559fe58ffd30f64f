// Package axema reads the residents of Axema VAKA by VAKA Online, the cloud API.
//
// What the vendor's pages leave open is decided here and nowhere else: users come in one answer, however
// long, and are read as a stream; groups are read first, to their end, and half of them are none; a group
// that a user names and nobody has is kept by its id alone; a name without a comma has its family name
// last; nobody is inactive. docs/axema.md says it for whoever runs it.
package axema

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// Spec describes the connector. url is the address with its version, such as https://api.vakaonline.se/v1.
var Spec = usersync.ConnectorSpec{
	Type:     "axema",
	AsSource: true,
	Settings: []usersync.Setting{
		{Name: "url", Kind: usersync.URL, Required: true, Identity: true, AsSource: true},
		{Name: "deviceId", Kind: usersync.Text, Required: true, Identity: true, AsSource: true},
		{Name: "tokenUrl", Kind: usersync.URL, Required: true, AsSource: true},
		{Name: "clientId", Kind: usersync.Text, Required: true, AsSource: true},
		{Name: "clientSecret", Kind: usersync.Secret, Required: true, AsSource: true},
		{Name: "scope", Kind: usersync.Text, AsSource: true},
		{Name: "apiKey", Kind: usersync.Secret, Required: true, AsSource: true},
		{Name: "maxInFlight", Kind: usersync.Number, Default: "50", Min: 1, Max: 1000, AsSource: true},
		{Name: "timeout", Kind: usersync.Duration, Default: "30s", Min: 1, Max: 300, AsSource: true},
	},
}

// What errors call the requests.
const (
	usersName  = "GET /reservations/users/fetch/{deviceId}"
	groupsName = "GET /usergroups/{deviceId}/all"
)

// pageEntries is how many people a page of the stream has at most.
const pageEntries = 500

// source reads one device's users.
type source struct {
	session *httpx.Session
	users   string
	groups  string
}

// NewSource opens VAKA Online as a source; it sends nothing yet. Errors: Settings, naming the setting.
func NewSource(ctx context.Context, e usersync.Endpoint, secrets usersync.Secrets, network httpx.Network, clock usersync.Clock) (usersync.StreamedSource, error) {
	settings, err := httpx.ReadSettings(Spec, e)
	if err != nil {
		return nil, err
	}
	secret, err := secrets.Secret(ctx, settings.Text("clientSecret"))
	if err != nil {
		return nil, err
	}
	key, err := secrets.Secret(ctx, settings.Text("apiKey"))
	if err != nil {
		return nil, err
	}
	device := url.PathEscape(settings.Text("deviceId"))
	return &source{
		session: settings.Client(network, clock).Session(httpx.Login{
			TokenURL: settings.Text("tokenUrl"), ClientID: settings.Text("clientId"), ClientSecret: secret, Scope: settings.Text("scope"),
			Header: http.Header{"X-Api-Key": {key}},
		}),
		users: settings.Base + "/reservations/users/fetch/" + device, groups: settings.Base + "/usergroups/" + device + "/all",
	}, nil
}

// errSeenEnough ends a stream of which the beginning was wanted.
var errSeenEnough = errors.New("the first page was read")

// Check logs in, and reads one group and the beginning of the users.
func (s *source) Check(ctx context.Context) error {
	if _, _, err := s.groupPage(ctx, "", 1); err != nil {
		return err
	}
	err := s.stream(ctx, nil, func(usersync.Page) error { return errSeenEnough })
	if errors.Is(err, errSeenEnough) {
		return nil
	}
	return err
}

// Stream reads all groups, and then the users as they come.
func (s *source) Stream(ctx context.Context, emit func(usersync.Page) error) error {
	groups, err := s.allGroups(ctx)
	if err != nil {
		return err
	}
	return s.stream(ctx, groups, emit)
}

// stream reads the users and hands them on in pages.
func (s *source) stream(ctx context.Context, groups map[string]group, emit func(usersync.Page) error) error {
	request := httpx.Request{Name: usersName, Method: http.MethodGet, URL: s.users}
	err := s.session.Stream(ctx, request, func(body io.Reader) error {
		var page usersync.Page
		err := decodeUsers(body, func(row int, text []byte) error {
			page.Entries = append(page.Entries, entry(row, text, groups))
			if len(page.Entries) < pageEntries {
				return nil
			}
			full := page
			page = usersync.Page{Entries: make([]usersync.Entry, 0, pageEntries)}
			return emitted(ctx, emit, full)
		})
		if err != nil || len(page.Entries) == 0 {
			return err
		}
		return emitted(ctx, emit, page)
	})
	return wrongAddress(err)
}

// emitted hands a page on, unless the context has ended.
func emitted(ctx context.Context, emit func(usersync.Page) error, page usersync.Page) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return emit(page)
}

// wrongAddress turns the answer of a place that is not VAKA's API, or of a device that is not there, into
// an error that says where to look.
func wrongAddress(err error) error {
	if usersync.Is(err, usersync.NotFound) || usersync.Is(err, usersync.Rejected) {
		return usersync.E(usersync.Malformed, usersync.Public(err)+"; url must be the address with its version, such as …/v1, and deviceId one of the login's")
	}
	return err
}
