// Package directory is the company's own directory as a source and as a target: the store itself,
// written by the rules of the directory's service, with no HTTP between.
package directory

import (
	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// Spec describes the connector. It has no settings: the directory is the company's own.
var Spec = usersync.ConnectorSpec{
	Type: "directory", AsSource: true, AsTarget: true, Key: "code", Fields: directory.Fields(), Removals: []usersync.Policy{usersync.Deactivate},
}

// mapping is the built-in mapping to the directory; the source reads by it backwards.
var mapping = []usersync.Rule{
	{Field: "code", Expr: "userName"},
	{Field: "username", Expr: "userName"},
	{Field: "name", Expr: `displayName ?? trim(concat(name.givenName ?? "", " ", name.familyName ?? ""))`},
	{Field: "title", Expr: "title"},
	{Field: "phone", Expr: "phones.work"},
	{Field: "mobile", Expr: "phones.mobile"},
	{Field: "emailAddr", Expr: "emails.work"},
	{Field: "addr", Expr: "addresses.work.streetAddress"},
	{Field: "postalNo", Expr: "addresses.work.postalCode"},
	{Field: "place", Expr: "addresses.work.locality"},
	{Field: "departmentCode", Expr: "departmentCode"},
}
