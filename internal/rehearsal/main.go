// Command rehearsal stands between the functions and the services of AWS that run on one machine, hands
// each call on, and notes who called what. Its tests are the rehearsal of the whole chain: `make local` starts
// what they need.
//
//	rehearsal -listen HOST:PORT -dynamodb URL -sfn URL -rest URL -notes FILE
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to listen")
	notes := flag.String("notes", "calls.jsonl", "the file that each kind of call is noted in, once")
	services := map[string]*string{
		"DynamoDB_20120810": flag.String("dynamodb", "", "where DynamoDB is"),
		"AWSStepFunctions":  flag.String("sfn", "", "where Step Functions is"),
		"":                  flag.String("rest", "", "where all other services are"),
	}
	flag.Parse()
	file, err := os.OpenFile(*notes, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	r := &recorder{to: map[string]*httputil.ReverseProxy{}, notes: file, seen: map[call]bool{}}
	for prefix, address := range services {
		target, err := url.Parse(*address)
		if err != nil || target.Host == "" {
			log.Fatalf("%q is no address", *address)
		}
		r.to[prefix] = &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			host := p.In.Host // what was signed
			p.SetURL(target)
			p.Out.Host = host
		}}
	}
	log.Fatal(http.ListenAndServe(*listen, r))
}

// call is one kind of call: which function makes it, and to what. Resource is a table's name, with the index
// where one is read, or a secret's; else empty.
type call struct {
	Function string
	Action   string // as policies name it, such as dynamodb:GetItem
	Resource string
}

// recorder hands calls on and notes them.
type recorder struct {
	to    map[string]*httputil.ReverseProxy // by the service's name in X-Amz-Target; "" for the rest
	mu    sync.Mutex
	notes io.Writer
	seen  map[call]bool
}

// maxBody is the largest request of any service that is used, in bytes.
const maxBody = 32 << 20

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	service, operation, _ := strings.Cut(q.Header.Get("X-Amz-Target"), ".")
	for _, c := range callsOf(functionOf(q.Header.Get("User-Agent")), service, operation, body) {
		r.note(c)
	}
	to := r.to[service]
	if to == nil {
		to = r.to[""]
	}
	to.ServeHTTP(w, q)
}

// note writes a call that has not been seen before.
func (r *recorder) note(c call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[c] {
		return
	}
	r.seen[c] = true
	line, _ := json.Marshal(c) // three texts cannot fail
	if _, err := r.notes.Write(append(line, '\n')); err != nil {
		log.Fatal(err)
	}
}

var application = regexp.MustCompile(`\bapp/(\w+)`)

// functionOf is the function that a client says it is of; empty for others.
func functionOf(userAgent string) string {
	if m := application.FindStringSubmatch(userAgent); m != nil {
		return m[1]
	}
	return ""
}

// prefixes are the services' names in policies.
var prefixes = map[string]string{
	"DynamoDB_20120810": "dynamodb", "AWSStepFunctions": "states", "AWSEvents": "events", "secretsmanager": "secretsmanager", "AmazonSSM": "ssm",
}

// callsOf are what a request needs to be allowed to do.
func callsOf(function, service, operation string, body []byte) []call {
	var in struct {
		TableName, IndexName string
		RequestItems         map[string]json.RawMessage
		TransactItems        []map[string]struct{ TableName string }
		SecretID             string `json:"SecretId"`
		Name                 string
	}
	_ = json.Unmarshal(body, &in) // what is no request of the kind names nothing
	action := func(name string) string { return prefixes[service] + ":" + name }
	var calls []call
	switch {
	case len(in.TransactItems) > 0:
		names := map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
		for _, item := range in.TransactItems {
			for kind, write := range item {
				calls = append(calls, call{function, action(names[kind]), write.TableName})
			}
		}
	case len(in.RequestItems) > 0:
		for table := range in.RequestItems {
			calls = append(calls, call{function, action(operation), table})
		}
	case in.IndexName != "":
		calls = []call{{function, action(operation), in.TableName + "/index/" + in.IndexName}}
	case service == "DynamoDB_20120810":
		calls = []call{{function, action(operation), in.TableName}}
	case service == "secretsmanager":
		calls = []call{{function, action(operation), in.SecretID}}
	case service == "AmazonSSM":
		calls = []call{{function, action(operation), in.Name}}
	default:
		calls = []call{{function, action(operation), ""}}
	}
	return slices.Compact(calls)
}
