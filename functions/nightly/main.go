// Command nightly is the Lambda function that the nights' schedule and SyncRequested events call.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Nightly()) }
