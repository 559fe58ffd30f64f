package httpx

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/usersync/usersync/internal/usersync"
)

const (
	attempts   = 4
	firstPause = 500 * time.Millisecond // doubled with each attempt
	// longestPause is the longest Retry-After that is waited for here; a longer one is the caller's to wait.
	longestPause = 5 * time.Second
)

// repeated sends the request until it is answered, up to four times, with a pause in between.
// No attempt begins later than a time-out and ten seconds after the first.
func (c *Client) repeated(ctx context.Context, r *Request) (Answer, error) {
	latest := c.clock.Now().Add(c.timeOut + 10*time.Second)
	policy := retrypolicy.NewBuilder[attempted]().
		WithMaxAttempts(attempts).
		ReturnLastFailure().
		HandleIf(func(tried attempted, err error) bool {
			return err != nil && tried.again && c.clock.Now().Before(latest)
		}).
		WithDelayFunc(func(last failsafe.ExecutionAttempt[attempted]) time.Duration {
			// The policy knows no clock but the machine's: the pause is made here, and it has none of its own.
			// Where ctx ends the pause, the next attempt ends with ctx's error at once.
			_ = c.clock.Wait(ctx, pause(last.LastError(), last.Attempts()))
			return 0
		}).
		Build()
	tried, err := failsafe.With(policy).Get(func() (attempted, error) {
		if err := ctx.Err(); err != nil {
			return attempted{}, err
		}
		return c.attempt(ctx, r)
	})
	return tried.Answer, err
}

// worthRepeating reports whether the same request may soon be answered otherwise.
func worthRepeating(e *usersync.Error) bool {
	return (e.Code == usersync.Unavailable || e.Code == usersync.Throttled) && e.RetryAfter <= longestPause
}

// pause is how long to wait after the attempt of the given number: what the server asked for, or a
// time that doubles, of which a random half is left out so that many clients do not come at once.
func pause(err error, attempt int) time.Duration {
	if e, ok := errors.AsType[*usersync.Error](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	full := firstPause << (attempt - 1)
	return full/2 + rand.N(full/2)
}
