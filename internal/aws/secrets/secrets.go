// Package secrets resolves the references in companies' settings: sm: in Secrets Manager, ssm: in
// Parameter Store. What it has read it keeps for five minutes.
package secrets

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/usersync"
)

// keptFor is how long a secret is used without asking again.
const keptFor = 5 * time.Minute

// maxSecret is the longest secret, in bytes: the most that Secrets Manager keeps.
const maxSecret = 64 << 10

// Cache reads secrets. It is safe for concurrent use.
type Cache struct {
	client    *signed.Client
	endpoints Endpoints
	clock     usersync.Clock
	fault     func(reference, prefix string) string // why a text is no reference under the prefix; else empty

	mu   sync.Mutex
	kept map[string]kept
}

// Endpoints say where the two services are called.
type Endpoints struct{ SecretsManager, SSM string }

// kept is a secret, and when it was read.
type kept struct {
	text string
	at   time.Time
}

// New makes a Cache. fault says why a text is no reference to a secret whose name begins with a prefix;
// empty where it is one.
func New(client *signed.Client, endpoints Endpoints, clock usersync.Clock, fault func(reference, prefix string) string) *Cache {
	return &Cache{client: client, endpoints: endpoints, clock: clock, fault: fault, kept: map[string]kept{}}
}

// Of is the company's part: a reference that leads out of it is refused.
func (c *Cache) Of(company usersync.CompanyID) usersync.Secrets {
	return scope{c, prefixOf(company)}
}

// prefixOf is what the names of a company's secrets begin with.
func prefixOf(company usersync.CompanyID) string { return "/usersync/" + string(company) + "/" }

// scope resolves the references of one company.
type scope struct {
	cache  *Cache
	prefix string
}

// Secret implements usersync.Secrets. Errors: Settings, also where the name leads elsewhere or the secret
// is empty; Throttled and Unavailable where it cannot be read now.
func (s scope) Secret(ctx context.Context, reference string) (string, error) {
	if fault := s.cache.fault(reference, s.prefix); fault != "" {
		return "", usersync.E(usersync.Settings, fault)
	}
	if known, ok := s.cache.lookUp(reference); ok && s.cache.clock.Now().Sub(known.at) < keptFor {
		return known.text, nil
	}
	return s.cache.read(ctx, reference)
}

// Renew reads again those of the company's secrets that are kept, and reports whether any has changed. One that is
// gone has changed, too: it is no longer kept, and whoever still needs it is told so by Secret. Errors: Throttled
// and Unavailable, where none has changed and some could not be read now.
func (c *Cache) Renew(ctx context.Context, company usersync.CompanyID) (changed bool, err error) {
	var failed error
	for reference, text := range c.keptOf(prefixOf(company)) {
		switch now, err := c.read(ctx, reference); {
		case usersync.Is(err, usersync.Settings):
			c.forget(reference)
			changed = true
		case err != nil:
			failed = err
		default:
			changed = changed || now != text
		}
	}
	if changed {
		return true, nil
	}
	return false, failed
}

// keptOf is what is kept under a prefix, by reference.
func (c *Cache) keptOf(prefix string) map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := map[string]string{}
	for reference, known := range c.kept {
		if _, name, _ := strings.Cut(reference, ":"); strings.HasPrefix(name, prefix) {
			of[reference] = known.text
		}
	}
	return of
}

func (c *Cache) forget(reference string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.kept, reference)
}

func (c *Cache) lookUp(reference string) (kept, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.kept[reference]
	return known, ok
}

// read asks for a secret and keeps it.
func (c *Cache) read(ctx context.Context, reference string) (string, error) {
	kind, name, _ := strings.Cut(reference, ":")
	ask := c.parameter
	if kind == "sm" {
		ask = c.secret
	}
	text, err := ask(ctx, name)
	switch {
	case err != nil:
		code := usersync.CodeOf(err)
		if code == usersync.Rejected { // it is not there, or not for this deployment
			code = usersync.Settings
		}
		return "", &usersync.Error{Code: code, Message: "the secret " + reference + " cannot be read: " + usersync.Public(err), Cause: err}
	case text == "":
		return "", usersync.E(usersync.Settings, "the secret "+reference+" is empty or no text")
	case len(text) > maxSecret || !utf8.ValidString(text):
		return "", usersync.E(usersync.Settings, "the secret "+reference+" is no text of at most 64 KiB")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[reference] = kept{text, c.clock.Now()}
	return text, nil
}

// secret reads from Secrets Manager.
func (c *Cache) secret(ctx context.Context, name string) (string, error) {
	var out struct{ SecretString string }
	err := c.client.Call(ctx, signed.Service{Name: "secretsmanager", Endpoint: c.endpoints.SecretsManager, Target: "secretsmanager.GetSecretValue"},
		map[string]any{"SecretId": name}, &out)
	return out.SecretString, err
}

// parameter reads from Parameter Store.
func (c *Cache) parameter(ctx context.Context, name string) (string, error) {
	var out struct{ Parameter struct{ Value string } }
	err := c.client.Call(ctx, signed.Service{Name: "ssm", Endpoint: c.endpoints.SSM, Target: "AmazonSSM.GetParameter"},
		map[string]any{"Name": name, "WithDecryption": true}, &out)
	return out.Parameter.Value, err
}
