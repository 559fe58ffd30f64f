package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/usersync"
)

// place names the settings and the data folder of one machine.
type place struct {
	Config string `help:"The settings (${default})." default:"usersync.yaml" type:"path" placeholder:"FILE"`
	Data   string `help:"The data folder (${default})." default:"usersync-data" type:"path" placeholder:"DIR"`
}

// load reads the settings; every fault is in the error.
func (p place) load() (*settings.File, error) { return settings.Load(p.Config, app.Known()) }

// connection says where jobs are looked at: a data folder, or a server.
type connection struct {
	Data    string `help:"The data folder (${default})." default:"usersync-data" type:"path" placeholder:"DIR"`
	Server  string `help:"A running server's address, instead of a data folder." placeholder:"URL"`
	Token   string `help:"The token for --server." placeholder:"TOKEN"`
	Company string `help:"A company's guid; with --server, left out: the token's." placeholder:"ID"`
}

// remote is the client of --server; nil where it is not given.
func (c connection) remote() (*client, error) {
	if c.Server == "" {
		return nil, nil
	}
	return remoteClient(c.Server, c.Token)
}

func remoteClient(server, token string) (*client, error) {
	if token == "" {
		return nil, usageError{errors.New("--server needs --token")}
	}
	if at, err := url.Parse(server); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return nil, usageError{errors.New("--server is no http or https address")}
	}
	return &client{base: server, token: token, http: &http.Client{Timeout: time.Minute}}, nil
}

// logger writes what is not a result to standard error, warnings and worse unless all is asked for.
func logger(s streams, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: level}))
}

// parseCompany reads a guid in any of its spellings; empty stays empty.
func parseCompany(text string) (usersync.CompanyID, error) {
	if text == "" {
		return "", nil
	}
	id, ok := usersync.CanonicalGUID(text)
	if !ok {
		return "", usageError{fmt.Errorf("--company %q is no guid", text)}
	}
	return usersync.CompanyID(id), nil
}
