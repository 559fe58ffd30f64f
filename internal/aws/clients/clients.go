// Package clients says how a function's clients of AWS's services connect: with the credentials, region and
// endpoints of its environment, and with time-outs of their own, so that a call which hangs ends long
// before the function that makes it does.
package clients

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/usersync/usersync/internal/usersync"
)

// The time-outs of one attempt, and how many there are; docs/timeouts.md has them beside the others.
const (
	Connect  = 2 * time.Second
	Answer   = 5 * time.Second // from the request until the whole answer is read
	Attempts = 4
	maxDelay = 2 * time.Second // between two attempts
)

// connections is how many idle connections a host may have: more than the requests that one step of a job
// has under way at a store.
const connections = 64

// Config is what every client of a function is made from. The SDK's own reader of configurations also
// knows files, roles and logins, which no function has; leaving it out makes each one a fifth smaller.
// Errors: Settings where the region is missing.
func Config() (aws.Config, error) {
	client := awshttp.NewBuildableClient().WithTimeout(Answer).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = Connect }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = Connect
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*connections, connections
		})
	c := aws.Config{
		Region: os.Getenv("AWS_REGION"), Credentials: aws.CredentialsProviderFunc(credentials), HTTPClient: client,
		AppID: os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), // for whoever reads in a trail who called
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = Attempts, maxDelay })
		},
	}
	if c.Region == "" {
		return c, usersync.E(usersync.Settings, "AWS_REGION is missing: it must name the region of the deployment")
	}
	return c, nil
}

// credentials are those that the platform puts into a function's environment.
func credentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment",
	}
	if !c.HasKeys() {
		return c, usersync.E(usersync.Settings, "the function's environment has no credentials")
	}
	return c, nil
}

// Endpoint is where a service is called, such as DYNAMODB; nil: where AWS has it.
func Endpoint(service string) *string {
	if address := os.Getenv("AWS_ENDPOINT_URL_" + service); address != "" {
		return &address
	}
	return nil
}

// EndpointOr is where a service is called that is called without its client: where the environment says, or
// where AWS has it in the region.
func EndpointOr(service, host, region string) string {
	if address := Endpoint(service); address != nil {
		return *address
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain += ".cn"
	}
	return "https://" + host + "." + region + "." + domain + "/"
}
