package settings

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/usersync/usersync/internal/usersync"
)

const maxName = 200 // bytes, of an id or name that people give

func (r *reader) auth(v value, a *Auth) {
	var audience bool
	r.object(v, map[string]reading{
		"issuer": func(v value) {
			if text, ok := r.text(v, maxURL); ok {
				if _, fault := parseURL(text); fault != "" {
					r.fault(v, fault)
				}
				a.Issuer = text
			}
		},
		"audience": func(v value) {
			audience = true
			a.Audience, _ = r.text(v, maxName)
		},
		"companyClaim": func(v value) { a.CompanyClaim, _ = r.text(v, maxName) },
		"clients":      func(v value) { a.Clients = r.clients(v) },
	})
	if a.Issuer != "" && !audience {
		r.faultAt(v.key.Line, v.key.Column, v.path+".audience", "this is missing: without it every token of the issuer would do")
	}
}

func (r *reader) clients(v value) []Client {
	var clients []Client
	lines := map[string]int{}
	for _, v := range r.list(v) {
		var c Client
		r.object(v, map[string]reading{
			"id": func(v value) {
				if c.ID, _ = r.text(v, maxName); c.ID == "" {
					return
				}
				if line, twice := lines[c.ID]; twice {
					r.fault(v, fmt.Sprintf("the same client id as in line %d", line))
					return
				}
				lines[c.ID] = v.node.Line
			},
			"secret":  func(v value) { c.Secret = r.secret(v) },
			"company": func(v value) { c.Company = r.guid(v) },
			"roles":   func(v value) { c.Roles = r.names(v) },
			"scopes":  func(v value) { c.Scopes = r.scopes(v) },
		}, "id", "secret")
		clients = append(clients, c)
	}
	return clients
}

func (r *reader) names(v value) []string {
	var names []string
	for _, v := range r.list(v) {
		if name, ok := r.text(v, maxName); ok {
			names = append(names, name)
		}
	}
	return names
}

// scopes are names that a token has in one text, with spaces between them.
func (r *reader) scopes(v value) []string {
	var scopes []string
	for _, v := range r.list(v) {
		switch name, ok := r.text(v, maxName); {
		case !ok:
		case strings.ContainsFunc(name, unicode.IsSpace):
			r.fault(v, "a scope must be one word")
		default:
			scopes = append(scopes, name)
		}
	}
	return scopes
}

func (r *reader) network(v value, n *Network) {
	r.object(v, map[string]reading{
		"allowPrivate": func(v value) { n.AllowPrivate, _ = r.boolean(v) },
		"origins":      func(v value) { n.Origins = r.origins(v) },
	})
}

// origins are browsers' pages by scheme, host and port.
func (r *reader) origins(v value) []string {
	var all []string
	for _, v := range r.list(v) {
		text, ok := r.text(v, maxURL)
		if !ok {
			continue
		}
		u, fault := parseURL(text)
		switch {
		case fault != "":
			r.fault(v, fault)
		case u.Scheme+"://"+u.Host != text:
			r.fault(v, "this must be an origin such as https://app.example: scheme, host and port, no more")
		default:
			all = append(all, text)
		}
	}
	return all
}

// guid is a company's id in its canonical spelling.
func (r *reader) guid(v value) usersync.CompanyID {
	text, _, ok := r.scalar(v)
	if !ok {
		return ""
	}
	id, ok := usersync.CompanyGUID(text)
	if !ok || id == "" {
		r.fault(v, "this must be a guid such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301")
	}
	return usersync.CompanyID(id)
}
