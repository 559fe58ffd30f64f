package dynamo

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/usersync/usersync/internal/usersync"
)

// refused is a conditional write that was not carried out. It never leaves the package.
type refused struct {
	was row // the item that stood in the way; empty where there was none
}

func (*refused) Error() string { return "the condition of a write did not hold" }

// cancelled is a transaction of which nothing was carried out, for reasons that its sender can deal
// with. It never leaves the package.
type cancelled struct {
	reasons []types.CancellationReason // one for each write
}

func (*cancelled) Error() string { return "a transaction was cancelled" }

// refusal is the item that refused write n; ok is false where that write was not refused.
func (c *cancelled) refusal(n int) (was row, ok bool) {
	if n >= len(c.reasons) || reason(c.reasons[n]) != "ConditionalCheckFailed" {
		return nil, false
	}
	return c.reasons[n].Item, true
}

func reason(r types.CancellationReason) string {
	if r.Code == nil {
		return ""
	}
	return *r.Code
}

// translate makes of every error of the SDK one of this project: *refused or *cancelled for a
// condition that did not hold, else a *usersync.Error with a fixed message.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return &refused{was: failed.Item}
	}
	if failed, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return translateCancelled(failed)
	}
	if conflict, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return entangledBy(conflict)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if _, throttle := retry.DefaultThrottleErrorCodes[api.ErrorCode()]; throttle {
			return throttledBy(err)
		}
	}
	if unanswered(err) {
		return &usersync.Error{Code: usersync.Unavailable, Message: "the store does not answer", InDoubt: true, Cause: err}
	}
	return &usersync.Error{Code: usersync.Internal, Message: "the store refused a request", Cause: err}
}

// translateCancelled prefers the reason that says most: a condition, another transaction, a throttle.
func translateCancelled(failed *types.TransactionCanceledException) error {
	has := func(codes ...string) bool {
		return slices.ContainsFunc(failed.CancellationReasons, func(r types.CancellationReason) bool {
			return slices.Contains(codes, reason(r))
		})
	}
	switch {
	case has("ConditionalCheckFailed"):
		return &cancelled{reasons: failed.CancellationReasons}
	case has("TransactionConflict"):
		return entangledBy(failed)
	case has("ProvisionedThroughputExceeded", "ThrottlingError", "RequestLimitExceeded"):
		return throttledBy(failed)
	}
	return &usersync.Error{Code: usersync.Internal, Message: "the store refused a transaction", Cause: failed}
}

// errEntangled is the cause of a write that met a transaction under way: nothing was written, and
// repeating it will do.
var errEntangled = errors.New("another transaction is under way")

func entangledBy(err error) error {
	return &usersync.Error{Code: usersync.Throttled, Message: "others are writing the same at once", Cause: errors.Join(errEntangled, err)}
}

func throttledBy(err error) error {
	return &usersync.Error{Code: usersync.Throttled, Message: "the store is asked too much at once", Cause: err}
}

// unanswered reports whether a request ended without an answer that could be understood, or with one that
// speaks of the server's own trouble.
func unanswered(err error) bool {
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.HTTPStatusCode() >= 500 {
		return true
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorFault() == smithy.FaultServer
	}
	_, send := errors.AsType[*smithyhttp.RequestSendError](err)
	_, cut := errors.AsType[*smithy.DeserializationError](err)
	_, network := errors.AsType[net.Error](err)
	_, ended := errors.AsType[*smithy.CanceledError](err)
	return send || cut || network || ended || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// unreadable is an item that is not as this package writes it.
func unreadable(err error) error {
	return &usersync.Error{Code: usersync.Internal, Message: "the store holds something that cannot be read", Cause: err}
}

// unlessRefused is for writes that have nothing to do where their condition does not hold.
func unlessRefused(err error) error {
	if _, ok := errors.AsType[*refused](err); ok {
		return nil
	}
	return err
}
