package dynamo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/usersync/usersync/internal/usersync"
)

var _ usersync.Tenants = (*Store)(nil)

// tenantItem is a company's settings.
type tenantItem struct {
	key
	Name     string `dynamodbav:"name"`
	Settings []byte `dynamodbav:"settings"`
	At       string `dynamodbav:"at,omitempty"` // of the schedule; empty: none
	Zone     string `dynamodbav:"zone,omitempty"`
	Put      string `dynamodbav:"put"`
}

// listingItem is what is asked for of many companies at once, spread over partitions.
type listingItem struct {
	key
	Name      string `dynamodbav:"name"`
	At        string `dynamodbav:"at"`
	Zone      string `dynamodbav:"zone"`
	Put       string `dynamodbav:"put"`
	Succeeded string `dynamodbav:"succeeded"` // empty: never
}

func tenantKey(company usersync.CompanyID) key { return companyKey(company, "SETTINGS") }

func listingKey(company usersync.CompanyID) key {
	return key{PK: listingPartition(shard(usersync.HashKey("company", string(company)))), SK: string(company)}
}

func listingPartition(shard string) string { return "T#" + shard }

// PutTenant writes settings and listing in one transaction: whoever is listed has the settings that the
// listing was made of.
func (s *Store) PutTenant(ctx context.Context, t usersync.Tenant) error {
	schedule := usersync.Schedule{}
	if t.Schedule != nil {
		schedule = *t.Schedule
	}
	item := tenantItem{key: tenantKey(t.ID), Name: t.Name, Settings: t.Settings, At: schedule.At, Zone: schedule.Zone, Put: stamp(t.PutAt)}
	settings, err := encode(item)
	if err != nil {
		return err
	}
	name, value := expression.Name, expression.Value
	e, err := build(expression.NewBuilder().WithUpdate(expression.Set(name("name"), value(item.Name)).
		Set(name("at"), value(item.At)).Set(name("zone"), value(item.Zone)).Set(name("put"), value(item.Put))))
	if err != nil {
		return err
	}
	return s.transactUntangled(ctx, []types.TransactWriteItem{
		{Put: &types.Put{TableName: &s.tables.Main, Item: settings}},
		{Update: &types.Update{
			TableName: &s.tables.Main, Key: listingKey(t.ID).row(),
			UpdateExpression: e.Update(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
		}},
	})
}

// Tenant reads one item.
func (s *Store) Tenant(ctx context.Context, id usersync.CompanyID) (usersync.Tenant, error) {
	found, err := s.get(ctx, s.tables.Main, tenantKey(id))
	if err != nil {
		return usersync.Tenant{}, err
	}
	if found == nil {
		return usersync.Tenant{}, noTenant()
	}
	item, err := decode[tenantItem](found)
	if err != nil {
		return usersync.Tenant{}, err
	}
	t := usersync.Tenant{ID: id, Name: item.Name, Settings: item.Settings, Schedule: scheduleOf(item.At, item.Zone)}
	if t.PutAt, err = time.Parse(moment, item.Put); err != nil {
		return usersync.Tenant{}, unreadable(err)
	}
	return t, nil
}

func noTenant() error { return usersync.E(usersync.NotFound, "the company has no settings") }

// DeleteTenant removes settings and listing in one transaction.
func (s *Store) DeleteTenant(ctx context.Context, id usersync.CompanyID) error {
	settings, err := s.removeWrite(tenantKey(id), expression.AttributeExists(expression.Name("pk")))
	if err != nil {
		return err
	}
	listing := types.TransactWriteItem{Delete: &types.Delete{TableName: &s.tables.Main, Key: listingKey(id).row()}}
	err = s.transactUntangled(ctx, []types.TransactWriteItem{settings, listing})
	if _, missing := errors.AsType[*cancelled](err); missing {
		return noTenant()
	}
	return err
}

// Tenants reads the listings.
func (s *Store) Tenants(ctx context.Context) ([]usersync.Tenant, error) {
	items, err := s.listings(ctx)
	var all []usersync.Tenant
	for _, item := range items {
		all = append(all, usersync.Tenant{ID: usersync.CompanyID(item.SK), Name: item.Name, Schedule: scheduleOf(item.At, item.Zone)})
	}
	return all, err
}

// TenantTimetables reads the listings.
func (s *Store) TenantTimetables(ctx context.Context) ([]usersync.Timetable, error) {
	items, err := s.listings(ctx)
	if err != nil {
		return nil, err
	}
	var all []usersync.Timetable
	for _, item := range items {
		schedule := scheduleOf(item.At, item.Zone)
		if schedule == nil {
			continue
		}
		t := usersync.Timetable{Company: usersync.CompanyID(item.SK), Schedule: *schedule}
		if t.Since, err = time.Parse(moment, item.Put); err != nil {
			return nil, unreadable(err)
		}
		if item.Succeeded != "" {
			if t.Succeeded, err = time.Parse(moment, item.Succeeded); err != nil {
				return nil, unreadable(err)
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// TenantSucceeded is one conditional write, repeated where it meets a put.
func (s *Store) TenantSucceeded(ctx context.Context, id usersync.CompanyID, at time.Time) error {
	name, value := expression.Name("succeeded"), expression.Value(stamp(at))
	later := expression.AttributeExists(expression.Name("pk")).
		And(expression.AttributeNotExists(name).Or(name.LessThan(value)))
	return unlessRefused(s.untangled(ctx, func() error {
		_, err := s.update(ctx, listingKey(id), expression.Set(name, value), later)
		return err
	}))
}

// listings reads all partitions side by side, in order of id.
func (s *Store) listings(ctx context.Context) ([]listingItem, error) {
	parts := make([][]listingItem, len(shards))
	group, ctx := errgroup.WithContext(ctx)
	for i := range shards {
		group.Go(func() error {
			b := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(listingPartition(shards[i : i+1]))))
			for found, err := range s.query(ctx, &dynamodb.QueryInput{TableName: &s.tables.Main}, b) {
				if err != nil {
					return err
				}
				item, err := decode[listingItem](found)
				if err != nil {
					return err
				}
				parts[i] = append(parts[i], item)
			}
			return nil
		})
	}
	err := group.Wait()
	all := slices.Concat(parts...)
	slices.SortFunc(all, func(a, b listingItem) int { return cmp.Compare(a.SK, b.SK) })
	return all, err
}

// scheduleOf is nil for no schedule.
func scheduleOf(at, zone string) *usersync.Schedule {
	if at == "" && zone == "" {
		return nil
	}
	return &usersync.Schedule{At: at, Zone: zone}
}
