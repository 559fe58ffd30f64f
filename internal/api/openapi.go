package api

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// said are the errors of every operation with a login, and of every operation.
var (
	saidToCallers = map[int]string{
		http.StatusBadRequest: "An input is wrong; Errors names each", http.StatusUnauthorized: "No login that is believed",
		http.StatusForbidden: "The role is missing, or the company is another's", http.StatusNotFound: "There is no such job, or company",
	}
	saidToAll = map[int]string{
		http.StatusBadRequest: "An input is wrong; Errors names each", http.StatusRequestEntityTooLarge: "The body is over 64 KiB",
		http.StatusInternalServerError: "Unforeseen; the log has the id", http.StatusServiceUnavailable: "The store, or the issuer's keys, are not to be had",
	}
	saidToStarters = map[int]string{
		http.StatusConflict: "A job is running for the company; Meta.JobId names it", http.StatusUnprocessableEntity: "The Idempotency-Key came with another request",
	}
)

// openAPI describes all routes, from the table that serves them, and those that stand beside.
func (s *server) openAPI(_ context.Context, c *call) (any, error) {
	if err := c.in.err(); err != nil {
		return nil, err
	}
	paths := map[string]any{}
	for i := range routes {
		methods := map[string]any{}
		for method, o := range routes[i].methods {
			methods[strings.ToLower(method)] = o.describe(method, routes[i].pattern)
		}
		paths[routes[i].pattern] = methods
	}
	components := componentSchemas()
	for _, described := range s.Beside {
		others, theirs := described()
		maps.Copy(paths, others)
		maps.Copy(components, theirs)
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "usersync", "version": "1", "license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "Copies people from the system that knows them into the system that needs them: one running job per company. Beside the jobs stand a directory of people and, on one machine, an issuer of logins.",
		},
		"servers": []any{map[string]any{"url": c.origin}},
		"paths":   paths,
		"components": map[string]any{
			"schemas":         components,
			"securitySchemes": map[string]any{"bearer": map[string]any{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
		},
	}, nil
}

// describe is an operation on one path.
func (o *operation) describe(method, pattern string) map[string]any {
	parameters, body := []any{}, map[string]any{}
	for _, p := range o.inputsOf() {
		inPath := strings.Contains(pattern, "{"+p.name+"}")
		switch {
		case inPath || method != http.MethodPost:
			where := "query"
			if inPath {
				where = "path"
			}
			parameters = append(parameters, map[string]any{"name": p.name, "in": where, "required": inPath || !p.optional, "schema": p.jsonSchema()})
		default:
			body[p.name] = p.inBody()
		}
	}
	if o == createJob {
		key := map[string]any{"type": "string", "minLength": 1, "maxLength": maxIdempotencyKey, "pattern": "^[!-~]+$"}
		parameters = append(parameters, map[string]any{"name": "Idempotency-Key", "in": "header", "required": false, "schema": key,
			"description": "The same key and request within 24 hours give the same job"})
	}
	described := map[string]any{
		"operationId": o.name + " " + method + " " + pattern, "tags": []string{"jobs"}, "parameters": parameters, "responses": o.responses(),
	}
	if len(o.roles) > 0 {
		described["security"] = []any{map[string]any{"bearer": []string{}}}
		described["description"] = "Needs one of the roles " + strings.Join(o.roles, ", ") + "."
	}
	if len(body) > 0 {
		schema := map[string]any{"type": "object", "properties": body}
		for _, p := range o.inputsOf() {
			if _, ok := body[p.name]; ok && !p.optional {
				schema["required"] = []string{p.name}
			}
		}
		described["requestBody"] = map[string]any{"required": schema["required"] != nil, "content": map[string]any{"application/json": map[string]any{"schema": schema}}}
	}
	return described
}

// responses are an operation's answers by status.
func (o *operation) responses() map[string]any {
	answer := map[string]any{"description": "Done", "content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"type": "object"}}}}
	switch {
	case o.answers != "":
		answer["content"] = map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + o.answers}}}
	case o == typeScript:
		answer["content"] = map[string]any{"text/plain": map[string]any{"schema": map[string]any{"type": "string"}}}
	}
	all := map[string]any{"200": answer}
	failed := func(says map[int]string) {
		for status, text := range says {
			all[strconv.Itoa(status)] = map[string]any{
				"description": text, "content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + errorSchema}}},
			}
		}
	}
	failed(saidToAll)
	if len(o.roles) > 0 {
		failed(saidToCallers)
	}
	if o == createJob || o == cancelJob {
		failed(saidToStarters)
	}
	return all
}

// componentSchemas are the answers, and the error.
func componentSchemas() map[string]any {
	all := map[string]any{errorSchema: errorJSON}
	for _, s := range schemas {
		properties, required := map[string]any{}, []string{}
		for _, p := range s.properties {
			properties[p.name] = p.jsonSchema()
			if !p.optional {
				required = append(required, p.name)
			}
		}
		all[s.name] = map[string]any{"type": "object", "properties": properties, "required": required}
	}
	return all
}

// errorJSON is the schema of an error.
var errorJSON = func() map[string]any {
	text := map[string]any{"type": "string"}
	meta := map[string]any{"type": "object", "additionalProperties": text}
	one := map[string]any{"type": "object", "properties": map[string]any{"ErrorCode": text, "FieldName": text, "Message": text, "Meta": meta}}
	status := map[string]any{
		"type": "object", "required": []string{"ErrorCode", "Message"},
		"properties": map[string]any{"ErrorCode": text, "Message": text, "Errors": map[string]any{"type": "array", "items": one}, "Meta": meta},
	}
	return map[string]any{"type": "object", "required": []string{"ResponseStatus"}, "properties": map[string]any{"ResponseStatus": status}}
}()
