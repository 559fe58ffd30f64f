package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

const (
	ours    usersync.CompanyID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	theirs  usersync.CompanyID = "11111111-2222-4333-8444-555555555555"
	ourJob  usersync.JobID     = "0195a0b0-0000-7000-8000-000000000001"
	planted                    = "Planted Åkesson"
)

// people are the callers whose tokens the scripted verifier knows.
var people = map[string]auth.Principal{
	"Bearer writer": {Company: ours, Roles: []string{roleWrite}},
	"Bearer reader": {Company: ours, Roles: []string{roleRead}},
	"Bearer super":  {Company: theirs, Roles: []string{roleSuperadmin}},
	"Bearer nobody": {Company: ours, Roles: []string{"Superadmin", "userapi"}},
	"Bearer homely": {Roles: []string{roleWrite}},
	"Bearer rootly": {Roles: []string{roleSuperadmin}},
}

// world is all that the API works with, scripted.
type world struct {
	http.Handler
	mu       sync.Mutex
	log      bytes.Buffer
	started  []usersync.StartRequest
	queries  []usersync.JobQuery
	outcomes []string // arguments of each call
	startErr error
	jobsErr  error
	pingErr  error
	panics   any
	status   usersync.Status
}

func newWorld() *world {
	w := &world{}
	s, _ := New(Config{
		Starter: w, Jobs: w, Ping: func(context.Context) error { return w.pingErr },
		Verifier: w, Clock: usersynctest.NewClock(), Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}).(*server)
	s.outcomes = w.listOutcomes
	w.Handler = s
	return w
}

func (w *world) Verify(_ context.Context, authorization string) (auth.Principal, error) {
	if authorization == "Bearer down" {
		return auth.Principal{}, &usersync.Error{Code: usersync.Unavailable, Message: "no keys", RetryAfter: 4500 * time.Millisecond}
	}
	if who, ok := people[authorization]; ok {
		return who, nil
	}
	return auth.Principal{}, usersync.E(usersync.Unauthorized, "scripted")
}

func (w *world) Start(_ context.Context, r usersync.StartRequest) (usersync.Job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics != nil {
		panic(w.panics)
	}
	w.started = append(w.started, r)
	return w.job(r.Company), w.startErr
}

func (w *world) job(company usersync.CompanyID) usersync.Job {
	at := usersynctest.NewClock().Now()
	return usersync.Job{
		ID: ourJob, Company: company, Status: w.status, CreatedAt: at.In(time.FixedZone("", 3600)), UpdatedAt: at.Add(1500 * time.Millisecond),
		Counts: usersync.Counts{Found: 6, Created: 1, Updated: 2, Unchanged: 3, Removed: 4},
	}
}

func (w *world) Job(_ context.Context, company usersync.CompanyID, id usersync.JobID) (usersync.Job, error) {
	if w.jobsErr != nil {
		return usersync.Job{}, w.jobsErr
	}
	if id != ourJob || company != "" && company != ours {
		return usersync.Job{}, usersync.E(usersync.NotFound, "there is no such job")
	}
	return w.job(ours), nil
}

func (w *world) ListJobs(_ context.Context, q usersync.JobQuery) ([]usersync.Job, error) {
	w.queries = append(w.queries, q)
	if w.jobsErr != nil || q.Skip > 0 {
		return nil, w.jobsErr
	}
	return []usersync.Job{w.job(q.Company)}, nil
}

func (w *world) CreateJob(context.Context, usersync.Job) error { panic("the API writes no job") }
func (w *world) SaveJob(context.Context, usersync.Job) (usersync.Job, error) {
	panic("the API writes no job")
}
func (w *world) Unfinished(context.Context) ([]usersync.Job, error) { panic("not the API's business") }

func (w *world) listOutcomes(_ context.Context, _ usersync.Rows, job usersync.JobID, action usersync.Action, skip, take int) (int, []usersync.Outcome, error) {
	text, err := json.Marshal([]any{job, action, skip, take})
	w.outcomes = append(w.outcomes, string(text))
	return 7, []usersync.Outcome{
		{Key: "u1", Action: usersync.Updated, Fields: []string{"Phone"}},
		{Key: "row:3", Action: usersync.Refused, Reason: "no id"},
	}, err
}

// request is one request of a test.
type request struct {
	method, path, as, body string
	header                 []string // name, value, …
}

func (q request) send(t testing.TB, w *world) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(q.method, "/", strings.NewReader(q.body)).WithContext(t.Context())
	path, rawQuery, _ := strings.Cut(q.path, "?")
	if err := setPath(r, path); err != nil {
		t.Fatal(err)
	}
	r.URL.RawQuery = rawQuery
	if q.as != "" {
		r.Header.Set("Authorization", "Bearer "+q.as)
	}
	for i := 0; i < len(q.header); i += 2 {
		r.Header.Add(q.header[i], q.header[i+1])
	}
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, r)
	return recorder.Result(), recorder.Body.String()
}

func setPath(r *http.Request, path string) error {
	u, err := r.URL.Parse(path)
	if err == nil {
		r.URL = u
	}
	return err
}

// refusal is an error's answer, as a client reads it.
type refusal struct {
	ResponseStatus struct {
		ErrorCode, Message string
		Errors             []fieldError
		Meta               map[string]string
	}
}

func (r refusal) fields() string {
	var names []string
	for _, e := range r.ResponseStatus.Errors {
		names = append(names, e.FieldName)
	}
	return strings.Join(names, " ")
}

func readRefusal(t testing.TB, text string) refusal {
	t.Helper()
	var r refusal
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || r.ResponseStatus.ErrorCode == "" || r.ResponseStatus.Message == "" {
		t.Fatalf("no ResponseStatus in %q: %v", text, err)
	}
	return r
}
