//go:build verify

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/usersync/usersync/internal/store/dynamo"
	"github.com/usersync/usersync/internal/usersync"
)

// chain is the deployment that runs on this machine, as its clients and operators reach it.
type chain struct {
	t     *testing.T
	store *dynamo.Store
	sfn   *sfn.Client
}

// deployment finds what `.ci/local` has started.
func deployment(t *testing.T) *chain {
	t.Helper()
	for _, name := range []string{"USERSYNC_API", "USERSYNC_ISSUER", "USERSYNC_WEBSAK", "USERSYNC_CALLS", "USERSYNC_TABLE", "USERSYNC_PAGES", "USERSYNC_STATE_MACHINE"} {
		if os.Getenv(name) == "" {
			t.Fatal(name + " is not set: run this by .ci/local")
		}
	}
	login := credentials.NewStaticCredentialsProvider("local", "local", "")
	tables := dynamo.Tables{Main: os.Getenv("USERSYNC_TABLE"), Pages: os.Getenv("USERSYNC_PAGES")}
	client := dynamodb.New(dynamodb.Options{Region: "eu-north-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")), Credentials: login})
	return &chain{
		t: t, store: dynamo.New(client, tables, usersync.SystemClock{}),
		sfn: sfn.New(sfn.Options{Region: "eu-north-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_SFN")), Credentials: login}),
	}
}

// usersync runs the command line and returns what it printed.
func (c *chain) usersync(args ...string) string {
	c.t.Helper()
	out, err := exec.Command(os.Getenv("USERSYNC_COMMAND"), args...).Output()
	if err != nil {
		c.t.Fatalf("usersync %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// token is a login at the deployment.
func (c *chain) token(company string, more ...string) string {
	c.t.Helper()
	return c.usersync(append([]string{"token", "--data", os.Getenv("USERSYNC_ISSUER"), "--company", company, "--role", "superadmin"}, more...)...)
}

// call makes a request and decodes its answer.
func (c *chain) call(method, address, token string, body, into any) (status int) {
	c.t.Helper()
	return c.callAs(method, address, token, "", body, into)
}

// callAs is call with an Idempotency-Key, unless that is empty.
func (c *chain) callAs(method, address, token, key string, body, into any) (status int) {
	c.t.Helper()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, address, sent)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && into != nil && len(text) > 0 {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		c.t.Fatalf("%s %s: %d %.300s: %v", method, address, answer.StatusCode, text, err)
	}
	return answer.StatusCode
}

// job is what the job API says of one.
type job struct {
	ID                                                                  string `json:"Id"`
	Status                                                              int
	StatusName, ErrorMessage                                            string
	UsersFound, UsersCreated, UsersUpdated, UsersUnchanged, UsersFailed int
	ResponseStatus                                                      *responseStatus
}

type responseStatus struct {
	ErrorCode, Message string
	Meta               map[string]string
}

const jobs = "/codelock/axema/usersync"

// start asks for a job.
func (c *chain) start(token string, body any) (job, int) {
	c.t.Helper()
	return c.startAs(token, "", body)
}

// startAs asks for one with an Idempotency-Key.
func (c *chain) startAs(token, key string, body any) (job, int) {
	c.t.Helper()
	var j job
	status := c.callAs("POST", os.Getenv("USERSYNC_API")+jobs, token, key, body, &j)
	return j, status
}

// get reads a job.
func (c *chain) get(token, id string) job {
	c.t.Helper()
	var j job
	if status := c.call("GET", os.Getenv("USERSYNC_API")+jobs+"/"+id, token, nil, &j); status != http.StatusOK {
		c.t.Fatalf("the job %s: %d", id, status)
	}
	return j
}

// list reads a company's jobs, newest first.
func (c *chain) list(token string) []job {
	c.t.Helper()
	var all struct{ Results []job }
	if status := c.call("GET", os.Getenv("USERSYNC_API")+jobs, token, nil, &all); status != http.StatusOK {
		c.t.Fatalf("the jobs: %d", status)
	}
	return all.Results
}

// until asks for a job until done says yes of it, and returns it as it was each time.
func (c *chain) until(token, id string, done func(job) bool) []job {
	c.t.Helper()
	var seen []job
	for range 600 {
		j := c.get(token, id)
		if seen = append(seen, j); done(j) {
			return seen
		}
		if err := (usersync.SystemClock{}).Wait(c.t.Context(), 200*time.Millisecond); err != nil {
			break
		}
	}
	c.t.Fatalf("not even after two minutes: %+v", seen[len(seen)-1])
	return nil
}

func ended(j job) bool { return j.Status >= 2 }

// invoke calls a function as an event does. fault is the name of its error.
func (c *chain) invoke(function string, event any) (fault string) {
	c.t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		c.t.Fatal(err)
	}
	address := os.Getenv("AWS_ENDPOINT_URL_LAMBDA") + "/2015-03-31/functions/" + function + "/invocations"
	answer, err := http.Post(address, "application/json", bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	var said struct{ ErrorType string }
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %s %v", function, answer.StatusCode, body, err)
	}
	_ = json.Unmarshal(body, &said) // null is no error
	return said.ErrorType
}

// event is what EventBridge sends.
func event(source, kind, id string, detail any) map[string]any {
	return map[string]any{
		"version": "0", "id": id, "source": source, "detail-type": kind, "account": "000000000000", "region": "eu-north-1",
		"time": time.Now().UTC().Format(time.RFC3339), "resources": []string{}, "detail": detail,
	}
}

// websak is a login at the server that answers as a Websak system does.
func (c *chain) websak(client string) string {
	c.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {os.Getenv("WEBSAK_SECRET")}, "scope": {"userapi"}}
	answer, err := http.PostForm(os.Getenv("USERSYNC_WEBSAK")+"/connect/token", form)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	var said struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil || said.Token == "" {
		c.t.Fatalf("no token for %s: %v", client, err)
	}
	return said.Token
}

// users are those that a Websak-shaped server lists.
func (c *chain) users(token string) (all []map[string]any) {
	c.t.Helper()
	c.call("GET", os.Getenv("USERSYNC_WEBSAK")+"/directory/api/Users?limit=10000", token, nil, &all)
	return all
}

// fill adds people until the server lists n.
func (c *chain) fill(token string, n int) {
	c.t.Helper()
	for i := len(c.users(token)); i < n; i++ {
		person := map[string]any{"lookupField": "Code", "code": fmt.Sprintf("p%05d", i), "name": fmt.Sprintf("Person %d", i)}
		if status := c.call("POST", os.Getenv("USERSYNC_WEBSAK")+"/directory/api/Users", token, person, nil); status != http.StatusCreated {
			c.t.Fatalf("person %d: %d", i, status)
		}
	}
}
