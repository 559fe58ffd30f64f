package websak

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// What errors call the requests of a target.
const (
	writeName = "POST " + usersPath
	readName  = "GET " + usersPath + "/{id}"
)

// maxAnswer is the most that is read of an answer about one user, in bytes.
const maxAnswer = 1 << 20

// target writes users into a Websak. A record's fields are the properties of a UserRequest.
type target struct {
	*system
	lookupField string
	traits      usersync.TargetTraits
}

// NewTarget opens a Websak as a target, for records that the rules make (none: the built-in ones); it
// sends nothing yet. Errors: Settings.
func NewTarget(ctx context.Context, e usersync.Endpoint, rules []usersync.Rule, secrets usersync.Secrets, network httpx.Network, clock usersync.Clock) (usersync.Target, error) {
	sys, err := open(ctx, e, secrets, network, clock)
	if err != nil {
		return nil, err
	}
	lookupField := sys.Text("lookupField")
	if len(rules) == 0 {
		rules = mapping()
	}
	return &target{system: sys, lookupField: lookupField, traits: usersync.TargetTraits{
		UpsertsByKey: lookupField == byCode,
		CanLookUp:    true,
		Mapping:      rules,
		MaxInFlight:  sys.MaxInFlight,
		TimeOut:      sys.Seconds(),
	}}, nil
}

// mapping is the built-in mapping: the properties that a person's own data fill.
func mapping() []usersync.Rule {
	return []usersync.Rule{
		{Field: "code", Expr: "userName"},
		{Field: "username", Expr: "userName"},
		{Field: "name", Expr: `displayName ?? trim(concat(name.givenName ?? "", " ", name.familyName ?? ""))`},
		{Field: "title", Expr: "title"},
		{Field: "phone", Expr: "phones.work"},
		{Field: "mobile", Expr: "phones.mobile"},
		{Field: "emailAddr", Expr: "emails.work"},
		{Field: "addr", Expr: "addresses.work.streetAddress"},
		{Field: "postalNo", Expr: "addresses.work.postalCode"},
		{Field: "place", Expr: "addresses.work.locality"},
		{Field: "departmentCode", Expr: "departmentCode"},
	}
}

// Check logs in and reads one user.
func (t *target) Check(ctx context.Context) error {
	_, err := t.list(ctx, 0, 1)
	return err
}

// Traits are those of the settings: only by Code is a create an upsert.
func (t *target) Traits() usersync.TargetTraits { return t.traits }

// Key is the code, as Websak compares codes: without spaces around it, in whatever letter case. It is
// the key by Id too, where it is what finds a user again.
func (t *target) Key(r usersync.Record) (string, error) {
	key := fold(r.Text("code"))
	if key == "" {
		return "", usersync.E(usersync.Rejected, "userName is missing: the user's code is made from it")
	}
	return key, nil
}

func fold(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// Create writes a user, by Code over the one who has the code already.
func (t *target) Create(ctx context.Context, r usersync.Record) (usersync.Written, error) {
	if _, err := t.Key(r); err != nil {
		return usersync.Written{}, err
	}
	w, err := t.write(ctx, properties(r), t.lookupField)
	if usersync.Is(err, usersync.NotFound) {
		return usersync.Written{}, wrongAddress(err)
	}
	return w, err
}

// Update writes over the user with the id. Properties of the mapping that the record has no more are
// cleared; properties that the mapping does not name stay. A Websak answers an id that it does not
// know by creating a user anew, whose id is then in the answer.
func (t *target) Update(ctx context.Context, id string, r usersync.Record) (usersync.Written, error) {
	if _, err := t.Key(r); err != nil {
		return usersync.Written{}, err
	}
	request := properties(r)
	for _, rule := range t.traits.Mapping {
		if _, ok := request[rule.Field]; !ok {
			request[rule.Field] = nil
		}
	}
	request["id"] = id
	w, err := t.write(ctx, request, byID)
	switch usersync.CodeOf(err) {
	case usersync.Rejected:
		// Where the user has vanished and was created anew by an update whose answer was lost, the code is
		// taken and this update refused. The vanished id tells that from a refusal of the person.
		if _, gone := t.read(ctx, id, byID); gone != nil {
			return usersync.Written{}, gone
		}
	case usersync.NotFound:
		// A server that has lost its routes for a while answers 404 as well, and nobody has vanished then.
		if lost := t.Check(ctx); lost != nil {
			return usersync.Written{}, lost
		}
	}
	return w, err
}

// LookUp finds the user with the code, asking for it as it was written.
func (t *target) LookUp(ctx context.Context, r usersync.Record) (string, error) {
	key, err := t.Key(r)
	if err != nil {
		return "", err
	}
	found, err := t.read(ctx, strings.TrimSpace(r.Text("code")), byCode)
	switch {
	case usersync.Is(err, usersync.NotFound):
		return "", nil
	case err != nil:
		return "", err
	case fold(found.Code) != key:
		return "", usersync.E(usersync.Malformed, readName+" was answered with a user of another code")
	}
	return found.GidID, nil
}

// properties are the record's fields as a UserRequest has them.
func properties(r usersync.Record) map[string]any {
	request := make(map[string]any, len(r)+8)
	for _, f := range r {
		request[f.Name] = f.Value
	}
	if code, ok := request["code"].(string); ok {
		request["code"] = strings.TrimSpace(code)
	}
	return request
}

// write posts a user once.
func (t *target) write(ctx context.Context, request map[string]any, lookupField string) (usersync.Written, error) {
	request["lookupField"] = lookupField
	body, err := json.Marshal(request)
	if err != nil {
		return usersync.Written{}, &usersync.Error{Code: usersync.Rejected, Message: "the record cannot be written as JSON", Cause: err}
	}
	answer, err := t.session.Do(ctx, httpx.Request{
		Name: writeName, Method: http.MethodPost, URL: t.Base + usersPath, Body: body, MaxBody: maxAnswer,
	})
	if err != nil {
		return usersync.Written{}, err
	}
	written, err := decodeUser(writeName, answer)
	if err != nil {
		if malformed, ok := errors.AsType[*usersync.Error](err); ok {
			malformed.InDoubt = true
		}
		return usersync.Written{}, err
	}
	return usersync.Written{ID: written.GidID, Existed: answer.Status != http.StatusCreated}, nil
}

// identity is what is read of an answer about one user.
type identity struct {
	GidID string `json:"gidId"`
	Code  string `json:"code"`
}

// read asks for one user. Errors: NotFound beside those of the session.
func (t *target) read(ctx context.Context, id, lookupField string) (identity, error) {
	answer, err := t.session.Do(ctx, httpx.Request{
		Name: readName, Method: http.MethodGet, MaxBody: maxAnswer,
		URL: t.Base + usersPath + "/" + segment(id) + "?lookupField=" + lookupField,
	})
	switch {
	case err != nil:
		return identity{}, err
	case answer.Status == http.StatusNoContent:
		return identity{}, usersync.E(usersync.NotFound, readName+" was answered with status 204")
	}
	return decodeUser(readName, answer)
}

// segment is a text as one segment of a path, whatever it is.
func segment(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}

// decodeUser reads an answer about one user, who has an id that can be kept.
func decodeUser(name string, answer httpx.Answer) (identity, error) {
	var u identity
	if err := httpx.DecodeJSON(name, answer.Body, &u); err != nil {
		return identity{}, err
	}
	if fault := usersync.KeyFault(u.GidID); fault != "" {
		return identity{}, usersync.E(usersync.Malformed, name+" was answered without a user: gidId: "+fault)
	}
	return u, nil
}
