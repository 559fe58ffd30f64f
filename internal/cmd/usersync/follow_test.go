package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// TestAJobThatBreaksOffIsNotWaitedForForEver follows a job that stays Processing although nothing works on it.
func TestAJobThatBreaksOffIsNotWaitedForForEver(t *testing.T) {
	for _, status := range []string{`{"Id":"j","StatusName":"Processing"}`, `{"Id":"j","StatusName":"Completed"}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, status)
		}))
		done := make(chan struct{})
		close(done)
		at := &client{base: server.URL, http: server.Client()}
		r := &syncRun{streams: streams{out: io.Discard, err: io.Discard}, every: time.Hour, progress: newProgress(streams{err: io.Discard})}
		j, err := r.follow(t.Context(), syncOne{
			name: "Brf", at: at, done: func(usersync.JobID) <-chan struct{} { return done },
			start: func(context.Context) (job, error) { return job{ID: "j", StatusName: "Processing"}, nil },
		})
		server.Close()
		if ended := j.StatusName == "Completed"; ended != (err == nil) || err != nil && exitCode(io.Discard, err) != exitFailed {
			t.Errorf("%s: %v", status, err)
		}
	}
}
