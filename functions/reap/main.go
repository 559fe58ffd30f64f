// Command reap is the Lambda function that the sweep's schedule and executions' ends call.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Reap()) }
