package app

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"

	"github.com/usersync/usersync/internal/usersync"
)

// maxOpened is how many opened systems are kept; beyond it all are opened anew.
const maxOpened = 256

// opened keeps systems that were opened, so that the steps of a job, and the jobs of a night, share
// connections and tokens. A system whose settings or secrets have changed is another one.
type opened struct {
	mu      sync.Mutex
	systems map[[sha256.Size]byte]any
}

// reuse returns the system that was opened with the same settings and secrets, or opens it.
func reuse[T any](ctx context.Context, c *connectors, as string, co usersync.Company, e usersync.Endpoint, spec usersync.ConnectorSpec, open func() (T, error)) (T, error) {
	var none T
	identity := struct {
		As      string
		Company usersync.CompanyID
		End     usersync.Endpoint
		Mapping []usersync.Rule
		Secrets []string
	}{As: as, Company: co.ID, End: e, Mapping: co.Mapping}
	for _, s := range spec.Settings {
		if reference := e.Settings[s.Name]; s.Kind == usersync.Secret && reference != "" {
			secret, err := c.secrets(co.ID).Secret(ctx, reference)
			if err != nil {
				return none, err
			}
			identity.Secrets = append(identity.Secrets, secret)
		}
	}
	text, err := json.Marshal(identity)
	if err != nil {
		return none, err
	}
	key := sha256.Sum256(text)
	c.opened.mu.Lock()
	defer c.opened.mu.Unlock()
	if system, ok := c.opened.systems[key].(T); ok {
		return system, nil
	}
	system, err := open()
	if err != nil {
		return none, err
	}
	if c.opened.systems == nil || len(c.opened.systems) >= maxOpened {
		c.opened.systems = map[[sha256.Size]byte]any{}
	}
	c.opened.systems[key] = system
	return system, nil
}
