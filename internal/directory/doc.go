// Package directory is the built-in user directory: users and departments of each company, served
// over a Websak-shaped HTTP API (model.go has its shapes, from Websak's own document) and written by
// the directory connector. Users are never deleted, only deactivated.
package directory
