package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/usersync/usersync/internal/connector/axema"
	"github.com/usersync/usersync/internal/connector/bokamera"
	"github.com/usersync/usersync/internal/connector/directory"
	"github.com/usersync/usersync/internal/connector/file"
	"github.com/usersync/usersync/internal/connector/websak"
	dir "github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/mapping"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/usersync"
)

// Specs describes every connector that there is.
func Specs() []usersync.ConnectorSpec {
	return []usersync.ConnectorSpec{file.Spec, axema.Spec, websak.Spec, bokamera.Spec, directory.Spec}
}

// Spec describes the connector of a type; ok is false where there is none.
func Spec(name string) (spec usersync.ConnectorSpec, ok bool) {
	for _, spec := range Specs() {
		if spec.Type == name {
			return spec, true
		}
	}
	return usersync.ConnectorSpec{}, false
}

// Known is what settings are held against.
func Known() settings.Known { return settings.Known{Connectors: Specs(), Rule: mapping.Check} }

// Systems is what it takes to open the systems that settings name.
type Systems struct {
	Secrets      func(usersync.CompanyID) usersync.Secrets // of one company
	AllowPrivate bool                                      // the operator's word: private and loopback addresses may be called
	Directory    dir.Store                                 // the built-in directory of all companies
	Clock        usersync.Clock
}

// NewConnectors opens systems. Those with the same settings and secrets are opened once and shared.
func NewConnectors(s Systems) usersync.Connectors {
	return &connectors{secrets: s.Secrets, network: httpx.Network{AllowPrivate: s.AllowPrivate}, directory: s.Directory, clock: s.Clock}
}

// connectors opens what a company's settings name: an explicit list, one line a type and direction.
type connectors struct {
	Links
	secrets   func(usersync.CompanyID) usersync.Secrets
	network   httpx.Network
	directory dir.Store
	clock     usersync.Clock
	opened    opened
}

// Source opens the company's source.
func (c *connectors) Source(ctx context.Context, co usersync.Company) (usersync.Source, error) {
	switch e := co.Source; e.Type {
	case file.Spec.Type:
		return file.NewSource(e)
	case axema.Spec.Type:
		return reuse(ctx, c, "source", co, e, axema.Spec, func() (usersync.Source, error) {
			return axema.NewSource(ctx, e, c.secrets(co.ID), c.network, c.clock)
		})
	case websak.Spec.Type:
		return reuse(ctx, c, "source", co, e, websak.Spec, func() (usersync.Source, error) {
			return websak.NewSource(ctx, e, c.secrets(co.ID), c.network, c.clock)
		})
	case directory.Spec.Type:
		return directory.NewSource(c.directory, co.ID), nil
	}
	return nil, unknownType("source", co.Source.Type)
}

// Target opens the company's target and the mapping to it.
func (c *connectors) Target(ctx context.Context, co usersync.Company) (usersync.Target, usersync.Mapper, error) {
	var target usersync.Target
	var err error
	switch e := co.Target; e.Type {
	case websak.Spec.Type:
		target, err = reuse(ctx, c, "target", co, e, websak.Spec, func() (usersync.Target, error) {
			return websak.NewTarget(ctx, e, co.Mapping, c.secrets(co.ID), c.network, c.clock)
		})
	case bokamera.Spec.Type:
		target, err = reuse(ctx, c, "target", co, e, bokamera.Spec, func() (usersync.Target, error) {
			return bokamera.NewTarget(ctx, e, co.Mapping, c.secrets(co.ID), c.network, c.clock)
		})
	case directory.Spec.Type:
		target = directory.NewTarget(c.directory, co.ID, co.Mapping, c.clock)
	default:
		err = unknownType("target", e.Type)
	}
	if err != nil {
		return nil, nil, err
	}
	spec, _ := Spec(co.Target.Type)
	mapper, err := mapping.Compile(target.Traits().Mapping, spec.FieldKind)
	if err != nil {
		return nil, nil, err
	}
	return target, mapper, nil
}

// Links names companies' links, for those that open no system.
type Links struct{}

var _ usersync.Linker = Links{}

// LinkSet names the company's links.
func (Links) LinkSet(co usersync.Company) (usersync.LinkSet, error) {
	source, err := identity(co.Source)
	if err != nil {
		return "", err
	}
	target, err := identity(co.Target)
	if err != nil {
		return "", err
	}
	return usersync.LinkSetOf(co.ID, source, target), nil
}

func identity(e usersync.Endpoint) (string, error) {
	if spec, known := Spec(e.Type); known {
		return spec.Identity(e), nil
	}
	return "", unknownType("source or target", e.Type)
}

func unknownType(what, name string) error {
	return usersync.E(usersync.Settings, fmt.Sprintf("the settings name a %s of the unknown type %q", what, name))
}

// Secrets resolves the references of a settings file.
func Secrets(f *settings.File) usersync.Secrets {
	return settings.NewSecrets(f.Dir, os.LookupEnv)
}

// IssuerClient asks a foreign issuer for its keys. A redirect is an answer like any other, and none that helps.
func IssuerClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
