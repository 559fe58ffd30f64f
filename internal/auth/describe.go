package auth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// described is what the OpenAPI document says of a route beside its method.
type described struct {
	name, does     string
	takes, answers string // names of schemas; takes is empty where no body is read
	refuses        []int  // the statuses with an oauthError
}

// refusals are what the document says of them.
var refusals = map[int]string{
	http.StatusBadRequest:            "The form cannot be read or lacks something, or asks for a grant or a scope that the client has not",
	http.StatusUnauthorized:          "The client or its secret is not known",
	http.StatusRequestEntityTooLarge: "The form is over 64 KiB",
	http.StatusInternalServerError:   "The token or the keys could not be made",
}

// Describe gives the routes of Issuer.Handler in OpenAPI 3.1, made from the table that serves them: their path
// items by path, and the schemas that they name, which belong under #/components/schemas.
func Describe() (paths, components map[string]any) {
	paths = map[string]any{}
	for path, r := range endpoints {
		responses := map[string]any{"200": response("Done", r.answers)}
		for _, status := range r.refuses {
			responses[strconv.Itoa(status)] = response(refusals[status], "OAuthError")
		}
		o := map[string]any{"operationId": r.name, "tags": []string{"issuer"}, "summary": r.does, "security": []any{}, "responses": responses}
		if r.takes != "" {
			o["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/x-www-form-urlencoded": schema(r.takes)}}
			o["description"] = "The client's id and secret come in the form, or in the header as Basic, not in both."
		}
		paths[path] = map[string]any{strings.ToLower(r.method): o}
	}
	text := map[string]any{"type": "string"}
	texts := map[string]any{"type": "array", "items": text}
	number := map[string]any{"type": "integer"}
	return paths, map[string]any{
		"OpenIDConfiguration": object(map[string]any{
			"issuer": text, "jwks_uri": text, "token_endpoint": text, "token_endpoint_auth_methods_supported": texts, "grant_types_supported": texts,
			"response_types_supported": texts, "subject_types_supported": texts, "id_token_signing_alg_values_supported": texts, "scopes_supported": texts,
		}),
		"JSONWebKeySet": object(map[string]any{"keys": map[string]any{"type": "array", "items": object(map[string]any{
			"kty": text, "use": text, "alg": text, "kid": text, "crv": text, "x": text, "y": text,
		})}}),
		"TokenRequest": object(map[string]any{
			"grant_type": map[string]any{"type": "string", "const": "client_credentials"}, "client_id": text, "client_secret": text,
			"scope": map[string]any{"type": "string", "description": "Words with spaces between; where there is none, all that the client has"},
		}, "client_id", "client_secret", "scope"),
		"TokenResponse": object(map[string]any{"access_token": text, "token_type": text, "expires_in": number, "scope": text}, "scope"),
		"OAuthError":    object(map[string]any{"error": text, "error_description": text}, "error_description"),
	}
}

// object is the schema of one whose properties are all required but those that may be left out.
func object(properties map[string]any, optional ...string) map[string]any {
	required := []string{}
	for name := range properties {
		if !slices.Contains(optional, name) {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func response(says, body string) map[string]any {
	return map[string]any{"description": says, "content": map[string]any{"application/json": schema(body)}}
}

func schema(name string) map[string]any {
	return map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + name}}
}
