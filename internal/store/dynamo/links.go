package dynamo

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/usersync"
)

// linkItem is a link; its sort key is the hash of Key.
type linkItem struct {
	key
	Fence     int64           `dynamodbav:"fence"`
	Key       string          `dynamodbav:"key"`
	Target    string          `dynamodbav:"target"`
	TargetKey []byte          `dynamodbav:"targetKey,omitempty"`
	Origin    usersync.Origin `dynamodbav:"origin"`
	Job       usersync.JobID  `dynamodbav:"job"`
	Digest    []byte          `dynamodbav:"digest,omitempty"`
}

func newLinkItem(set usersync.LinkSet, fence int64, link usersync.Link) linkItem {
	item := linkItem{
		key: linkKey(set, link.Hash()), Fence: fence, Key: link.Key, Target: link.Target,
		Origin: link.Origin, Job: link.Job, Digest: link.Digest,
	}
	if link.TargetKey != (usersync.KeyHash{}) {
		item.TargetKey = link.TargetKey[:]
	}
	return item
}

func decodeLink(r row) (usersync.Link, error) {
	item, err := decode[linkItem](r)
	if err != nil {
		return usersync.Link{}, err
	}
	link := usersync.Link{Key: item.Key, Target: item.Target, Origin: item.Origin, Job: item.Job, Digest: item.Digest}
	if len(item.TargetKey) == len(link.TargetKey) {
		link.TargetKey = usersync.KeyHash(item.TargetKey)
	}
	return link, nil
}

// LoadLinks reads a hundred links a request, several requests at once.
func (s *Store) LoadLinks(ctx context.Context, set usersync.LinkSet, hashes []usersync.KeyHash, strong bool) (map[usersync.KeyHash]usersync.Link, error) {
	links := make(map[usersync.KeyHash]usersync.Link, len(hashes))
	asked := make(map[usersync.KeyHash]bool, len(hashes))
	keys := make([]key, 0, len(hashes))
	for _, h := range hashes {
		if !asked[h] {
			asked[h] = true
			keys = append(keys, linkKey(set, h))
		}
	}
	found, err := s.load(ctx, s.tables.Main, keys, strong)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		link, err := decodeLink(r)
		if err != nil {
			return nil, err
		}
		links[link.Hash()] = link
	}
	return links, nil
}

// PutLinks is a conditional write a link, many at once: a transaction would cost twice as much, and
// nothing needs one.
func (s *Store) PutLinks(ctx context.Context, set usersync.LinkSet, fence int64, links []usersync.Link) error {
	last := make(map[usersync.KeyHash]int, len(links))
	for i := range links {
		last[links[i].Hash()] = i
	}
	return s.unlessNewer(len(links), func(i int) error {
		if last[links[i].Hash()] != i {
			return nil // the same person again, further on
		}
		return s.put(ctx, s.tables.Main, newLinkItem(set, fence, links[i]), absent().Or(notNewer(fence)))
	})
}

// DropLinks is a conditional deletion a link.
func (s *Store) DropLinks(ctx context.Context, set usersync.LinkSet, fence int64, hashes []usersync.KeyHash) error {
	return s.unlessNewer(len(hashes), func(i int) error {
		return s.remove(ctx, linkKey(set, hashes[i]), absent().Or(notNewer(fence)))
	})
}

// unlessNewer makes n writes, many at once; those that are refused do not keep the others from
// being made, and are Fenced in the end.
func (s *Store) unlessNewer(n int, write func(i int) error) error {
	var newer atomic.Bool
	err := each(n, writeWidth, func(i int) error {
		err := write(i)
		if _, ok := errors.AsType[*refused](err); ok {
			newer.Store(true)
			return nil
		}
		return err
	})
	if newer.Load() {
		return usersync.E(usersync.Fenced, "a link was written under a newer lease")
	}
	return err
}

// LinkRange walks the shards, which are in order of hash.
func (s *Store) LinkRange(ctx context.Context, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) ([]usersync.Link, error) {
	var links []usersync.Link
	err := s.eachLink(ctx, set, after, to, limit, nil, func(found row) error {
		link, err := decodeLink(found)
		links = append(links, link)
		return err
	})
	return links, err
}

// LinkHashes leaves all but the sort keys where they are: reading costs as much, sending less.
func (s *Store) LinkHashes(ctx context.Context, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) ([]usersync.KeyHash, error) {
	var hashes []usersync.KeyHash
	keys := expression.NamesList(expression.Name("sk"))
	err := s.eachLink(ctx, set, after, to, limit, &keys, func(found row) error {
		item, err := decode[key](found)
		if err != nil {
			return err
		}
		hash, err := hex.DecodeString(item.SK)
		if err != nil || len(hash) != len(usersync.KeyHash{}) {
			return unreadable(errors.New("a link whose sort key is no hash"))
		}
		hashes = append(hashes, usersync.KeyHash(hash))
		return nil
	})
	return hashes, err
}

// eachLink reads links in order of hash, whole or the attributes that are wanted.
func (s *Store) eachLink(ctx context.Context, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int, wanted *expression.ProjectionBuilder, use func(row) error) error {
	from, first := shards[:1], shards[:1]
	if after != nil {
		if bytes.Compare(after[:], to[:]) >= 0 {
			return nil
		}
		from, first = after.String()+"+", shard(*after) // between after and every greater hash
	}
	n := 0
	for i := strings.Index(shards, first); i <= strings.Index(shards, shard(to)) && n < limit; i++ {
		condition := expression.Key("pk").Equal(expression.Value(linkPartition(set, shards[i:i+1]))).
			And(expression.Key("sk").Between(expression.Value(from), expression.Value(to.String())))
		b := expression.NewBuilder().WithKeyCondition(condition)
		if wanted != nil {
			b = b.WithProjection(*wanted)
		}
		query := &dynamodb.QueryInput{TableName: &s.tables.Main, Limit: aws.Int32(int32(min(limit-n, queryLimit)))}
		for found, err := range s.query(ctx, query, b) {
			if err != nil {
				return err
			}
			if err := use(found); err != nil {
				return err
			}
			if n++; n == limit {
				break
			}
		}
	}
	return nil
}
