package settings

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	maxText = 4096 // bytes, of a connector's setting
	maxURL  = 2048 // bytes
)

// setting is a connector's setting, checked by its kind and written in one way; empty after a fault.
func (r *reader) setting(v value, s usersync.Setting) string {
	if s.Kind == usersync.Secret {
		return r.secret(v)
	}
	text, ok := r.text(v, maxText)
	if !ok {
		return ""
	}
	if s.Usable != nil {
		if err := s.Usable(text); err != nil {
			r.fault(v, usersync.Public(err))
			return ""
		}
	}
	var fault string
	switch s.Kind {
	case usersync.URL:
		text, fault = address(text, s.Identity)
	case usersync.Path:
		if !filepath.IsAbs(text) {
			text = filepath.Join(r.dir, text)
		}
	case usersync.Number:
		text, fault = number(text, v.node.ShortTag(), s)
	case usersync.Duration:
		text, fault = duration(text, s)
	case usersync.OneOf:
		text, fault = choice(text, s.Choices)
	}
	if fault != "" {
		r.fault(v, fault)
		return ""
	}
	return text
}

// parseURL takes an absolute http or https address apart.
func parseURL(text string) (*url.URL, string) {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return nil, fmt.Sprintf("this is longer than %d bytes", maxURL)
	case err != nil || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == '\\' }):
		return nil, "this must be an address such as https://api.example.com/v1"
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, "this must be an absolute address that begins with https:// or http://"
	case u.User != nil:
		return nil, "an address must not hold a user name or password"
	case strings.Contains(text, "#"):
		return nil, "an address must not have a fragment (#)"
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, "an address's port must be a number from 1 to 65535"
		}
	}
	return u, ""
}

// address writes an address in one way, so that two spellings of one system are one system: scheme
// and host in lower case, no default port, no slash at the end. Paths are put behind a base address,
// which therefore has no query.
func address(text string, base bool) (string, string) {
	u, fault := parseURL(text)
	switch {
	case fault != "":
		return "", fault
	case base && strings.Contains(text, "?"):
		return "", "this must be an address without a query (?)"
	}
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	written := u.String()
	if u.RawQuery == "" {
		written = strings.TrimRight(strings.TrimSuffix(written, "?"), "/")
	}
	return written, ""
}

var digits = pattern(`^(?:0|[1-9][0-9]{0,8})$`)

func number(text, tag string, s usersync.Setting) (string, string) {
	bounded := s.Min != 0 || s.Max != 0
	n, _ := strconv.Atoi(text)
	switch {
	case tag == "!!int" && digits().MatchString(text) && (!bounded || n >= s.Min && n <= s.Max):
		return text, ""
	case bounded:
		return "", fmt.Sprintf("this must be a whole number from %d to %d, without quotes", s.Min, s.Max)
	}
	return "", "this must be a whole number, without quotes"
}

func duration(text string, s usersync.Setting) (string, string) {
	d, err := time.ParseDuration(text)
	least, most := time.Duration(s.Min)*time.Second, time.Duration(s.Max)*time.Second
	switch {
	case err != nil || d <= 0:
		return "", "this must be a duration such as 30s"
	case d < least || most > 0 && d > most:
		return "", fmt.Sprintf("this must be a duration from %s to %s", least, most)
	}
	return text, ""
}

func choice(text string, choices []string) (string, string) {
	i := slices.IndexFunc(choices, func(c string) bool { return strings.EqualFold(c, text) })
	if i < 0 {
		return "", "this must be one of " + strings.Join(choices, ", ")
	}
	return choices[i], ""
}
