package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// Tables names the two tables.
type Tables struct {
	Main  string
	Pages string // staged pages and their keys: personal data, sealed
}

// Store is usersync.Store and directory.Store over DynamoDB. It is safe for concurrent use, and
// needs no closing.
type Store struct {
	client *dynamodb.Client
	tables Tables
	clock  usersync.Clock
	rolls  rolls
}

var (
	_ usersync.Store  = (*Store)(nil)
	_ directory.Store = (*Store)(nil)
)

// New is a store over two tables that exist. The client's time-outs and retries are the caller's
// choice; its HTTP transport should keep at least 32 idle connections, which is how many requests
// one call of the store has under way.
func New(client *dynamodb.Client, tables Tables, clock usersync.Clock) *Store {
	return &Store{client: client, tables: tables, clock: clock}
}

// Ping reads an item that is not there from each table.
func (s *Store) Ping(ctx context.Context) error {
	for _, table := range [...]string{s.tables.Main, s.tables.Pages} {
		if _, err := s.get(ctx, table, key{PK: "PING", SK: "PING"}); err != nil {
			return err
		}
	}
	return nil
}
