package bus

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestTheEndOfAJobIsPutOnTheBusInTheAPIsWords(t *testing.T) {
	var body []byte
	status, answer := http.StatusOK, `{"FailedEntryCount":0}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	config := aws.Config{Region: "eu-north-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), HTTPClient: server.Client()}
	var log bytes.Buffer
	b := New(signed.New(config, usersynctest.NewClock()), server.URL, "the-bus", slog.New(slog.NewTextHandler(&log, nil)))
	at := time.Date(2026, 3, 1, 2, 15, 0, 0, time.UTC)
	job := usersync.Job{ID: "j", Company: "c", Status: usersync.Completed, Counts: usersync.Counts{Found: 3, Created: 2, Failed: 1}, CreatedAt: at, UpdatedAt: at}
	b.Ended(t.Context(), job)
	var sent struct {
		Entries []struct{ EventBusName, Source, DetailType, Detail string }
	}
	if err := json.Unmarshal(body, &sent); err != nil || len(sent.Entries) != 1 {
		t.Fatalf("%s %v", body, err)
	}
	e := sent.Entries[0]
	want := `{"Id":"j","CompanyId":"c","Status":2,"StatusName":"Completed","UsersFound":3,"UsersCreated":2,"UsersUpdated":0,"UsersRemoved":0,"UsersFailed":1,"CreatedDate":"2026-03-01T02:15:00Z","UpdatedDate":"2026-03-01T02:15:00Z"}`
	if e.EventBusName != "the-bus" || e.Source != "usersync" || e.DetailType != "SyncEnded" || e.Detail != want || log.Len() != 0 {
		t.Errorf("%+v %s", e, log.String())
	}
	for _, c := range []struct {
		status int
		answer string
	}{{200, `{"FailedEntryCount":1}`}, {400, `{"__type":"AccessDeniedException"}`}, {500, ``}} {
		log.Reset()
		status, answer = c.status, c.answer
		b.Ended(t.Context(), job)
		if !strings.Contains(log.String(), "could not be put on the bus") {
			t.Errorf("%d %s: %s", c.status, c.answer, log.String())
		}
	}
}
