// Command upsert is the Lambda function of the state machine's task Upsert.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Upsert()) }
