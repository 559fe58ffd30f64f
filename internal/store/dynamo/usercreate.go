package dynamo

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// A transaction has at most 100 writes and 4 MB: the counter's, and three a user.
const (
	maxTogether = 33
	maxBytes    = 3 << 20
	createIn    = 30 * time.Second
)

// rolls has the users that are waiting to be created, by company.
type rolls struct {
	mu sync.Mutex
	of map[usersync.CompanyID]*roll
}

// roll is one company's: all that wait while a transaction is under way go into the next one, since every
// transaction moves the company's counter and two at once would only get in each other's way.
type roll struct {
	waiting []*creation
	writing bool
	next    int // the ordinal that comes next, as far as this process knows; 0 where it does not
}

// creation is one user on the way in. Its result is sent once.
type creation struct {
	ctx  context.Context
	item userItem
	done chan error
}

// CreateUser puts the user on the company's roll and waits for the transaction that it goes into.
func (s *Store) CreateUser(ctx context.Context, company usersync.CompanyID, u directory.User) (directory.User, error) {
	u.Rev = 1
	item, err := newUserItem(company, u)
	if err != nil {
		return directory.User{}, err
	}
	c := &creation{ctx: ctx, item: item, done: make(chan error, 1)}
	if s.rolls.add(company, c) {
		go s.write(context.WithoutCancel(ctx), company)
	}
	select {
	case err = <-c.done:
	case <-ctx.Done():
		return directory.User{}, translate(ctx.Err())
	}
	if err != nil {
		return directory.User{}, err
	}
	return updated(c.item, c.item, nil)
}

// add reports whether nobody writes for the company yet: then the caller has to.
func (r *rolls) add(company usersync.CompanyID, c *creation) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[usersync.CompanyID]*roll{}
	}
	of := r.of[company]
	if of == nil {
		of = &roll{}
		r.of[company] = of
	}
	of.waiting = append(of.waiting, c)
	begin := !of.writing
	of.writing = true
	return begin
}

// take removes as many as fit into one transaction, no id and no code twice. Those that nobody waits for any
// more are left out. Where none is left the writing ends.
func (r *rolls) take(company usersync.CompanyID) (*roll, []*creation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.of[company]
	var taken, left []*creation
	ids, codes, bytes := map[key]bool{}, map[string]bool{"": false}, 0
	for _, c := range of.waiting {
		size := len(c.item.Request)
		switch {
		case c.ctx.Err() != nil:
			continue
		case len(taken) == maxTogether || bytes+size > maxBytes || ids[c.item.key] || codes[c.item.Code]:
			left = append(left, c)
			continue
		}
		taken = append(taken, c)
		ids[c.item.key], codes[c.item.Code] = true, c.item.Code != ""
		bytes += size
	}
	of.waiting = left
	of.writing = len(taken) > 0
	return of, taken
}

// write creates what is on the company's roll until nothing is.
func (s *Store) write(ctx context.Context, company usersync.CompanyID) {
	for {
		of, batch := s.rolls.take(company)
		if len(batch) == 0 {
			return
		}
		limited, cancel := context.WithTimeout(ctx, createIn)
		err := s.createAll(limited, company, of, batch)
		cancel()
		for _, c := range batch {
			select {
			case c.done <- err:
			default: // it has had its answer: it was refused by itself
			}
		}
	}
}

// createAll creates the users of a batch in one transaction. Who is refused gets an answer and is
// left out. The counter that somebody else has moved is learnt from the refusal and tried at once; where
// others are that busy, a pause makes it stale again, and it is looked at anew: a read costs
// less than another transaction in vain. What is returned is the answer for all the others.
func (s *Store) createAll(ctx context.Context, company usersync.CompanyID, of *roll, batch []*creation) error {
	learnt := of.next > 0
	for repetition := range patience {
		if !learnt {
			if err := s.lookNext(ctx, company, of); err != nil {
				return err
			}
		}
		writes, err := s.createWrites(company, of.next, batch)
		if err != nil {
			return err
		}
		err = s.transact(ctx, writes)
		if err == nil {
			of.next += len(batch)
			return nil
		}
		c, refused := errors.AsType[*cancelled](err)
		if !refused && !errors.Is(err, errEntangled) {
			of.next = 0
			return err
		}
		before := of.next
		if refused {
			if batch = answerRefused(c, batch); len(batch) == 0 {
				return nil
			}
			if err := learnNext(c, of); err != nil {
				return err
			}
		}
		// Nobody in the way, or the first time that somebody was.
		if learnt = refused && (of.next == before || repetition == 0); learnt {
			continue
		}
		if err := s.pause(ctx, repetition); err != nil {
			return err
		}
	}
	of.next = 0
	return entangledBy(errors.New("the counter of users is never still"))
}

// counterKey is the company's count of users, which is the next ordinal.
func counterKey(company usersync.CompanyID) key { return directoryKey(company, "", "USERS") }

// counterItem is such a count.
type counterItem struct {
	Next int `dynamodbav:"next"`
}

func (s *Store) lookNext(ctx context.Context, company usersync.CompanyID, of *roll) error {
	found, err := s.get(ctx, s.tables.Main, counterKey(company))
	if err != nil {
		return err
	}
	counter, err := decode[counterItem](found)
	of.next = counter.Next
	return err
}

// learnNext takes over the counter where it refused the transaction.
func learnNext(c *cancelled, of *roll) error {
	was, refused := c.refusal(0)
	if !refused {
		return nil
	}
	counter, err := decode[counterItem](was)
	of.next = counter.Next
	return err
}

// createWrites is the counter's move, and for each user the item, the ordinal and, if any, the code.
// The users get their ordinals here.
func (s *Store) createWrites(company usersync.CompanyID, next int, batch []*creation) ([]types.TransactWriteItem, error) {
	counter, err := s.counterWrite(company, next, len(batch))
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{counter}
	for i, c := range batch {
		c.item.Ordinal = next + i
		items := []any{c.item, holderItem{key: ordinalKey(company, c.item.Ordinal), User: c.item.ID}}
		if c.item.Code != "" {
			items = append(items, holderItem{key: codeKey(company, c.item.Code), User: c.item.ID})
		}
		for _, item := range items {
			w, err := s.createWrite(item)
			if err != nil {
				return nil, err
			}
			writes = append(writes, w)
		}
	}
	return writes, nil
}

// counterWrite moves the counter by n if it still stands at next.
func (s *Store) counterWrite(company usersync.CompanyID, next, n int) (types.TransactWriteItem, error) {
	name := expression.Name("next")
	still := name.Equal(expression.Value(next))
	if next == 0 {
		still = expression.AttributeNotExists(name)
	}
	e, err := build(expression.NewBuilder().WithUpdate(expression.Set(name, expression.Value(next+n))).WithCondition(still))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.tables.Main, Key: counterKey(company).row(),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, nil
}

// answerRefused tells those whose id or code is taken, and returns the others in their order.
func answerRefused(c *cancelled, batch []*creation) []*creation {
	var remaining []*creation
	at := 1 // of the user's own write: the counter's is the first
	for _, user := range batch {
		_, exists := c.refusal(at)
		_, taken := c.refusal(at + 2)
		switch {
		case exists:
			user.done <- usersync.E(usersync.Exists, "the user was created before")
		case user.item.Code != "" && taken:
			user.done <- codeTaken()
		default:
			remaining = append(remaining, user)
		}
		if at += 2; user.item.Code != "" {
			at++
		}
	}
	return remaining
}
