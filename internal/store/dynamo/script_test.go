package dynamo

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// object is JSON as DynamoDB speaks it.
type object = map[string]any

// answer is what a scripted engine says; a lost one is an error of the connection.
type answer struct {
	status int // 0 is 200
	body   any // a string is sent as it is
	lost   error
}

// engineError is a refusal as DynamoDB words it.
func engineError(status int, code string, more object) answer {
	body := object{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": secret, "Message": secret}
	for k, v := range more {
		body[k] = v
	}
	return answer{status: status, body: body}
}

// secret is what an engine says and nobody must hear.
const secret = "table arn:aws:dynamodb:eu-north-1:123:table/people of anna@example.com"

// script answers requests and remembers their operations.
type script struct {
	mu    sync.Mutex
	asked []string
	say   func(operation string, in object) answer
}

func (s *script) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var in object
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.asked = append(s.asked, operation)
	a := s.say(operation, in)
	if a.lost != nil {
		return nil, a.lost
	}
	out, ok := a.body.(string)
	if !ok {
		raw, err := json.Marshal(a.body)
		if err != nil {
			return nil, err
		}
		out = string(raw)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader([]byte(out))), Request: r,
	}, nil
}

// scripted is a store over a script; the SDK tries everything three times, without waiting.
func scripted(t *testing.T, say func(operation string, in object) answer) (*Store, *script, *usersynctest.Clock) {
	t.Helper()
	s, clock := &script{say: say}, usersynctest.NewClock()
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-north-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), HTTPClient: s,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 3, 1, ratelimit.None
		}),
	})
	return New(client, Tables{Main: "main", Pages: "pages"}, clock), s, clock
}
