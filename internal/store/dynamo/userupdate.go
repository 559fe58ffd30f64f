package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// UpdateUser is one write as long as the code stays, which it mostly does. Where that write is refused by
// another code, the code is known by it, and moves with the user in a transaction.
func (s *Store) UpdateUser(ctx context.Context, company usersync.CompanyID, u directory.User) (directory.User, error) {
	before := u.Rev
	u.Rev++
	item, err := newUserItem(company, u)
	if err != nil {
		return directory.User{}, err
	}
	sameCode := expression.AttributeNotExists(expression.Name("code"))
	if item.Code != "" {
		sameCode = is("code", item.Code)
	}
	var now row
	err = s.untangled(ctx, func() (err error) {
		now, err = s.update(ctx, item.key, userChange(item), is("rev", before).And(sameCode))
		return err
	})
	if r, ok := errors.AsType[*refused](err); ok {
		was, err := afterRefusal(r.was, item.Writer, before)
		if err != nil {
			return directory.User{}, err
		}
		if was.Writer != item.Writer {
			err = s.moveCode(ctx, company, item, was)
		}
		return updated(item, was, err)
	}
	if err != nil {
		return directory.User{}, err
	}
	return decodeUser(now)
}

// afterRefusal reads the user that refused an update. Errors: NotFound, Fenced.
func afterRefusal(r row, writer string, rev int64) (userItem, error) {
	was, err := decode[userItem](r)
	switch {
	case err != nil:
		return was, err
	case r == nil:
		return was, noUser()
	case was.Writer != writer && was.Rev != rev:
		return was, usersync.E(usersync.Fenced, "the user was changed by somebody else since")
	}
	return was, nil
}

// updated is the item as it is stored now: what an update does not touch is as it was.
func updated(item, was userItem, err error) (directory.User, error) {
	if err != nil {
		return directory.User{}, err
	}
	item.Ordinal, item.Created = was.Ordinal, was.Created
	r, err := encode(item)
	if err != nil {
		return directory.User{}, err
	}
	return decodeUser(r)
}

// userChange sets everything but what never changes: id, ordinal, moment of creation.
func userChange(item userItem) expression.UpdateBuilder {
	name, value := expression.Name, expression.Value
	change := expression.Set(name("rev"), value(item.Rev)).Set(name("request"), value(item.Request)).
		Set(name("changed"), value(item.Changed)).Set(name("writer"), value(item.Writer))
	for attribute, text := range map[string]string{"code": item.Code, "unit": item.Unit, "deactivated": item.Deactivated} {
		if text == "" {
			change = change.Remove(name(attribute))
		} else {
			change = change.Set(name(attribute), value(text))
		}
	}
	return change
}

// moveCode updates the user, gives it its new code and gives the old one back, all or nothing.
// Errors: Conflict, Fenced, NotFound.
func (s *Store) moveCode(ctx context.Context, company usersync.CompanyID, item, was userItem) error {
	change, err := s.changeWrite(item, was)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{change}
	if item.Code != "" {
		take, err := s.createWrite(holderItem{key: codeKey(company, item.Code), User: item.ID})
		if err != nil {
			return err
		}
		writes = append(writes, take)
	}
	if was.Code != "" {
		giveBack, err := s.removeWrite(codeKey(company, was.Code), is("user", item.ID))
		if err != nil {
			return err
		}
		writes = append(writes, giveBack)
	}
	err = s.transactUntangled(ctx, writes)
	c, ok := errors.AsType[*cancelled](err)
	if !ok {
		return err
	}
	if r, ok := c.refusal(0); ok {
		now, err := afterRefusal(r, item.Writer, was.Rev)
		if err != nil || now.Writer == item.Writer {
			return err
		}
	}
	if _, ok := c.refusal(1); ok && item.Code != "" {
		return codeTaken()
	}
	return unreadable(err) // a code without its user
}

func codeTaken() error { return usersync.E(usersync.Conflict, "another user has the code") }

// changeWrite is the update of a user as part of a transaction.
func (s *Store) changeWrite(item, was userItem) (types.TransactWriteItem, error) {
	e, err := build(expression.NewBuilder().WithUpdate(userChange(item)).WithCondition(is("rev", was.Rev)))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.tables.Main, Key: item.key.row(),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, nil
}
