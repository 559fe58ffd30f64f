package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/usersync"
)

// readyIn is how long a new table may take.
const readyIn = 2 * time.Minute

// CreateTables makes both tables as the deployment's template declares them, for tests and for one
// machine: paid by request, the main one with its index, both with `expires` as their time to live. Tables
// that exist are left as they are.
func CreateTables(ctx context.Context, client *dynamodb.Client, tables Tables) error {
	text := func(names ...string) (all []types.AttributeDefinition) {
		for _, name := range names {
			all = append(all, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS})
		}
		return all
	}
	index := types.GlobalSecondaryIndex{
		IndexName:  aws.String(unfinishedIndex),
		KeySchema:  []types.KeySchemaElement{{AttributeName: aws.String(unfinishedIndex), KeyType: types.KeyTypeHash}},
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
	}
	if err := createTable(ctx, client, &dynamodb.CreateTableInput{
		TableName:              &tables.Main,
		AttributeDefinitions:   text("pk", "sk", unfinishedIndex),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{index},
	}); err != nil {
		return err
	}
	return createTable(ctx, client, &dynamodb.CreateTableInput{
		TableName:            &tables.Pages,
		AttributeDefinitions: text("pk", "sk"),
	})
}

func createTable(ctx context.Context, client *dynamodb.Client, table *dynamodb.CreateTableInput) error {
	table.BillingMode = types.BillingModePayPerRequest
	table.KeySchema = []types.KeySchemaElement{
		{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
	}
	_, err := client.CreateTable(ctx, table)
	_, exists := errors.AsType[*types.ResourceInUseException](err)
	if err != nil && !exists {
		return translate(err)
	}
	there := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 200*time.Millisecond, 5*time.Second
	})
	if err := there.Wait(ctx, &dynamodb.DescribeTableInput{TableName: table.TableName}, readyIn); err != nil || exists {
		return translate(err)
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               table.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("expires"), Enabled: aws.Bool(true)},
	})
	return translate(err)
}

// CheckTable holds a table against what the template makes. Errors: Settings where it is not there, has another
// key, or keeps for ever what is to be deleted in time; Unavailable and the like where it cannot be asked.
func CheckTable(ctx context.Context, client *dynamodb.Client, table string) error {
	settings := func(message string) error { return usersync.E(usersync.Settings, "the table "+table+" "+message) }
	about, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if _, absent := errors.AsType[*types.ResourceNotFoundException](err); absent {
		return settings("is not there")
	}
	if err != nil {
		return translate(err)
	}
	keys := map[types.KeyType]string{}
	for _, k := range about.Table.KeySchema {
		keys[k.KeyType] = aws.ToString(k.AttributeName)
	}
	if keys[types.KeyTypeHash] != "pk" || keys[types.KeyTypeRange] != "sk" {
		return settings("has another key than the template's: is it a deployment's?")
	}
	expiry, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return translate(err)
	}
	if d := expiry.TimeToLiveDescription; d == nil || aws.ToString(d.AttributeName) != "expires" ||
		d.TimeToLiveStatus != types.TimeToLiveStatusEnabled && d.TimeToLiveStatus != types.TimeToLiveStatusEnabling {
		return settings("has no time to live on the attribute expires: what jobs leave behind would stay for ever")
	}
	return nil
}
