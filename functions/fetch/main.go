// Command fetch is the Lambda function of the state machine's task Fetch.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Fetch()) }
