package dynamo

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

func TestEveryErrorOfTheEngineHasACodeAndNoWordOfTheEngine(t *testing.T) {
	for name, c := range map[string]struct {
		answer  answer
		code    usersync.Code
		inDoubt bool
	}{
		"throughput":   {engineError(400, "ProvisionedThroughputExceededException", nil), usersync.Throttled, false},
		"throttle":     {engineError(400, "ThrottlingException", nil), usersync.Throttled, false},
		"limit":        {engineError(400, "RequestLimitExceeded", nil), usersync.Throttled, false},
		"conflict":     {engineError(400, "TransactionConflictException", nil), usersync.Throttled, false},
		"server":       {engineError(500, "InternalServerError", nil), usersync.Unavailable, true},
		"no JSON, 503": {answer{status: 503, body: "<html>" + secret}, usersync.Unavailable, true},
		"no JSON, 200": {answer{body: "<html>" + secret}, usersync.Unavailable, true},
		"cut":          {answer{body: `{"Item":{"pk":`}, usersync.Unavailable, true},
		"reset":        {answer{lost: syscall.ECONNRESET}, usersync.Unavailable, true},
		"validation":   {engineError(400, "ValidationException", nil), usersync.Internal, false},
		"access":       {engineError(400, "AccessDeniedException", nil), usersync.Internal, false},
		"no table":     {engineError(400, "ResourceNotFoundException", nil), usersync.Internal, false},
		"a condition":  {engineError(400, "ConditionalCheckFailedException", nil), usersync.NotFound, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := scripted(t, func(string, object) answer { return c.answer })
			_, err := s.UpdateUser(t.Context(), "company", newTestUser("code"))
			e, ok := errors.AsType[*usersync.Error](err)
			if !ok || e.Code != c.code || e.InDoubt != c.inDoubt {
				t.Fatalf("got %#v, want %s, in doubt %v", err, c.code, c.inDoubt)
			}
			for _, word := range []string{"arn", "anna", "html", "operation error", "dynamodb", "exceeded", "reset"} {
				if strings.Contains(strings.ToLower(e.Message), word) {
					t.Fatalf("the message says %q", e.Message)
				}
			}
		})
	}
}

func TestAnEndedContextIsTheCauseOfWhatItEnds(t *testing.T) {
	s, _, _ := scripted(t, func(string, object) answer { return answer{body: object{}} })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Job(ctx, "company", "job")
	if !usersync.Is(err, usersync.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v caused by %v", err, errors.Unwrap(err))
	}
	if _, err = s.CreateUser(ctx, "company", newTestUser("code")); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v caused by %v", err, errors.Unwrap(err))
	}
}

func TestAWriteThatMeetsATransactionIsRepeated(t *testing.T) {
	met := 0
	s, _, clock := scripted(t, func(string, object) answer {
		if met++; met <= 7 {
			return engineError(400, "TransactionConflictException", nil)
		}
		return answer{body: object{"Attributes": object{
			"id": text("1"), "request": text("{}"), "created": text(stamp(time.Time{})), "changed": text(stamp(time.Time{})),
		}}}
	})
	if _, err := s.UpdateUser(t.Context(), "company", newTestUser("code")); err != nil {
		t.Fatal(err)
	}
	if met != 8 || clock.Waited() == 0 {
		t.Fatalf("%d requests, waited %s", met, clock.Waited())
	}
}
