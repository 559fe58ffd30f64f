package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/usersync"
)

// surveyItem says which records have a value; it is never larger than MaxMatches ids and those of one call.
type surveyItem struct {
	key
	expiry
	Targets []string `dynamodbav:"targets,stringset"`
}

// PutSurvey adds to the set of each value by a write of its own, many at once. A set that is large enough
// stays as it is.
func (s *Store) PutSurvey(ctx context.Context, job usersync.JobID, keys []usersync.SurveyedKey, expires time.Time) error {
	targets := map[usersync.KeyHash][]string{}
	var hashes []usersync.KeyHash
	for _, k := range keys {
		if targets[k.Hash] == nil {
			hashes = append(hashes, k.Hash)
		}
		if len(targets[k.Hash]) < usersync.MaxMatches {
			targets[k.Hash] = append(targets[k.Hash], k.Target)
		}
	}
	name, end := expression.Name, expiring(expires)
	return each(len(hashes), writeWidth, func(i int) error {
		set := &types.AttributeValueMemberSS{Value: distinct(targets[hashes[i]])}
		change := expression.Add(name("targets"), expression.Value(set)).
			Set(name("until"), expression.Value(end.Until)).Set(name("expires"), expression.Value(end.Expires))
		few := expression.AttributeNotExists(name("targets")).Or(expression.Size(name("targets")).LessThan(expression.Value(usersync.MaxMatches)))
		_, err := s.updateIn(ctx, s.tables.Pages, surveyKey(job, hashes[i]), change, few)
		return unlessRefused(err)
	})
}

// distinct leaves each text out but once: a set has no element twice.
func distinct(texts []string) []string {
	seen := map[string]bool{}
	var all []string
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			all = append(all, text)
		}
	}
	return all
}

// Surveyed reads a hundred values a request, as they are now.
func (s *Store) Surveyed(ctx context.Context, job usersync.JobID, hashes []usersync.KeyHash) (map[usersync.KeyHash][]string, error) {
	values := make(map[string]usersync.KeyHash, len(hashes))
	var keys []key
	for _, h := range hashes {
		k := surveyKey(job, h)
		if _, asked := values[k.SK]; !asked {
			keys, values[k.SK] = append(keys, k), h
		}
	}
	items, err := s.load(ctx, s.tables.Pages, keys, true)
	if err != nil {
		return nil, err
	}
	found := make(map[usersync.KeyHash][]string, len(items))
	for _, r := range items {
		item, err := decode[surveyItem](r)
		if err != nil {
			return nil, err
		}
		if !item.over(s.clock.Now()) {
			found[values[item.SK]] = item.Targets
		}
	}
	return found, nil
}
