// Command status is the Lambda function behind the other routes of the job API.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Status()) }
