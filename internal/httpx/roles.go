package httpx

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Roles are those that the login's token names, where Keycloak has them; nil where the token does not say. They are
// not verified: they explain a refusal that is to come, and allow nothing. Errors: those of Do about the token.
func (s *Session) Roles(ctx context.Context) ([]string, error) {
	token, err := s.bearer(ctx, "")
	if err != nil {
		return nil, err
	}
	return rolesOf(token), nil
}

// rolesOf reads the roles of a JWT; nil where it is none, or does not say.
func rolesOf(token string) (roles []string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	type access struct {
		Roles []string `json:"roles"`
	}
	var claims struct {
		Realm  access            `json:"realm_access"`
		Client map[string]access `json:"resource_access"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return nil
	}
	roles = claims.Realm.Roles
	for _, of := range claims.Client {
		roles = append(roles, of.Roles...)
	}
	return roles
}
