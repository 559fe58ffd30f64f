// Command finish is the Lambda function of the state machine's tasks Finish and Abort.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Finish()) }
