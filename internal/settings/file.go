package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

// maxFile is the longest settings file, in bytes: enough for tens of thousands of companies.
const maxFile = 16 << 20

// File is a settings file that was found to be without fault.
type File struct {
	Dir       string // the file's folder: what paths in it are relative to
	Auth      Auth
	Network   Network
	Companies []usersync.Company // in the file's order, at least one

	references []reference
}

// Auth says whose tokens are believed.
type Auth struct {
	Issuer       string // of the tokens, exactly as they name it; empty: the built-in issuer
	Audience     string // empty: not said
	CompanyClaim string // the claim that holds the login's company; "companyId" unless said
	Clients      []Client
}

// Client is somebody who may ask the built-in issuer for tokens.
type Client struct {
	ID      string
	Secret  string             // a reference, never the secret itself
	Company usersync.CompanyID // empty: of no company
	Roles   []string
	Scopes  []string
}

// Network is the operator's word on outgoing calls.
type Network struct {
	AllowPrivate bool     // private and loopback addresses may be called; true unless said
	Origins      []string // of browsers' pages that may read the job API's answers
}

// Known is what the settings are held against.
type Known struct {
	Connectors []usersync.ConnectorSpec
	// Rule says what is wrong with a rule of a mapping, for a field of the kind; empty: nothing.
	Rule func(usersync.Rule, usersync.FieldKind) (fault string)
}

// Load reads a settings file. Errors: Faults, or Settings where the file cannot be read.
func Load(path string, known Known) (*File, error) {
	name := filepath.Base(path)
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, unreadable(name, err)
	}
	info, err := os.Stat(absolute)
	switch {
	case err != nil:
		return nil, unreadable(name, err)
	case info.IsDir():
		return nil, usersync.E(usersync.Settings, name+": this is a folder, not a settings file")
	}
	f, err := os.Open(absolute)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	return Parse(name, text, filepath.Dir(absolute), known)
}

func unreadable(name string, err error) error {
	why := "the settings file cannot be read"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = "there is no such settings file"
	case errors.Is(err, fs.ErrPermission):
		why = "reading the settings file is not permitted"
	}
	return &usersync.Error{Code: usersync.Settings, Message: name + ": " + why, Cause: err}
}

// Parse reads settings from text. name is the file's in faults; paths are relative to dir, which is
// absolute. Errors: Faults.
func Parse(name string, text []byte, dir string, known Known) (*File, error) {
	r := &reader{name: name, dir: dir, known: known}
	file := &File{
		Dir:     dir,
		Auth:    Auth{CompanyClaim: "companyId"},
		Network: Network{AllowPrivate: true},
	}
	if root := r.document(text); root != nil {
		r.object(value{node: root}, map[string]reading{
			"auth":      func(v value) { r.auth(v, &file.Auth) },
			"network":   func(v value) { r.network(v, &file.Network) },
			"companies": func(v value) { file.Companies = r.companies(v) },
		}, "companies")
	}
	if len(r.faults) > 0 {
		r.faults.sort()
		return nil, r.faults
	}
	file.references = r.references
	return file, nil
}

// document is the root of the one YAML document in text, nil with a fault where there is none.
func (r *reader) document(text []byte) *yaml.Node {
	if len(text) > maxFile {
		r.faultAt(1, 0, "", fmt.Sprintf("the file is larger than %d MiB", maxFile>>20))
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, next yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		r.faultAt(1, 0, "", "the file is empty")
		return nil
	case err != nil:
		r.syntax(text, err)
		return nil
	}
	switch err := decoder.Decode(&next); {
	case err == nil:
		r.faultAt(next.Line, next.Column, "", "a second YAML document; there may be one")
	case !errors.Is(err, io.EOF):
		r.syntax(text, err)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		r.faultAt(1, 0, "", "the file is empty")
		return nil
	}
	return root
}
