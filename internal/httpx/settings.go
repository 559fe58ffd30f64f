package httpx

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// Settings are those of a system that is called over HTTP: url, maxInFlight and timeout are every one's.
type Settings struct {
	Base        string // the url, without a slash at its end
	MaxInFlight int
	TimeOut     time.Duration

	kind   string
	values map[string]string
}

// ReadSettings reads an endpoint's settings as its connector describes them, with the defaults of what is left
// out. Errors: Settings, naming the setting.
func ReadSettings(spec usersync.ConnectorSpec, e usersync.Endpoint) (*Settings, error) {
	s := &Settings{kind: spec.Type, values: map[string]string{}}
	for _, setting := range spec.Settings {
		value := e.Settings[setting.Name]
		if value == "" {
			value = setting.Default
		}
		if value == "" && setting.Required {
			return nil, s.Unusable(setting.Name, "is missing")
		}
		s.values[setting.Name] = value
	}
	base, err := url.Parse(s.Text("url"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, s.Unusable("url", "is no plain http or https address")
	}
	s.Base = strings.TrimRight(s.Text("url"), "/")
	if s.MaxInFlight, err = s.Number("maxInFlight"); err != nil {
		return nil, err
	}
	if s.TimeOut, err = time.ParseDuration(s.Text("timeout")); err != nil || s.TimeOut <= 0 {
		return nil, s.Unusable("timeout", "is no duration such as 30s")
	}
	return s, nil
}

// Text is a setting; empty where it is left out and has no default.
func (s *Settings) Text(name string) string { return s.values[name] }

// Number is a setting that must be a number of at least 1. Errors: Settings.
func (s *Settings) Number(name string) (int, error) {
	n, err := strconv.Atoi(s.Text(name))
	if err != nil || n < 1 {
		return 0, s.Unusable(name, "is no number of at least 1")
	}
	return n, nil
}

// Seconds is the time-out in whole seconds, rounded up.
func (s *Settings) Seconds() int { return int((s.TimeOut + time.Second - 1) / time.Second) }

// Client makes the client that the settings ask for.
func (s *Settings) Client(network Network, clock usersync.Clock) *Client {
	return New(Config{TimeOut: s.TimeOut, MaxInFlight: s.MaxInFlight, Network: network, Clock: clock})
}

// Unusable is the error of a setting that cannot be used.
func (s *Settings) Unusable(setting, why string) error {
	return usersync.E(usersync.Settings, s.kind+": "+setting+" "+why)
}
