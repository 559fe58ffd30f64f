package dynamo

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/usersync"
)

// absent holds where there is no item under the key.
func absent() expression.ConditionBuilder {
	return expression.AttributeNotExists(expression.Name("pk"))
}

// absentAt holds where there is no item, or an expired one.
func absentAt(now time.Time) expression.ConditionBuilder {
	return absent().Or(expression.Name("until").LessThanEqual(expression.Value(stamp(now))))
}

// notNewer holds where no writer with a greater fence has been.
func notNewer(fence int64) expression.ConditionBuilder {
	return expression.Name("fence").LessThanEqual(expression.Value(fence))
}

// is holds where the attribute has the value.
func is(attribute string, value any) expression.ConditionBuilder {
	return expression.Name(attribute).Equal(expression.Value(value))
}

// encode makes an item of one of the package's structs.
func encode(item any) (row, error) {
	r, err := attributevalue.MarshalMap(item)
	if err != nil {
		return nil, &usersync.Error{Code: usersync.Internal, Message: "an item cannot be written", Cause: err}
	}
	return r, nil
}

// decode makes one of the package's structs of an item; the zero value where there is none.
func decode[T any](r row) (T, error) {
	var item T
	if err := attributevalue.UnmarshalMap(r, &item); err != nil {
		return item, unreadable(err)
	}
	return item, nil
}

// build finishes an expression.
func build(b expression.Builder) (expression.Expression, error) {
	e, err := b.Build()
	if err != nil {
		return e, &usersync.Error{Code: usersync.Internal, Message: "a request cannot be made", Cause: err}
	}
	return e, nil
}

// get reads an item, strongly consistent; nil where there is none.
func (s *Store) get(ctx context.Context, table string, k key) (row, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: k.row(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, translate(err)
	}
	return out.Item, nil
}

// put writes an item if the condition holds. Errors: *refused.
func (s *Store) put(ctx context.Context, table string, item any, when expression.ConditionBuilder) error {
	r, err := encode(item)
	if err != nil {
		return err
	}
	e, err := build(expression.NewBuilder().WithCondition(when))
	if err != nil {
		return err
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &table, Item: r,
		ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return translate(err)
}

// update changes an item of the main table if the condition holds, and returns it as it then is.
// Errors: *refused.
func (s *Store) update(ctx context.Context, k key, change expression.UpdateBuilder, when expression.ConditionBuilder) (row, error) {
	return s.updateIn(ctx, s.tables.Main, k, change, when)
}

// updateIn is update in a table.
func (s *Store) updateIn(ctx context.Context, table string, k key, change expression.UpdateBuilder, when expression.ConditionBuilder) (row, error) {
	e, err := build(expression.NewBuilder().WithUpdate(change).WithCondition(when))
	if err != nil {
		return nil, err
	}
	out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &table, Key: k.row(),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err != nil {
		return nil, translate(err)
	}
	return out.Attributes, nil
}

// remove deletes an item of the main table if the condition holds. Errors: *refused.
func (s *Store) remove(ctx context.Context, k key, when expression.ConditionBuilder) error {
	e, err := build(expression.NewBuilder().WithCondition(when))
	if err != nil {
		return err
	}
	_, err = s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.tables.Main, Key: k.row(),
		ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	return translate(err)
}

// query yields the items of a partition one engine's page after the other; it ends with an error.
func (s *Store) query(ctx context.Context, q *dynamodb.QueryInput, b expression.Builder) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		e, err := build(b)
		if err != nil {
			yield(nil, err)
			return
		}
		q.KeyConditionExpression, q.FilterExpression, q.ProjectionExpression = e.KeyCondition(), e.Filter(), e.Projection()
		q.ExpressionAttributeNames, q.ExpressionAttributeValues = e.Names(), e.Values()
		for pages := dynamodb.NewQueryPaginator(s.client, q); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, translate(err))
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// patience is how often something is tried that meets others, or makes no headway.
const patience = 40

// pause waits before the given repetition, counted from 0: longer each time, half a second at most,
// and by chance, so that those who met do not meet again.
func (s *Store) pause(ctx context.Context, repetition int) error {
	longest := min(10*time.Millisecond<<min(repetition, 10), 500*time.Millisecond)
	if err := s.clock.Wait(ctx, longest/4+rand.N(longest)); err != nil {
		return translate(err)
	}
	return nil
}

// untangled repeats a write as long as it meets transactions that are under way.
func (s *Store) untangled(ctx context.Context, write func() error) error {
	for repetition := range patience {
		if err := write(); !errors.Is(err, errEntangled) {
			return err
		}
		if err := s.pause(ctx, repetition); err != nil {
			return err
		}
	}
	return write()
}
