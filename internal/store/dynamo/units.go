package dynamo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// unitItem is a department.
type unitItem struct {
	key
	ID      string `dynamodbav:"id"`
	Place   int    `dynamodbav:"place"` // in the order of creation; there may be gaps
	Rev     int64  `dynamodbav:"rev"`
	Request string `dynamodbav:"request"`
	Created string `dynamodbav:"created"`
	Writer  string `dynamodbav:"writer"` // of the call that wrote it last
}

func newUnitItem(company usersync.CompanyID, u directory.Unit) (unitItem, error) {
	request, err := encodeRequest(u.Request)
	return unitItem{
		key: unitKey(company, u.ID), ID: u.ID, Rev: u.Rev, Request: request, Created: stamp(u.Created), Writer: newToken(),
	}, err
}

func (item unitItem) unit() (directory.Unit, error) {
	u := directory.Unit{ID: item.ID, Rev: item.Rev}
	if err := json.Unmarshal([]byte(item.Request), &u.Request); err != nil {
		return directory.Unit{}, unreadable(err)
	}
	var err error
	if u.Created, err = time.Parse(moment, item.Created); err != nil {
		return directory.Unit{}, unreadable(err)
	}
	return u, nil
}

// CreateUnit draws a place in the order of creation, then writes the department.
func (s *Store) CreateUnit(ctx context.Context, company usersync.CompanyID, u directory.Unit) (directory.Unit, error) {
	u.Rev = 1
	item, err := newUnitItem(company, u)
	if err != nil {
		return directory.Unit{}, err
	}
	if item.Place, err = s.drawPlace(ctx, company); err != nil {
		return directory.Unit{}, err
	}
	err = s.put(ctx, s.tables.Main, item, absent())
	if r, ok := errors.AsType[*refused](err); ok {
		stored, err := decode[unitItem](r.was)
		if err != nil {
			return directory.Unit{}, err
		}
		if stored.Writer != item.Writer {
			return directory.Unit{}, usersync.E(usersync.Exists, "the department was created before")
		}
		return item.unit()
	}
	if err != nil {
		return directory.Unit{}, err
	}
	return item.unit()
}

// drawPlace gives every caller a greater number.
func (s *Store) drawPlace(ctx context.Context, company usersync.CompanyID) (int, error) {
	e, err := build(expression.NewBuilder().WithUpdate(expression.Add(expression.Name("next"), expression.Value(1))))
	if err != nil {
		return 0, err
	}
	out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.tables.Main, Key: directoryKey(company, "", "UNITS").row(),
		UpdateExpression: e.Update(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return 0, translate(err)
	}
	counter, err := decode[counterItem](out.Attributes)
	return counter.Next, err
}

// UpdateUnit is one conditional write; the moment of creation stays.
func (s *Store) UpdateUnit(ctx context.Context, company usersync.CompanyID, u directory.Unit) (directory.Unit, error) {
	before := u.Rev
	u.Rev++
	item, err := newUnitItem(company, u)
	if err != nil {
		return directory.Unit{}, err
	}
	name, value := expression.Name, expression.Value
	change := expression.Set(name("rev"), value(item.Rev)).Set(name("request"), value(item.Request)).Set(name("writer"), value(item.Writer))
	now, err := s.update(ctx, item.key, change, is("rev", before))
	if r, ok := errors.AsType[*refused](err); ok {
		if r.was == nil {
			return directory.Unit{}, usersync.E(usersync.NotFound, "there is no such department")
		}
		now, err = r.was, nil // its own, where an answer was lost
	}
	if err != nil {
		return directory.Unit{}, err
	}
	stored, err := decode[unitItem](now)
	if err != nil {
		return directory.Unit{}, err
	}
	if stored.Writer != item.Writer {
		return directory.Unit{}, usersync.E(usersync.Fenced, "the department was changed by somebody else since")
	}
	return stored.unit()
}

// Units reads one partition.
func (s *Store) Units(ctx context.Context, company usersync.CompanyID) ([]directory.Unit, error) {
	query := &dynamodb.QueryInput{TableName: &s.tables.Main, ConsistentRead: aws.Bool(true)}
	condition := expression.Key("pk").Equal(expression.Value(unitKey(company, "").PK))
	var items []unitItem
	for found, err := range s.query(ctx, query, expression.NewBuilder().WithKeyCondition(condition)) {
		if err != nil {
			return nil, err
		}
		item, err := decode[unitItem](found)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b unitItem) int { return cmp.Compare(a.Place, b.Place) })
	units := make([]directory.Unit, 0, len(items))
	for _, item := range items {
		u, err := item.unit()
		if err != nil {
			return nil, err
		}
		units = append(units, u)
	}
	return units, nil
}
