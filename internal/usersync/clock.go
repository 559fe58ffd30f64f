package usersync

import (
	"context"
	"time"
)

// Clock tells the time and waits. Everything that depends on time takes one, so that tests never sleep.
type Clock interface {
	Now() time.Time
	// Wait returns nil after d, or ctx's error as soon as ctx ends.
	Wait(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's clock, in UTC.
type SystemClock struct{}

// Now is the time in UTC.
func (SystemClock) Now() time.Time { return time.Now().UTC() }

// Wait waits for real.
func (SystemClock) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
