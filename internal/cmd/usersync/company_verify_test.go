//go:build verify

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/store/dynamo"
)

// deployedTable makes a deployment's tables on DynamoDB Local, and points AWS's tools there.
func deployedTable(t *testing.T) (*dynamodb.Client, string) {
	t.Helper()
	endpoint := os.Getenv("USERSYNC_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Fatal("USERSYNC_DYNAMODB_ENDPOINT is not set: run this by .ci/with-dynamodb")
	}
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-north-1", BaseEndpoint: aws.String(endpoint), Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	tables := dynamo.Tables{Main: "company-" + filepath.Base(t.TempDir()) + strings.ToLower(t.Name()), Pages: "pages-" + strings.ToLower(t.Name())}
	if err := dynamo.CreateTables(t.Context(), client, tables); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range []string{tables.Main, tables.Pages} {
			_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &name})
		}
	})
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
	t.Setenv("AWS_REGION", "eu-north-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	return client, tables.Main
}

func TestSettingsOfADeploymentArePutReadListedAndDeleted(t *testing.T) {
	client, table := deployedTable(t)
	file := filepath.Join(t.TempDir(), "usersync.yaml")
	good := fmt.Sprintf("network: {allowPrivate: true}\ncompanies:\n  - id: %s\n    name: Brf Å # a note\n    source: {type: directory}\n    target: {type: directory}\n    schedule: {at: \"02:15\", zone: Europe/Stockholm}\n  - id: %s\n    name: Two\n    source: {type: directory}\n    target: {type: directory}\n", testCompany, otherCompany)
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := runProgram(t, "company", "put", "-f", file, "--table", table)
		if r.code != exitDone || strings.Count(r.out, "put  ") != 2 || !strings.Contains(r.stderr, "network") {
			t.Fatalf("put: %+v", r)
		}
	}
	if r := runProgram(t, "company", "get", strings.ToUpper(testCompany), "--table", table); r.code != exitDone || !strings.Contains(r.out, "name: Brf Å") {
		t.Errorf("get: %+v", r)
	}
	if r := runProgram(t, "company", "list", "--table", table); r.code != exitDone || strings.Count(r.out, "\n") != 2 || !strings.Contains(r.out, "02:15 Europe/Stockholm    Brf Å") {
		t.Errorf("list: %+v", r)
	}
	if r := runProgram(t, "company", "list", "--table", table, "--json"); r.code != exitDone || !strings.Contains(r.out, `"schedule":{"at":"02:15","zone":"Europe/Stockholm"}`) {
		t.Errorf("list --json: %+v", r)
	}
	bad := strings.Replace(good, "directory}\n    target", "file, path: x}\n    target", 1)
	if err := os.WriteFile(file, []byte(strings.Replace(bad, "name: Two", "nam: Two", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runProgram(t, "company", "put", "-f", file, "--table", table); r.code != exitUsage || r.out != "" || !strings.Contains(r.stderr, "companies[0].source") || !strings.Contains(r.stderr, "companies[1].nam") {
		t.Errorf("put of faults: %+v", r)
	}
	half := strings.NewReplacer("name: Brf Å", "name: Changed", "name: Two", "nam: Two").Replace(good)
	if err := os.WriteFile(file, []byte(half), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runProgram(t, "company", "put", "-f", file, "--table", table); r.code != exitUsage || r.out != "" {
		t.Errorf("put of one fault: %+v", r)
	}
	if r := runProgram(t, "company", "list", "--table", table); r.code != exitDone || strings.Contains(r.out, "Changed") {
		t.Errorf("a file with a fault has changed what is kept: %+v", r)
	}
	for _, want := range []int{exitDone, exitFailed} {
		if r := runProgram(t, "company", "delete", otherCompany, "--table", table); r.code != want {
			t.Errorf("delete: %+v", r)
		}
	}
	for name, args := range map[string][]string{
		"is not there": {"list", "--table", table + "-nope"}, "guid": {"get", "17", "--table", table}, "no settings": {"get", otherCompany, "--table", table},
	} {
		if r := runProgram(t, append([]string{"company"}, args...)...); r.code == exitDone || !strings.Contains(r.stderr, name) || r.out != "" || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%v: %+v", args, r)
		}
	}
	off := &dynamodb.UpdateTimeToLiveInput{TableName: &table, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("expires"), Enabled: aws.Bool(false)}}
	if _, err := client.UpdateTimeToLive(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	if r := runProgram(t, "company", "put", "-f", file, "--table", table); r.code != exitUsage || strings.Contains(r.out, "put") {
		t.Errorf("a table that keeps everything for ever: %+v", r)
	}
}
