package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// createWrite puts an item where there is none, as part of a transaction.
func (s *Store) createWrite(item any) (types.TransactWriteItem, error) {
	r, err := encode(item)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	e, err := build(expression.NewBuilder().WithCondition(absent()))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.tables.Main, Item: r,
		ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(),
	}}, nil
}

// removeWrite deletes an item if the condition holds, as part of a transaction.
func (s *Store) removeWrite(k key, when expression.ConditionBuilder) (types.TransactWriteItem, error) {
	e, err := build(expression.NewBuilder().WithCondition(when))
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &s.tables.Main, Key: k.row(),
		ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, nil
}

// transact makes all writes or none. Its token lets the SDK repeat it after a lost answer without
// making them twice. Errors: *cancelled.
func (s *Store) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	token := newToken()
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes, ClientRequestToken: &token})
	return translate(err)
}

// transactUntangled is transact, repeated where it meets others. Errors: *cancelled.
func (s *Store) transactUntangled(ctx context.Context, writes []types.TransactWriteItem) error {
	return s.untangled(ctx, func() error { return s.transact(ctx, writes) })
}
