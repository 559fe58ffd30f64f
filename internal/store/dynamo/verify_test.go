//go:build verify

package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/store/storetest"
	"github.com/usersync/usersync/internal/usersync"
)

// engine is a client of the DynamoDB Local that the environment names; a wrapper may spoil its answers.
func engine(t *testing.T, wrap func(http.RoundTripper) http.RoundTripper) *dynamodb.Client {
	t.Helper()
	endpoint := os.Getenv("USERSYNC_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Fatal("USERSYNC_DYNAMODB_ENDPOINT is not set: run this by .ci/with-dynamodb")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.MaxConnsPerHost = 64
	t.Cleanup(transport.CloseIdleConnections)
	return dynamodb.New(dynamodb.Options{
		Region: "eu-north-1", BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  &http.Client{Transport: wrap(transport)},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxBackoff, o.RateLimiter = 20*time.Millisecond, ratelimit.None
		}),
	})
}

func unspoilt(t http.RoundTripper) http.RoundTripper { return t }

// openTwo is two stores over new, empty tables; the second one's connection is wrapped.
func openTwo(t *testing.T, clock usersync.Clock, wrap func(http.RoundTripper) http.RoundTripper) (a, b *Store) {
	t.Helper()
	client := engine(t, unspoilt)
	name := newToken()
	tables := Tables{Main: fmt.Sprintf("main-%s", name), Pages: fmt.Sprintf("pages-%s", name)}
	if err := CreateTables(t.Context(), client, tables); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, table := range []string{tables.Main, tables.Pages} {
			if _, err := client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
				t.Log(err)
			}
		}
	})
	return New(client, tables, clock), New(engine(t, wrap), tables, clock)
}

func TestTheStoreKeepsItsPromisesOnDynamoDBLocal(t *testing.T) {
	storetest.Run(t, func(t *testing.T, clock usersync.Clock) (a, b usersync.Store) {
		return openTwo(t, clock, unspoilt)
	})
}

func TestTenantsKeepTheirPromisesOnDynamoDBLocal(t *testing.T) {
	storetest.RunTenants(t, func(t *testing.T, clock usersync.Clock) (a, b usersync.Tenants) {
		return openTwo(t, clock, unspoilt)
	})
}

func TestNightsKeepTheirPromisesOnDynamoDBLocal(t *testing.T) {
	storetest.RunNights(t, func(t *testing.T, clock usersync.Clock) (a, b usersync.Nights) {
		return openTwo(t, clock, unspoilt)
	})
}

func TestAHalfKnownStartFindsItsWayBack(t *testing.T) {
	storetest.RunStart(t, func(t *testing.T, clock usersync.Clock) (a, b usersync.Store) {
		return openTwo(t, clock, unspoilt)
	})
}

func TestTheDirectoryKeepsItsPromisesOnDynamoDBLocal(t *testing.T) {
	storetest.RunDirectory(t, func(t *testing.T, clock usersync.Clock) (a, b directory.Store) {
		return openTwo(t, clock, unspoilt)
	})
}

// TestManyProcessesFillOneDirectory has as many clients as there may be functions at work for one
// company, none of which knows of the others.
func TestManyProcessesFillOneDirectory(t *testing.T) {
	const processes, users = 8, 3
	first, _ := openTwo(t, usersync.SystemClock{}, unspoilt)
	client := engine(t, unspoilt)
	var all sync.WaitGroup
	for p := range processes {
		s := New(client, first.tables, usersync.SystemClock{})
		all.Go(func() {
			for i := range users {
				if _, err := s.CreateUser(t.Context(), "c", newTestUser(fmt.Sprint(p, i))); err != nil {
					t.Errorf("%v, caused by %v", err, errors.Unwrap(err))
				}
			}
		})
	}
	all.Wait()
	if found, err := first.Users(t.Context(), "c", 0, 1000); err != nil || len(found) != processes*users {
		t.Fatalf("%d users, error %v", len(found), err)
	}
}
