package directory

import (
	"net/http"
	"strings"
)

// route is a path below Prefix, whose fixed parts are matched in any letter case, and its methods.
type route struct {
	path    string
	methods methods
}

type methods map[string]*operation

// operation is what a path and a method lead to, and what the OpenAPI document says of it. A body's
// type is given by a value of it.
type operation struct {
	name  string // unique in the document
	does  string
	run   func(*call) error
	finds string      // what the path's parameter is; empty where the path has none
	query []parameter // all optional; others are ignored
	takes any         // the body, which is then required; nil: none is read
	gives map[int]any // the body by status, nil for none; what every operation may answer is in saidToAll
	made  string      // the property of an answer that says by which id the paths below find what it answers; a Location comes with it
}

// What more than one operation speaks of.
const (
	theUser       = "The user: their id or else their code, unless lookupField is given"
	theUserByID   = "The user: their id, unless lookupField is given"
	theDepartment = "The department's id"
	message       = "" // the body of an error: a JSON string
)

var includes = []parameter{includeEmails, includeAccess, includeRoles}

// routes is the whole API: the router and the document are made from it. The first that fits a path serves it.
var routes = []route{
	{"api/info", methods{
		http.MethodGet: {name: "GetInfo", does: "What answers here", run: (*call).info, gives: map[int]any{200: apiInfo{}}},
	}},
	{"api/Users", methods{
		http.MethodGet: {
			name: "ListUsers", does: "The users, in the order of their creation; past the end an empty list", run: (*call).listUsers,
			query: append([]parameter{limit, offset}, includes...), gives: map[int]any{200: []WebsakUser{}, 204: nil},
		},
		http.MethodPost: {
			name: "CreateOrUpdateUser", does: "Updates the user whom lookupField finds, keeping what is left out, or else creates one under a new id",
			run: (*call).postUser, takes: UserRequest{}, gives: map[int]any{200: WebsakUser{}, 201: WebsakUser{}}, made: "gidId",
		},
	}},
	{"api/Users/changes/{fromDate}", methods{
		http.MethodGet: {
			name: "ListChangedUsers", does: "The users who were changed on the day or since", run: (*call).listChanges,
			finds: "The day, in UTC", query: includes, gives: map[int]any{200: []WebsakUser{}, 404: message},
		},
	}},
	{"api/Users/{id}", methods{
		http.MethodGet: {
			name: "GetUser", does: "A user", run: (*call).getUser,
			finds: theUser, query: append([]parameter{lookUp}, includes...), gives: map[int]any{200: WebsakUser{}, 404: problemDetails{}},
		},
		http.MethodPut: {
			name: "ReplaceUser", does: "Replaces a user: what is left out is wiped", run: (*call).putUser,
			finds: "The user: their id, or their code where the body's lookupField says so", takes: UserRequest{}, gives: map[int]any{200: WebsakUser{}, 404: message},
		},
	}},
	{"api/Users/{id}/Activate", methods{
		http.MethodGet: {
			name: "ActivateUser", does: "Lets a user in again", run: (*call).activate,
			finds: theUser, query: []parameter{lookUpGID}, gives: map[int]any{200: message, 404: message},
		},
	}},
	{"api/Users/{id}/Deactivate", methods{
		http.MethodGet: {
			name: "DeactivateUser", does: "Keeps a user out, as of yesterday", run: (*call).deactivate,
			finds: theUser, query: []parameter{lookUpGID}, gives: map[int]any{200: message, 404: message},
		},
	}},
	{"api/Users/{userId}/roles", methods{
		http.MethodGet: {
			name: "ListUserRoles", does: "A user's roles", run: (*call).listRoles,
			finds: theUserByID, query: []parameter{lookUp}, gives: map[int]any{200: []UserRoleResponse{}, 404: message},
		},
		http.MethodPost: {
			name: "AddUserRole", does: "Gives a user a role", run: (*call).postRole,
			finds: theUserByID, query: []parameter{lookUp}, takes: UserRoleRequest{}, gives: map[int]any{201: UserRoleResponse{}, 404: message, 409: message},
		},
	}},
	{"api/Departments", methods{
		http.MethodGet: {name: "ListDepartments", does: "The departments, in the order of their creation", run: (*call).listDepartments, gives: map[int]any{200: []Department{}}},
		http.MethodPost: {
			name: "CreateDepartment", does: "Creates a department under its departmentId, or under a new id", run: (*call).postDepartment,
			takes: DepartmentRequest{}, gives: map[int]any{201: Department{}, 422: problemDetails{}}, made: "id",
		},
	}},
	{"api/Departments/{id}", methods{
		http.MethodGet: {name: "GetDepartment", does: "A department", run: (*call).getDepartment, finds: theDepartment, gives: map[int]any{200: Department{}, 404: message}},
		http.MethodPut: {
			name: "ReplaceDepartment", does: "Replaces a department; its id stays", run: (*call).putDepartment,
			finds: theDepartment, takes: DepartmentRequest{}, gives: map[int]any{200: Department{}, 404: message, 422: problemDetails{}},
		},
	}},
	{"api/Departments/external/{externalId}", methods{
		http.MethodGet: {
			name: "GetDepartmentByExternalId", does: "The department that has the external id", run: (*call).getDepartmentByExternalID,
			finds: "The external id, as it was given", gives: map[int]any{200: Department{}, 404: message},
		},
	}},
}

// names are those of the path's parameters, in order.
func (r *route) names() (names []string) {
	for part := range strings.SplitSeq(r.path, "/") {
		if isParameter(part) {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

func isParameter(part string) bool { return strings.HasPrefix(part, "{") }
