package directory

import (
	"context"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

var _ usersync.Deactivator = (*target)(nil)

// Deactivate makes the user inactive; who is so already stays so.
func (t *target) Deactivate(ctx context.Context, id string) error {
	return t.setActive(ctx, id, false)
}

// Activate makes the user active.
func (t *target) Activate(ctx context.Context, id string) error { return t.setActive(ctx, id, true) }

func (t *target) setActive(ctx context.Context, id string, active bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := t.service.SetActive(ctx, t.company, directory.ByID, id, active)
	return err
}
