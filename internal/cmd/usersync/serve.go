package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/app/machine"
)

// stopWithin is how long requests and steps get to come to a safe point.
const stopWithin = 8 * time.Second

// serveCommand serves until it is told to stop.
type serveCommand struct {
	place
	Listen string `help:"Where to listen (${default}); port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
}

// Run serves.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	file, err := c.load()
	if err != nil {
		return err
	}
	if err := file.Resolvable(ctx, app.Secrets(file), file.Auth.Issuer == "", nil); err != nil {
		return err
	}
	m, err := machine.Open(ctx, machine.Options{Settings: file, Data: c.Data, Log: logger(s, slog.LevelInfo)})
	if err != nil {
		return err
	}
	defer m.Close()
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen %s: %w", c.Listen, err)}
	}
	address := "http://" + listener.Addr().String()
	handler, err := m.Handler(ctx, address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(logger(s, slog.LevelInfo).Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintln(s.err, "listening on", address)
	go m.Watch(ctx)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	var ending sync.WaitGroup // clients and steps are waited for at once: there are ten seconds for all
	ending.Go(func() { _ = server.Shutdown(stopping) })
	m.Stop(stopping)
	ending.Wait()
	return nil
}
