package machine

import (
	"net/http"
	"strings"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/directory"
)

// front hands each request to the handler that it is for, with its path as it came.
type front struct {
	issuer http.Handler // nil where the settings name another issuer
	people http.Handler
	jobs   http.Handler
}

// ServeHTTP serves the directory under its prefix in any letter case, the issuer at its addresses, and
// the job API everywhere else.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case strings.EqualFold("/"+first, directory.Prefix):
		f.people.ServeHTTP(w, r)
	case f.issuer != nil && auth.Serves(r.URL.Path):
		f.issuer.ServeHTTP(w, r)
	default:
		f.jobs.ServeHTTP(w, r)
	}
}
