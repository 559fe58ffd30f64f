package directory

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	routes  []route
}

// route is a path's segments below Prefix in lower case, "*" for a parameter, and what each method does.
type route struct {
	path    []string
	methods map[string]func(*call) error
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
	h := &handler{Config: c, service: NewService(c.Store, c.Clock, c.NewID)}
	add := func(path string, methods map[string]func(*call) error) {
		h.routes = append(h.routes, route{strings.Split(path, "/"), methods})
	}
	type does = map[string]func(*call) error
	add("api/info", does{"GET": (*call).info})
	add("api/users", does{"GET": (*call).listUsers, "POST": (*call).postUser})
	add("api/users/changes/*", does{"GET": (*call).listChanges})
	add("api/users/*", does{"GET": (*call).getUser, "PUT": (*call).putUser})
	add("api/users/*/activate", does{"GET": (*call).activate})
	add("api/users/*/deactivate", does{"GET": (*call).deactivate})
	add("api/users/*/roles", does{"GET": (*call).listRoles, "POST": (*call).postRole})
	add("api/departments", does{"GET": (*call).listDepartments, "POST": (*call).postDepartment})
	add("api/departments/*", does{"GET": (*call).getDepartment, "PUT": (*call).putDepartment})
	add("api/departments/external/*", does{"GET": (*call).getDepartmentByExternalID})
	return h
}

// ServeHTTP looks at the path, the method, the token, the query and then at what the route does.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{handler: h, w: w, r: r}
	matched, params := h.match(r.URL)
	if matched == nil {
		c.refuse(http.StatusNotFound, "no such path")
		return
	}
	c.params = params
	do := matched.methods[r.Method]
	if do == nil {
		allowed := make([]string, 0, len(matched.methods))
		for method := range matched.methods {
			allowed = append(allowed, method)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		c.refuse(http.StatusMethodNotAllowed, "the path does not know this method")
		return
	}
	if !c.login() {
		return
	}
	var err error
	if c.query, err = readQuery(r.URL.RawQuery); err == nil {
		err = do(c)
	}
	if err != nil {
		c.fail(err)
	}
}

// match finds the route of a path and the path's parameters, unescaped.
func (h *handler) match(u *url.URL) (*route, []string) {
	path := u.EscapedPath()
	if len(path) <= len(Prefix) || !strings.EqualFold(path[:len(Prefix)], Prefix) || path[len(Prefix)] != '/' {
		return nil, nil
	}
	segments := strings.Split(strings.TrimSuffix(path[len(Prefix)+1:], "/"), "/")
	for i := range h.routes {
		if params, ok := h.routes[i].params(segments); ok {
			return &h.routes[i], params
		}
	}
	return nil, nil
}

func (r *route) params(segments []string) (params []string, ok bool) {
	if len(segments) != len(r.path) {
		return nil, false
	}
	for i, want := range r.path {
		segment, err := url.PathUnescape(segments[i])
		switch {
		case err != nil || segment == "":
			return nil, false
		case want == "*":
			params = append(params, segment)
		case !strings.EqualFold(segment, want):
			return nil, false
		}
	}
	return params, true
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

// info says what answers here.
func (c *call) info() error {
	return c.answer(http.StatusOK, map[string]string{"title": "User API", "product": "usersync directory", "version": "3.0.0"})
}
