package deployed

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// unasked are the promises of usersync.Tenants that nobody asks for here.
type unasked = usersync.Tenants

// shelf has one text for every company.
type shelf struct {
	unasked
	text string
}

func (s shelf) Tenant(_ context.Context, id usersync.CompanyID) (usersync.Tenant, error) {
	return usersync.Tenant{ID: id, Settings: []byte(s.text)}, nil
}

func TestSettingsThatCanNoLongerBeUsedAreRefusedByTheNamesOfTheirFaults(t *testing.T) {
	const id, planted = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "pl@nted-s3cret"
	good := fmt.Sprintf(`
id: %s
name: One
source: {type: websak, url: "https://a.example", tokenUrl: "https://a.example/token", clientId: a, clientSecret: "sm:/usersync/%[1]s/a"}
target: {type: directory}
`, id)
	if c, err := (tenants{shelf{text: good}}).Company(t.Context(), id); err != nil || c.ID != id || c.Source.Type != "websak" {
		t.Fatalf("%+v %v", c, err)
	}
	for _, w := range []struct{ why, old, new, names string }{
		{"a secret in the text", "sm:/usersync/" + id + "/a", planted, "source.clientSecret"},
		{"another company's secret", id + "/a", "3f2504e0-4f89-41d3-9a0c-0305e82c3302/" + planted, "source.clientSecret"},
		{"a connector that is no more", "type: websak", "type: " + planted, "source.type"},
		{"a setting that is no more", "clientId: a", "clientId: a, tenant: " + planted, "source.tenant"},
		{"a setting that is missing", "clientId: a, ", "", "source.clientId"},
		{"no YAML", "name: One", planted + ": [", ""},
		{"nothing", good, "", ""},
	} {
		_, err := tenants{shelf{text: strings.Replace(good, w.old, w.new, 1)}}.Company(t.Context(), id)
		if text := usersync.Public(err); !usersync.Is(err, usersync.Settings) || !strings.Contains(text, w.names) || strings.Contains(text, planted) {
			t.Errorf("%s: %v", w.why, err)
		}
	}
}
