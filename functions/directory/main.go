// Command directory is the Lambda function behind the built-in directory's API.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/usersync/usersync/internal/app/deployed"
)

func main() { lambda.Start(deployed.Directory()) }
