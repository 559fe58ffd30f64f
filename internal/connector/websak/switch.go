package websak

import (
	"context"
	"net/http"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

var _ usersync.Deactivator = (*target)(nil)

// Deactivate sets the user's expiry to yesterday.
func (t *target) Deactivate(ctx context.Context, id string) error {
	return t.switched(ctx, id, "Deactivate")
}

// Activate removes it.
func (t *target) Activate(ctx context.Context, id string) error {
	return t.switched(ctx, id, "Activate")
}

// switched calls one of the two routes. Both are GET, and may be called twice.
func (t *target) switched(ctx context.Context, id, what string) error {
	_, err := t.session.Do(ctx, httpx.Request{
		Name: readName + "/" + what, Method: http.MethodGet, MaxBody: maxAnswer,
		URL: t.Base + usersPath + "/" + segment(id) + "/" + what + "?lookupField=" + byID,
	})
	if usersync.Is(err, usersync.NotFound) {
		if lost := t.Check(ctx); lost != nil { // the routes are gone, not the user
			return lost
		}
	}
	return err
}
