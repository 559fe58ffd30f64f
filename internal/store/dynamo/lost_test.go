package dynamo

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

func text(s string) object { return object{"S": s} }

func newTestUser(code string) directory.User {
	u := directory.User{ID: "id of " + code, Rev: 1}
	u.Request.Code = &code
	return u
}

// onceLost does the first write of an item, loses its answer, and refuses the next one by that item.
func onceLost() func(operation string, in object) answer {
	var written any
	return func(operation string, in object) answer {
		if operation != "PutItem" {
			return engineError(400, "ValidationException", nil)
		}
		if written == nil {
			written = in["Item"]
			return answer{lost: syscall.ECONNRESET}
		}
		return engineError(400, "ConditionalCheckFailedException", object{"Item": written})
	}
}

func TestASaveWhoseAnswerWasLostIsNotFencedByItself(t *testing.T) {
	s, script, _ := scripted(t, onceLost())
	saved, err := s.SaveJob(t.Context(), usersync.Job{ID: "j", Company: "c", Rev: 4})
	if err != nil || saved.Rev != 5 || len(script.asked) != 2 {
		t.Fatalf("Rev %d, error %v, %v", saved.Rev, err, script.asked)
	}
	if _, err := s.SaveJob(t.Context(), usersync.Job{ID: "j", Company: "c", Rev: 4}); !usersync.Is(err, usersync.Fenced) {
		t.Fatalf("another writer got %v, want Fenced", err)
	}
}

func TestATransactionWhoseAnswerWasLostIsRepeatedUnderItsToken(t *testing.T) {
	var tokens []any
	s, _, _ := scripted(t, func(operation string, in object) answer {
		if operation == "TransactWriteItems" {
			if tokens = append(tokens, in["ClientRequestToken"]); len(tokens) == 1 {
				return answer{lost: syscall.ECONNRESET}
			}
		}
		return answer{body: object{}}
	})
	u, err := s.CreateUser(t.Context(), "company", newTestUser("code"))
	if err != nil || u.Rev != 1 || u.Ordinal != 0 {
		t.Fatalf("%+v, error %v", u, err)
	}
	if len(tokens) != 2 || tokens[0] == nil || tokens[0] != tokens[1] {
		t.Fatalf("tokens %v", tokens)
	}
}

func TestAConditionalWriteIsOneRequest(t *testing.T) {
	lease := usersync.Lease{Company: "c", Job: "j", Fence: 1}
	small := usersync.Row{ID: usersync.RowID{Job: "j", Kind: usersync.RowPlan}, Data: []byte("data")}
	for operation, call := range map[string]func(s *Store) error{
		"Acquire":    func(s *Store) error { _, _, err := s.Acquire(t.Context(), "c", "j", time.Now()); return err },
		"Extend":     func(s *Store) error { return s.Extend(t.Context(), lease, time.Now()) },
		"Release":    func(s *Store) error { return s.Release(t.Context(), lease) },
		"SaveJob":    func(s *Store) error { _, err := s.SaveJob(t.Context(), usersync.Job{ID: "j"}); return err },
		"PutRow":     func(s *Store) error { return s.PutRow(t.Context(), 1, small, time.Now()) },
		"PutRowOnce": func(s *Store) error { _, err := s.PutRowOnce(t.Context(), 1, small, time.Now()); return err },
		"PutKey":     func(s *Store) error { _, err := s.PutKey(t.Context(), "j", []byte("k"), time.Now()); return err },
		"EraseKey":   func(s *Store) error { return s.EraseKey(t.Context(), "j", time.Now()) },
		"PutLinks":   func(s *Store) error { return s.PutLinks(t.Context(), "s", 1, make([]usersync.Link, 1)) },
		"DropLinks":  func(s *Store) error { return s.DropLinks(t.Context(), "s", 1, make([]usersync.KeyHash, 1)) },
		"Reserve": func(s *Store) error {
			_, err := s.Reserve(t.Context(), "s", 1, make([]usersync.Reservation, 1))
			return err
		},
		"Free": func(s *Store) error { return s.Free(t.Context(), "s", make([]usersync.Reservation, 1)) },
		"Claim": func(s *Store) error {
			_, err := s.Claim(t.Context(), "c", "k", usersync.Claim{}, time.Now())
			return err
		},
		"Unclaim": func(s *Store) error { return s.Unclaim(t.Context(), "c", "k", "j") },
	} {
		s, script, _ := scripted(t, func(string, object) answer { return answer{body: object{}} })
		if err := call(s); err != nil {
			t.Fatalf("%s: %v", operation, err)
		}
		if len(script.asked) != 1 {
			t.Errorf("%s asked %v", operation, script.asked)
		}
	}
}

func TestUsersThatWaitAreCreatedTogether(t *testing.T) {
	const users = 100
	company := usersync.CompanyID("company")
	var ordinals []string
	transactions := 0
	s, _, _ := scripted(t, func(operation string, in object) answer {
		if operation == "TransactWriteItems" {
			transactions++
			writes := in["TransactItems"].([]any)
			if len(writes) > 100 {
				t.Errorf("a transaction of %d writes", len(writes))
			}
			for _, w := range writes[1:] {
				item := w.(object)["Put"].(object)["Item"].(object)
				if n, ok := item["ordinal"].(object); ok {
					ordinals = append(ordinals, n["N"].(string))
				}
			}
		}
		return answer{body: object{}}
	})
	var all []*creation
	for i := range users {
		item, err := newUserItem(company, newTestUser(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		c := &creation{ctx: t.Context(), item: item, done: make(chan error, 1)}
		all = append(all, c)
		s.rolls.add(company, c)
	}
	s.write(t.Context(), company)
	for i, c := range all {
		if err := <-c.done; err != nil || c.item.Ordinal != i {
			t.Fatalf("user %d has ordinal %d, error %v", i, c.item.Ordinal, err)
		}
	}
	slices.Sort(ordinals)
	if transactions != 4 || len(slices.Compact(ordinals)) != users {
		t.Fatalf("%d users in %d transactions", len(ordinals), transactions)
	}
}

func TestASuccessThatMeetsAPutIsNotedAllTheSame(t *testing.T) {
	for _, conflicts := range []int{0, 1, 5} {
		left := conflicts
		s, script, _ := scripted(t, func(operation string, in object) answer {
			if left--; left >= 0 {
				return engineError(400, "TransactionConflictException", nil)
			}
			return answer{body: object{}}
		})
		if err := s.TenantSucceeded(t.Context(), "c", time.Unix(0, 0)); err != nil || len(script.asked) != conflicts+1 {
			t.Errorf("after %d conflicts: %v, %v", conflicts, err, script.asked)
		}
	}
}
