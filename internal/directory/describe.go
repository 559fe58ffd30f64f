package directory

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// parameter is one of a query, with its JSON Schema.
type parameter struct {
	name   string
	says   string
	schema map[string]any
}

var (
	limit         = parameter{"limit", "", map[string]any{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit}}
	offset        = parameter{"offset", "", map[string]any{"type": "integer", "minimum": 0, "maximum": maxOffset, "default": 0}}
	includeEmails = parameter{"includeEmailAddresses", "Show emailAddr and emailAddr2", off}
	includeAccess = parameter{"includeUserAccess", "Show userAccessCodes and userAccessFunctions", off}
	includeRoles  = parameter{"includeRoles", "Show userRoles", off}
	lookUp        = parameter{"lookupField", "Id or Code, in any letter case", map[string]any{"type": "string", "pattern": "^" + lookUpField + "$"}}
	lookUpGID     = parameter{"lookupField", "Id, gidId or Code, in any letter case", map[string]any{"type": "string", "pattern": "^(([Gg][Ii][Dd])?[Ii][Dd]|[Cc][Oo][Dd][Ee])$"}}

	off = map[string]any{"type": "boolean", "default": false}
)

// says is what the document says of a status.
var says = map[int]string{
	http.StatusOK: "Done", http.StatusCreated: "Created", http.StatusNoContent: "Nobody is registered",
	http.StatusBadRequest:   "A parameter or a property is wrong, the code is another user's, or the template is nobody; the text names which",
	http.StatusUnauthorized: "No login that is believed", http.StatusForbidden: "The login has not the scope " + scope + ", or no company",
	http.StatusNotFound: "There is nobody and nothing of that name", http.StatusConflict: "The user has the role already",
	http.StatusRequestEntityTooLarge: "The body is over 1 MiB", http.StatusUnsupportedMediaType: "The body is not said to be JSON in UTF-8",
	http.StatusUnprocessableEntity: "A key of the department is another one's", http.StatusInternalServerError: "Unforeseen; the log has the id",
	http.StatusServiceUnavailable: "The issuer's keys are not to be had",
}

// saidToAll are what every operation may answer, and saidToWriters what those may that take a body; the
// body is a JSON string.
var (
	saidToAll     = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable}
	saidToWriters = []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}
)

// Describe gives the API in OpenAPI 3.1, made from the table that serves it: its path items by path, and the
// schemas that they name, which belong under #/components/schemas. Its security scheme is called bearer.
func Describe() (paths, components map[string]any) {
	paths, all := map[string]any{}, schemas{}
	for i := range routes {
		item := map[string]any{}
		for method, o := range routes[i].methods {
			item[strings.ToLower(method)] = o.describe(&routes[i], all)
		}
		paths[Prefix+"/"+routes[i].path] = item
	}
	return paths, all
}

// describe is the operation on one path; the schemas that it names are added to all.
func (o *operation) describe(r *route, all schemas) map[string]any {
	parameters := []any{}
	for _, name := range r.names() {
		schema := map[string]any{"type": "string", "minLength": 1}
		if name == "fromDate" {
			schema = map[string]any{"type": "string", "format": "date"}
		}
		parameters = append(parameters, map[string]any{"name": name, "in": "path", "required": true, "schema": schema, "description": o.finds})
	}
	for _, p := range o.query {
		described := map[string]any{"name": p.name, "in": "query", "required": false, "schema": p.schema}
		if p.says != "" {
			described["description"] = p.says
		}
		parameters = append(parameters, described)
	}
	described := map[string]any{
		"operationId": o.name, "tags": []string{"directory"}, "summary": o.does, "parameters": parameters, "responses": o.responses(r, all),
		"description": "Needs the scope " + scope + "; the company is the login's. Paths and names of properties and parameters are read in any letter case.",
		"security":    []any{map[string]any{"bearer": []string{}}},
	}
	if o.takes != nil {
		described["requestBody"] = map[string]any{"required": true, "content": inJSON(all.body(reflect.TypeOf(o.takes), inRequest))}
	}
	return described
}

// responses are the operation's answers by status.
func (o *operation) responses(r *route, all schemas) map[string]any {
	responses := map[string]any{}
	add := func(status int, body any) {
		response := map[string]any{"description": says[status]}
		if body != nil {
			response["content"] = inJSON(all.body(reflect.TypeOf(body), inAnswer))
		}
		switch {
		case status == http.StatusUnauthorized:
			response["headers"] = header("WWW-Authenticate", "How to log in")
		case o.made != "" && status < http.StatusMultipleChoices:
			response["headers"], response["links"] = header("Location", "The path of what was written"), o.links(r)
		}
		responses[strconv.Itoa(status)] = response
	}
	for _, status := range saidToAll {
		add(status, message)
	}
	if o.takes != nil {
		for _, status := range saidToWriters {
			add(status, message)
		}
	}
	for status, body := range o.gives {
		add(status, body)
	}
	return responses
}

// links are from what the operation made to all that can be done with it.
func (o *operation) links(r *route) map[string]any {
	links := map[string]any{}
	for i := range routes {
		if !strings.HasPrefix(routes[i].path, r.path+"/{") {
			continue
		}
		for _, to := range routes[i].methods {
			links[to.name] = map[string]any{"operationId": to.name, "parameters": map[string]any{routes[i].names()[0]: "$response.body#/" + o.made}}
		}
	}
	return links
}

// inJSON is a body of the schema.
func inJSON(schema map[string]any) map[string]any {
	return map[string]any{"application/json": map[string]any{"schema": schema}}
}

// header is one of an answer, which is always there.
func header(name, says string) map[string]any {
	return map[string]any{name: map[string]any{"required": true, "schema": map[string]any{"type": "string"}, "description": says}}
}
