// Package signed calls those of AWS's services of which a function needs a single operation, in JSON 1.1: the
// SDK's clients of them, which have hundreds, would be a third of the function.
package signed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	attempts  = 3                      // of a call whose answer was lost, or that came too often
	firstWait = 200 * time.Millisecond // before the second one; doubled each time
	maxAnswer = 512 << 10              // bytes
)

// Service is an operation of a service.
type Service struct {
	Name     string // as requests are signed for it
	Endpoint string // where it is called
	Target   string // what X-Amz-Target names: the service's version and the operation
}

// Client makes requests with a function's credentials. It is safe for concurrent use.
type Client struct {
	aws    aws.Config
	signer *v4.Signer
	clock  usersync.Clock
}

// New makes a Client.
func New(c aws.Config, clock usersync.Clock) *Client {
	return &Client{aws: c, signer: v4.NewSigner(), clock: clock}
}

// Call makes one request and decodes its answer into out. Errors: Rejected where the service refuses it, whose
// message is the code of the service's error; Throttled; Unavailable; Settings where there are no credentials.
func (c *Client) Call(ctx context.Context, s Service, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return &usersync.Error{Code: usersync.Internal, Message: "a request could not be made", Cause: err}
	}
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err = c.once(ctx, s, body, out)
		switch usersync.CodeOf(err) {
		case usersync.Throttled, usersync.Unavailable:
			if attempt < attempts && c.clock.Wait(ctx, wait) == nil {
				wait *= 2
				continue
			}
		}
		return err
	}
}

// once makes the request and reads the answer.
func (c *Client) once(ctx context.Context, s Service, body []byte, out any) error {
	request, err := c.request(ctx, s, body)
	if err != nil {
		return err
	}
	response, err := c.aws.HTTPClient.Do(request)
	if err != nil {
		return unanswered(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil || len(text) > maxAnswer || response.StatusCode >= http.StatusInternalServerError:
		return unanswered(err)
	case response.StatusCode != http.StatusOK:
		return refusal(text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return unanswered(nil) // its text may hold a secret
	}
	return nil
}

func unanswered(err error) error {
	return &usersync.Error{Code: usersync.Unavailable, Message: "there is no answer", InDoubt: true, Cause: err}
}

// request signs a request.
func (c *Client) request(ctx context.Context, s Service, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, &usersync.Error{Code: usersync.Settings, Message: "the service's address is none", Cause: err}
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", s.Target)
	r.Header.Set("User-Agent", "usersync app/"+c.aws.AppID)
	login, err := c.aws.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(body)
	if err := c.signer.SignHTTP(ctx, login, r, hex.EncodeToString(hash[:]), s.Name, c.aws.Region, c.clock.Now()); err != nil {
		return nil, &usersync.Error{Code: usersync.Internal, Message: "a request could not be signed", Cause: err}
	}
	return r, nil
}

// refusal is the error of an answer that is one. Of what the service says only its error's code is used.
func refusal(text []byte) error {
	var said struct {
		Type string `json:"__type"`
	}
	_ = json.Unmarshal(text, &said) // what cannot be read has no code
	code := said.Type[strings.LastIndexByte(said.Type, '#')+1:]
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
		return usersync.E(usersync.Throttled, "it is asked for too often at once")
	}
	if !errorCode(code) {
		code = "an unknown error"
	}
	return usersync.E(usersync.Rejected, code)
}

// errorCode reports whether a text looks like the name of an error.
func errorCode(text string) bool {
	letters := strings.IndexFunc(text, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') }) < 0
	return text != "" && len(text) <= 64 && letters
}
