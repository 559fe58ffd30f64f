// Package auth says who is calling: it verifies bearer tokens against an issuer's keys, and holds the
// built-in issuer for one machine.
package auth

import (
	"context"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
)

// Principal is a caller whose token was verified.
type Principal struct {
	Subject string
	Company usersync.CompanyID // of the token's company claim; empty where it has none
	Roles   []string           // of `roles`, `realm_access.roles` and `cognito:groups`
	Scopes  []string           // of `scope` (text with spaces, or a list) and `scp`
}

// HasRole reports whether the caller has one of the roles.
func (p Principal) HasRole(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(p.Roles, r) })
}

// HasScope reports whether the caller has the scope.
func (p Principal) HasScope(scope string) bool { return slices.Contains(p.Scopes, scope) }

// Verifier verifies tokens.
type Verifier interface {
	// Verify reads an Authorization header. Errors: Unauthorized, whatever is wrong with the token;
	// Unavailable where the issuer's keys cannot be had.
	Verify(ctx context.Context, authorization string) (Principal, error)
}
