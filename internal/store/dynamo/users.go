package dynamo

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// maxRequest is how much of an item what was asked for may take, as JSON.
const maxRequest = 380 << 10

// queryLimit is the largest limit that a query is given; an answer ends before it after a megabyte.
const queryLimit = 10_000

// userItem is a user of the directory.
type userItem struct {
	key
	ID          string `dynamodbav:"id"`
	Ordinal     int    `dynamodbav:"ordinal"`
	Rev         int64  `dynamodbav:"rev"`
	Code        string `dynamodbav:"code,omitempty"` // its hash, absent without a code
	Request     string `dynamodbav:"request"`
	Unit        string `dynamodbav:"unit,omitempty"`
	Deactivated string `dynamodbav:"deactivated,omitempty"` // User.Expires; `expires` would delete the item
	Created     string `dynamodbav:"created"`
	Changed     string `dynamodbav:"changed"`
	Writer      string `dynamodbav:"writer"` // of the call that wrote it last
}

// holderItem says which user has an ordinal or a code.
type holderItem struct {
	key
	User string `dynamodbav:"user"`
}

// newUserItem is the user's item under a writer's token of its own. Errors: Validation where it is too large.
func newUserItem(company usersync.CompanyID, u directory.User) (userItem, error) {
	item := userItem{
		key: userKey(company, u.ID), ID: u.ID, Ordinal: u.Ordinal, Rev: u.Rev, Unit: u.Unit,
		Created: stamp(u.Created), Changed: stamp(u.Changed), Writer: newToken(),
	}
	if u.Request.Code != nil {
		item.Code = codeHash(directory.CodeKey(*u.Request.Code))
	}
	if u.Expires != nil {
		item.Deactivated = stamp(*u.Expires)
	}
	var err error
	item.Request, err = encodeRequest(u.Request)
	return item, err
}

// encodeRequest is what was asked for, as JSON. Errors: Validation where it is too large for an item.
func encodeRequest(request any) (string, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return "", &usersync.Error{Code: usersync.Internal, Message: "a request cannot be written", Cause: err}
	}
	if len(text) > maxRequest {
		return "", usersync.E(usersync.Validation, "the request is larger than 380 KiB and cannot be stored")
	}
	return string(text), nil
}

func decodeUser(r row) (directory.User, error) {
	item, err := decode[userItem](r)
	if err != nil {
		return directory.User{}, err
	}
	u := directory.User{ID: item.ID, Ordinal: item.Ordinal, Rev: item.Rev, Unit: item.Unit}
	if err := json.Unmarshal([]byte(item.Request), &u.Request); err != nil {
		return directory.User{}, unreadable(err)
	}
	if item.Deactivated != "" {
		u.Expires = new(time.Time)
		if *u.Expires, err = time.Parse(moment, item.Deactivated); err != nil {
			return directory.User{}, unreadable(err)
		}
	}
	if u.Created, err = time.Parse(moment, item.Created); err != nil {
		return directory.User{}, unreadable(err)
	}
	if u.Changed, err = time.Parse(moment, item.Changed); err != nil {
		return directory.User{}, unreadable(err)
	}
	return u, nil
}

func noUser() error { return usersync.E(usersync.NotFound, "there is no such user") }

// User reads one item.
func (s *Store) User(ctx context.Context, company usersync.CompanyID, id string) (directory.User, error) {
	found, err := s.get(ctx, s.tables.Main, userKey(company, id))
	if err != nil {
		return directory.User{}, err
	}
	if found == nil {
		return directory.User{}, noUser()
	}
	return decodeUser(found)
}

// UserByCode reads who has the code, then the user. A user whose code has moved between the two reads
// is no longer the one that was asked for.
func (s *Store) UserByCode(ctx context.Context, company usersync.CompanyID, code string) (directory.User, error) {
	hash := codeHash(directory.CodeKey(code))
	if hash == "" {
		return directory.User{}, noUser()
	}
	found, err := s.get(ctx, s.tables.Main, codeKey(company, hash))
	if err != nil {
		return directory.User{}, err
	}
	holder, err := decode[holderItem](found)
	if err != nil {
		return directory.User{}, err
	}
	if found == nil {
		return directory.User{}, noUser()
	}
	u, err := s.User(ctx, company, holder.User)
	if err == nil && (u.Request.Code == nil || codeHash(directory.CodeKey(*u.Request.Code)) != hash) {
		return directory.User{}, noUser()
	}
	return u, err
}

// Users reads the ordinals from offset on, then the users that have them. Of a transaction that is under way
// some users may be seen and others not: the list ends before the first that is not there yet.
func (s *Store) Users(ctx context.Context, company usersync.CompanyID, offset, limit int) ([]directory.User, error) {
	if limit < 1 {
		return nil, nil
	}
	first := ordinalKey(company, offset)
	condition := expression.Key("pk").Equal(expression.Value(first.PK)).
		And(expression.Key("sk").GreaterThanEqual(expression.Value(first.SK)))
	query := &dynamodb.QueryInput{TableName: &s.tables.Main, ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(min(limit, queryLimit)))}
	var keys []key
	for found, err := range s.query(ctx, query, expression.NewBuilder().WithKeyCondition(condition)) {
		if err != nil {
			return nil, err
		}
		holder, err := decode[holderItem](found)
		if err != nil {
			return nil, err
		}
		if keys = append(keys, userKey(company, holder.User)); len(keys) == limit {
			break
		}
	}
	found, err := s.load(ctx, s.tables.Main, keys, true)
	if err != nil {
		return nil, err
	}
	users, err := usersInOrder(found)
	for i := range users {
		if users[i].Ordinal != offset+i {
			return users[:i], nil
		}
	}
	return users, err
}

// UsersChanged reads all users of the company, in parallel by shard, and leaves out the others.
func (s *Store) UsersChanged(ctx context.Context, company usersync.CompanyID, since time.Time) ([]directory.User, error) {
	found := make([][]row, len(shards))
	err := each(len(shards), readWidth, func(i int) error {
		partition := directoryKey(company, "#U#"+shards[i:i+1], "").PK
		b := expression.NewBuilder().
			WithKeyCondition(expression.Key("pk").Equal(expression.Value(partition))).
			WithFilter(expression.Name("changed").GreaterThanEqual(expression.Value(stamp(since))))
		for item, err := range s.query(ctx, &dynamodb.QueryInput{TableName: &s.tables.Main, ConsistentRead: aws.Bool(true)}, b) {
			if err != nil {
				return err
			}
			found[i] = append(found[i], item)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return usersInOrder(slices.Concat(found...))
}

func usersInOrder(found []row) ([]directory.User, error) {
	users := make([]directory.User, 0, len(found))
	for _, item := range found {
		u, err := decodeUser(item)
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	slices.SortFunc(users, func(a, b directory.User) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	return users, nil
}
