package auth

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// leeway is how far the clocks of the issuer and of this machine may differ.
const leeway = 5 * time.Second

// claims are a token's claims by their exact names. A claim of a type that its reader does not expect
// gives nothing: no right, no company, no audience.
type claims map[string]json.RawMessage

// text is a claim that is a string, else empty.
func (c claims) text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// list is a claim that is a list of strings and nothing else, else empty.
func (c claims) list(name string) []string { return stringList(c[name]) }

func stringList(raw json.RawMessage) []string {
	var elements []any
	if json.Unmarshal(raw, &elements) != nil {
		return nil
	}
	list := make([]string, 0, len(elements))
	for _, e := range elements {
		s, ok := e.(string)
		if !ok {
			return nil
		}
		list = append(list, s)
	}
	return list
}

// words is a claim that is a string of words between spaces, or a list of strings.
func (c claims) words(name string) []string {
	if text := c.text(name); text != "" {
		return strings.Fields(text)
	}
	return c.list(name)
}

// moment is a claim in seconds since 1970, with or without fraction; ok is false where there is a
// claim that is no such thing.
func (c claims) moment(name string) (seconds float64, present, ok bool) {
	raw, present := c[name]
	if !present {
		return 0, false, true
	}
	var n *float64
	if json.Unmarshal(raw, &n) != nil || n == nil {
		return 0, true, false
	}
	return *n, true, true
}

// inTime reports whether the token is valid at the moment: it has an end that has not passed, and
// neither its beginning nor its making lies ahead.
func (c claims) inTime(now time.Time) bool {
	at := float64(now.UnixMilli()) / 1000
	end, present, ok := c.moment("exp")
	if !present || !ok || at >= end+leeway.Seconds() {
		return false
	}
	for _, name := range []string{"nbf", "iat"} {
		begin, present, ok := c.moment(name)
		if !ok || present && begin > at+leeway.Seconds() {
			return false
		}
	}
	return true
}

// meantFor reports whether the audience is among the token's. A token without the claim `aud` (as
// Cognito's access tokens are) is meant for the client that it names.
func (c claims) meantFor(audience string) bool {
	if _, present := c["aud"]; !present {
		return c.text("client_id") == audience
	}
	return c.text("aud") == audience || slices.Contains(c.list("aud"), audience)
}

// principal reads who the caller is and what they may do.
func (c claims) principal(companyClaim string) Principal {
	var realm struct {
		Roles json.RawMessage `json:"roles"`
	}
	if json.Unmarshal(c["realm_access"], &realm) != nil {
		realm.Roles = nil
	}
	company, _ := usersync.CompanyGUID(c.text(companyClaim))
	return Principal{
		Subject: c.text("sub"),
		Company: usersync.CompanyID(company),
		Roles:   slices.Concat(c.list("roles"), stringList(realm.Roles), c.list("cognito:groups")),
		Scopes:  slices.Concat(c.words("scope"), c.words("scp")),
	}
}
