package settings

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/usersync"
)

// maxSecret is the longest secret in a file, in bytes.
const maxSecret = 64 << 10

var variable = pattern(`^[A-Za-z0-9_]{1,128}$`)

// secret is a reference to a secret; the secret itself is refused.
func (r *reader) secret(v value) string {
	text, _, ok := r.scalar(v)
	if !ok {
		return ""
	}
	if fault := r.referenceFault(text); fault != "" {
		r.fault(v, fault)
		return ""
	}
	r.references = append(r.references, reference{Fault{File: r.name, Line: v.node.Line, Column: v.node.Column, Key: v.path}, text})
	return text
}

// referenceFault says why a text is no reference to a secret; empty where it is one.
func referenceFault(text string) string {
	kind, name, _ := strings.Cut(text, ":")
	switch kind {
	case "env":
		if variable().MatchString(name) {
			return ""
		}
		return "after env: there must be a variable's name, of letters, digits and _"
	case "file":
		if textFault(name, maxText) == "" {
			return ""
		}
		return "after file: there must be a path"
	case "sm", "ssm":
		return "secrets in " + kind + ": can be had in a deployment alone"
	}
	return "a secret must be a reference such as env:NAME or file:PATH"
}

// referenceFault is the fault of a reference where the settings are read for.
func (r *reader) referenceFault(text string) string {
	if !r.deployed {
		return referenceFault(text)
	}
	return TenantReferenceFault(text, r.secrets)
}

// secretsOf is what the names of a company's secrets begin with, in a deployment.
func secretsOf(company usersync.CompanyID) string { return "/usersync/" + string(company) + "/" }

// tenantName is what may follow in the name of a tenant's secret: no way out of the company's own.
var tenantName = pattern(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$`)

// TenantReferenceFault says why a text is no reference to a secret of the company whose secrets' names
// begin with prefix; empty where it is one.
func TenantReferenceFault(text, prefix string) string {
	kind, name, _ := strings.Cut(text, ":")
	if kind != "sm" && kind != "ssm" {
		return "in a deployment a secret must be a reference such as sm:" + prefix + "NAME or ssm:" + prefix + "NAME"
	}
	rest, own := strings.CutPrefix(name, prefix)
	if !own || len(name) > maxSecretName || !tenantName().MatchString(rest) {
		return "after " + kind + ": there must be a name under " + prefix
	}
	return ""
}

// maxSecretName is the longest name of a secret, in bytes: what Parameter Store and Secrets Manager both take.
const maxSecretName = 512

// reference is a reference to a secret and where it stands.
type reference struct {
	at   Fault // without a message
	text string
}

// Resolvable reports whether the secrets can be had of the built-in issuer's clients, where clients is
// true, and of the given companies. Errors: Faults, all of them.
func (f *File) Resolvable(ctx context.Context, secrets usersync.Secrets, clients bool, companies []usersync.Company) error {
	var faults Faults
	for _, ref := range f.references {
		if !f.concerns(ref.at.Key, clients, companies) {
			continue
		}
		if _, err := secrets.Secret(ctx, ref.text); err != nil {
			ref.at.Message = usersync.Public(err)
			faults = append(faults, ref.at)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return faults
}

// concerns reports whether a key is one of the clients' or of the companies'.
func (f *File) concerns(key string, clients bool, companies []usersync.Company) bool {
	var i int
	if _, err := fmt.Sscanf(key, "companies[%d].", &i); err != nil {
		return clients
	}
	return slices.ContainsFunc(companies, func(c usersync.Company) bool { return c.ID == f.Companies[i].ID })
}

type secrets struct {
	dir    string
	getenv func(string) (string, bool)
}

// NewSecrets resolves env: by getenv (os.LookupEnv) and file: relative to dir.
func NewSecrets(dir string, getenv func(string) (string, bool)) usersync.Secrets {
	return secrets{dir, getenv}
}

// Secret implements usersync.Secrets. An empty secret is none.
func (s secrets) Secret(ctx context.Context, reference string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if fault := referenceFault(reference); fault != "" {
		return "", usersync.E(usersync.Settings, fault)
	}
	kind, name, _ := strings.Cut(reference, ":")
	if kind == "env" {
		text, _ := s.getenv(name)
		return usable(reference, text, nil)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.dir, name)
	}
	text, err := readSecret(name)
	if line, broken := strings.CutSuffix(text, "\n"); broken {
		text = strings.TrimSuffix(line, "\r")
	}
	return usable(reference, text, err)
}

// readSecret reads a file, but no device or pipe: those may never end.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", os.ErrInvalid
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		err = os.ErrInvalid
	}
	return string(text), err
}

func usable(reference, text string, err error) (string, error) {
	switch {
	case err != nil:
		return "", &usersync.Error{Code: usersync.Settings, Message: "the secret " + reference + " cannot be read", Cause: err}
	case text == "":
		return "", usersync.E(usersync.Settings, "the secret "+reference+" is not set")
	case !utf8.ValidString(text):
		return "", usersync.E(usersync.Settings, "the secret "+reference+" is not valid UTF-8")
	}
	return text, nil
}
