package dynamo

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/usersync"
)

// rowItem is a job's numbered row: it holds the data itself, or says where its chunks are. Chunks are
// written before it under a generation that nobody else uses, so that the one write of this item
// publishes the row whole.
type rowItem struct {
	key
	expiry
	Fence      int64  `dynamodbav:"fence"`
	Data       []byte `dynamodbav:"data,omitempty"`
	Generation string `dynamodbav:"generation,omitempty"` // of the chunks; empty where there are none
	Chunks     int    `dynamodbav:"chunks,omitempty"`
}

// tableOf keeps staged pages apart.
func (s *Store) tableOf(kind usersync.RowKind) string {
	if kind == usersync.RowPage {
		return s.tables.Pages
	}
	return s.tables.Main
}

// prepare writes the row's chunks, if it needs any, and returns the item that publishes it.
func (s *Store) prepare(ctx context.Context, fence int64, r usersync.Row, expires time.Time) (rowItem, error) {
	item := rowItem{key: rowKey(r.ID), expiry: expiring(expires), Fence: fence}
	switch {
	case len(r.Data) > maxRow:
		return item, usersync.E(usersync.Validation, "a row is larger than 32 MiB")
	case len(r.Data) <= maxChunk:
		item.Data = r.Data
		return item, nil
	}
	item.Generation, item.Chunks = newToken(), chunksOf(len(r.Data))
	return item, s.writeChunks(ctx, s.tableOf(r.ID.Kind), item.Generation, r.Data, item.Expires)
}

// PutRow replaces what an expired row has left, whatever its fence.
func (s *Store) PutRow(ctx context.Context, fence int64, r usersync.Row, expires time.Time) error {
	item, err := s.prepare(ctx, fence, r, expires)
	if err != nil {
		return err
	}
	err = s.put(ctx, s.tableOf(r.ID.Kind), item, absentAt(s.clock.Now()).Or(notNewer(fence)))
	if _, ok := errors.AsType[*refused](err); ok {
		return usersync.E(usersync.Fenced, "the row was written under a newer lease")
	}
	return err
}

// PutRowOnce learns the data of whoever was first from the refused write.
func (s *Store) PutRowOnce(ctx context.Context, fence int64, r usersync.Row, expires time.Time) ([]byte, error) {
	item, err := s.prepare(ctx, fence, r, expires)
	if err != nil {
		return nil, err
	}
	table := s.tableOf(r.ID.Kind)
	err = s.put(ctx, table, item, absentAt(s.clock.Now()))
	if refusal, ok := errors.AsType[*refused](err); ok {
		first, err := decode[rowItem](refusal.was)
		if err != nil {
			return nil, err
		}
		return s.content(ctx, table, first)
	}
	if err != nil {
		return nil, err
	}
	return r.Data, nil
}

// Row reads one row.
func (s *Store) Row(ctx context.Context, id usersync.RowID) ([]byte, error) {
	table := s.tableOf(id.Kind)
	found, err := s.get(ctx, table, rowKey(id))
	if err != nil {
		return nil, err
	}
	item, err := decode[rowItem](found)
	if err != nil {
		return nil, err
	}
	if found == nil || item.over(s.clock.Now()) {
		return nil, usersync.E(usersync.NotFound, "there is no such row")
	}
	return s.content(ctx, table, item)
}

// EachRow holds one answer of the engine, a megabyte at most, and one row.
func (s *Store) EachRow(ctx context.Context, from usersync.RowID, yield func(usersync.Row) error) error {
	table, first := s.tableOf(from.Kind), rowKey(from)
	condition := expression.Key("pk").Equal(expression.Value(first.PK)).
		And(expression.Key("sk").GreaterThanEqual(expression.Value(first.SK)))
	query := &dynamodb.QueryInput{TableName: &table, ConsistentRead: aws.Bool(true)}
	for found, err := range s.query(ctx, query, expression.NewBuilder().WithKeyCondition(condition)) {
		if err != nil {
			return err
		}
		item, err := decode[rowItem](found)
		if err != nil {
			return err
		}
		if item.over(s.clock.Now()) {
			continue
		}
		r := usersync.Row{ID: from}
		if r.ID.N, err = strconv.Atoi(item.SK); err != nil {
			return unreadable(err)
		}
		if r.Data, err = s.content(ctx, table, item); err != nil {
			return err
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}
