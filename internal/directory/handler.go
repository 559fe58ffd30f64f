package directory

import (
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
)

// Prefix is the path under which the API lives.
const Prefix = "/directory"

// scope is what a token must have.
const scope = "userapi"

// Config is what the HTTP API works with.
type Config struct {
	Store    Store
	Verifier auth.Verifier
	Clock    usersync.Clock
	Log      *slog.Logger
	NewID    func() string // nil: UUIDv7
}

type handler struct {
	Config
	service *Service
}

// call is one request of a caller who may make it.
type call struct {
	*handler
	w       http.ResponseWriter
	r       *http.Request
	company usersync.CompanyID
	params  []string // the path's parameters, in order
	query   query
}

// NewHandler serves the directory of whichever company a caller's token names, at paths that begin
// with Prefix, in any letter case.
func NewHandler(c Config) http.Handler {
	return &handler{Config: c, service: NewService(c.Store, c.Clock, c.NewID)}
}

// ServeHTTP looks at the path, the method, the token, the path's parameters, the query and then at what the operation does.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, w: w, r: r}
	matched, params := match(r.URL)
	if matched == nil {
		c.refuse(http.StatusNotFound, "no such path")
		return
	}
	c.params = params
	op := matched.methods[r.Method]
	if op == nil {
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(matched.methods)), ", "))
		c.refuse(http.StatusMethodNotAllowed, "the path does not know this method")
		return
	}
	if !c.login() {
		return
	}
	err := matched.checkParams(params)
	if err == nil {
		c.query, err = op.readQuery(r.URL.RawQuery)
	}
	if err == nil {
		err = op.run(c)
	}
	if err != nil {
		c.fail(err)
	}
}

// match finds the route of a path and the path's parameters, unescaped.
func match(u *url.URL) (*route, []string) {
	path := u.EscapedPath()
	if len(path) <= len(Prefix) || !strings.EqualFold(path[:len(Prefix)], Prefix) || path[len(Prefix)] != '/' {
		return nil, nil
	}
	segments := strings.Split(strings.TrimSuffix(path[len(Prefix)+1:], "/"), "/")
	for i := range routes {
		if params, ok := routes[i].params(segments); ok {
			return &routes[i], params
		}
	}
	return nil, nil
}

func (r *route) params(segments []string) (params []string, ok bool) {
	pattern := strings.Split(r.path, "/")
	if len(segments) != len(pattern) {
		return nil, false
	}
	for i, want := range pattern {
		segment, err := url.PathUnescape(segments[i])
		switch {
		case err != nil || segment == "":
			return nil, false
		case isParameter(want):
			params = append(params, segment)
		case !strings.EqualFold(segment, want):
			return nil, false
		}
	}
	return params, true
}

// checkParams refuses a parameter that no store could keep as it is. Errors: Validation, naming it.
func (r *route) checkParams(params []string) error {
	for i, name := range r.names() {
		if !utf8.ValidString(params[i]) {
			return invalid(name, "is not valid UTF-8")
		}
	}
	return nil
}

// login verifies the token and answers where it does not allow the call.
func (c *call) login() bool {
	principal, err := c.Verifier.Verify(c.r.Context(), c.r.Header.Get("Authorization"))
	switch {
	case usersync.Is(err, usersync.Unauthorized):
		c.w.Header().Set("WWW-Authenticate", "Bearer")
		c.refuse(http.StatusUnauthorized, "missing or invalid access token")
	case usersync.Is(err, usersync.Unavailable):
		c.refuse(http.StatusServiceUnavailable, usersync.Public(err))
	case err != nil:
		c.fail(err)
	case !principal.HasScope(scope):
		c.refuse(http.StatusForbidden, "the access token lacks the scope "+scope)
	case principal.Company == "":
		c.refuse(http.StatusForbidden, "the access token names no company")
	default:
		c.company = principal.Company
		return true
	}
	return false
}

// apiInfo is what the API says of itself.
type apiInfo struct {
	Title   string `json:"title"`
	Product string `json:"product"`
	Version string `json:"version"`
}

// info says what answers here.
func (c *call) info() error {
	return c.answer(http.StatusOK, apiInfo{"User API", "usersync directory", "3.0.0"})
}
