package app

import (
	"context"
	"testing"

	"github.com/usersync/usersync/internal/connector/websak"
	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// vault is the secrets of a test.
type vault map[string]string

func (v vault) Secret(_ context.Context, reference string) (string, error) {
	if v[reference] == "" {
		return "", usersync.E(usersync.Settings, "the secret "+reference+" is not set")
	}
	return v[reference], nil
}

func TestASystemIsOpenedAnewWhenItsSettingsOrSecretsChange(t *testing.T) {
	secrets := vault{"env:A": "one"}
	c := &connectors{secrets: func(usersync.CompanyID) usersync.Secrets { return secrets }, network: httpx.Network{AllowPrivate: true}, clock: usersynctest.NewClock()}
	company := usersync.Company{ID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", Source: usersync.Endpoint{Type: websak.Spec.Type, Settings: map[string]string{
		"url": "http://127.0.0.1:1", "tokenUrl": "http://127.0.0.1:1/token", "clientId": "a", "clientSecret": "env:A",
		"pageSize": "500", "maxInFlight": "50", "timeout": "30s",
	}}}
	open := func() usersync.Source {
		source, err := c.Source(t.Context(), company)
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	first := open()
	if open() != first {
		t.Error("the same settings open a system twice")
	}
	secrets["env:A"] = "two"
	second := open()
	if second == first {
		t.Error("a changed secret is not taken up")
	}
	company.Source.Settings["pageSize"] = "100"
	if open() == second {
		t.Error("a changed setting is not taken up")
	}
	delete(secrets, "env:A")
	if _, err := c.Source(t.Context(), company); !usersync.Is(err, usersync.Settings) {
		t.Errorf("a secret that is gone: %v", err)
	}
}
