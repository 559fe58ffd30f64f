package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The roles of the vendor's API.
const (
	roleWrite      = "bookingsupplier-administrator-write"
	roleRead       = "bookingsupplier-administrator-read"
	roleSuperadmin = "superadmin"
)

var (
	mayStart = []string{roleWrite, roleSuperadmin}
	mayRead  = []string{roleWrite, roleRead, roleSuperadmin}
)

// operation is what a route and a method lead to.
type operation struct {
	name    string   // as ServiceStack names its request
	roles   []string // one of them is needed; none: no login
	takes   []string // names of its input; all others are ignored
	answers string   // the name of its answer's schema; empty: it describes itself
	run     func(s *server, ctx context.Context, c *call) (answer any, err error)
}

var (
	createJob = &operation{"CreateAxemaUserSync", mayStart, []string{"CompanyId", "DryRun", "Full", "ApproveRemovals"}, jobSchema, (*server).start}
	queryJobs = &operation{"QueryAxemaUserSyncJobs", mayRead, []string{"CompanyId", "Status", "Skip", "Take"}, jobsSchema, (*server).list}
	getJob    = &operation{"GetAxemaUserSyncJob", mayRead, []string{"Id", "CompanyId"}, jobSchema, (*server).get}
	outcomes  = &operation{"QueryAxemaUserSyncOutcomes", mayRead, []string{"Id", "CompanyId", "Action", "Skip", "Take"}, outcomesSchema, (*server).listOutcomes}
	cancelJob = &operation{"CancelAxemaUserSync", mayStart, []string{"Id"}, jobSchema, (*server).notYet}
	health    = &operation{"GetHealth", nil, nil, healthSchema, (*server).health}
	// The last two describe the others: what they give is made from the routes.
	openAPI    = &operation{name: "GetOpenAPI"}
	typeScript = &operation{name: "GetTypeScript", takes: []string{"BaseUrl", "IncludeTypes"}}
)

func init() {
	openAPI.run, typeScript.run = (*server).openAPI, (*server).typeScript
}

// route is a path, whose fixed parts are matched in any case, and its methods. Where GET is, HEAD is too.
type route struct {
	pattern string
	methods map[string]*operation
}

// routes is the whole API. The last ones are ServiceStack's pre-defined routes, by the operation's name.
var routes = []route{
	{"/codelock/axema/usersync", map[string]*operation{http.MethodPost: createJob, http.MethodGet: queryJobs}},
	{"/codelock/axema/usersync/{Id}", map[string]*operation{http.MethodGet: getJob}},
	{"/codelock/axema/usersync/{Id}/outcomes", map[string]*operation{http.MethodGet: outcomes}},
	{"/codelock/axema/usersync/{Id}/cancel", map[string]*operation{http.MethodPost: cancelJob}},
	{"/openapi.json", map[string]*operation{http.MethodGet: openAPI}},
	{"/types/typescript", map[string]*operation{http.MethodGet: typeScript}},
	{"/healthz", map[string]*operation{http.MethodGet: health}},
	{"/json/reply/CreateAxemaUserSync", map[string]*operation{http.MethodPost: createJob}},
	{"/json/reply/QueryAxemaUserSyncJobs", map[string]*operation{http.MethodGet: queryJobs, http.MethodPost: queryJobs}},
	{"/json/reply/GetAxemaUserSyncJob", map[string]*operation{http.MethodGet: getJob, http.MethodPost: getJob}},
	{"/json/reply/QueryAxemaUserSyncOutcomes", map[string]*operation{http.MethodGet: outcomes, http.MethodPost: outcomes}},
	{"/json/reply/CancelAxemaUserSync", map[string]*operation{http.MethodPost: cancelJob}},
	{"/api/QueryAxemaUserSyncOutcomes", map[string]*operation{http.MethodGet: outcomes, http.MethodPost: outcomes}},
	{"/api/CancelAxemaUserSync", map[string]*operation{http.MethodPost: cancelJob}},
	{"/api/CreateAxemaUserSync", map[string]*operation{http.MethodPost: createJob}},
	{"/api/QueryAxemaUserSyncJobs", map[string]*operation{http.MethodGet: queryJobs, http.MethodPost: queryJobs}},
	{"/api/GetAxemaUserSyncJob", map[string]*operation{http.MethodGet: getJob, http.MethodPost: getJob}},
}

// operation is the method's, nil where the route does not know it.
func (r *route) operation(method string) *operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return r.methods[method]
}

// allow lists the route's methods.
func (r *route) allow() string {
	var methods []string
	for method := range r.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// findRoute finds the path's route and the Id in it, nil where there is none. A path may end with a
// slash, or with the suffix `.json`, which is looked at first: an Id never ends so.
func findRoute(address *url.URL) (*route, string) {
	parts, ok := pathParts(address)
	if !ok {
		return nil, ""
	}
	last := len(parts) - 1
	if stem := len(parts[last]) - len(".json"); stem > 0 && strings.EqualFold(parts[last][stem:], ".json") {
		short := slices.Clone(parts)
		short[last] = parts[last][:stem]
		if found, id := matchRoute(short); found != nil {
			return found, id
		}
	}
	return matchRoute(parts)
}

// pathParts is the path between its slashes; a slash that is escaped does not divide.
func pathParts(address *url.URL) ([]string, bool) {
	path, rooted := strings.CutPrefix(address.EscapedPath(), "/")
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, false
		}
		parts[i] = text
	}
	return parts, rooted
}

func matchRoute(parts []string) (*route, string) {
	for i := range routes {
		if id, ok := routes[i].match(parts); ok {
			return &routes[i], id
		}
	}
	return nil, ""
}

func (r *route) match(parts []string) (id string, ok bool) {
	fixed := strings.Split(r.pattern[1:], "/")
	if len(fixed) != len(parts) {
		return "", false
	}
	for i, part := range parts {
		switch {
		case fixed[i] == "{Id}" && part != "":
			id = part
		case !strings.EqualFold(fixed[i], part):
			return "", false
		}
	}
	return id, true
}
