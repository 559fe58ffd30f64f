package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Killed at any moment, a job goes on with the next start of the process, and ends as if nothing had
// happened: the counts of an undisturbed run, nobody twice in the target.
func TestKilledAtRandomMomentsAJobEndsAsIfUndisturbed(t *testing.T) {
	const people, kills = 5000, 20
	target := newSlowWebsak(t, 20*time.Millisecond)
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: {type: file, path: people.csv}\n    target: %s\n", testCompany, target.endpoint()))
	writeCSV(t, filepath.Join(filepath.Dir(settings), "people.csv"), people, func(int) string { return "Adviser" })

	first := serveProgram(t, "--config", settings, "--data", data)
	started, err := first.client(t, data, testCompany).start(context.Background(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	running := first
	for range kills {
		moment := time.NewTimer(time.Duration(rand.IntN(140)) * time.Millisecond)
		<-moment.C
		running.end(syscall.SIGKILL)
		running = serveProgram(t, "--config", settings, "--data", data)
	}
	j := wait(t, running.client(t, data, testCompany), started.ID)
	if j.StatusName != "Completed" || count(j.UsersFound) != people || count(j.UsersCreated) != people || count(j.UsersUpdated) != 0 || count(j.UsersFailed) != 0 {
		t.Errorf("the job ended %s with found %d, created %d, updated %d, failed %d: %s", j.StatusName,
			count(j.UsersFound), count(j.UsersCreated), count(j.UsersUpdated), count(j.UsersFailed), j.ErrorMessage)
	}
	target.mu.Lock()
	defer target.mu.Unlock()
	if len(target.ids) != people {
		t.Errorf("the target holds %d people, not %d", len(target.ids), people)
	}
	for code, n := range target.created {
		if n != 1 {
			t.Errorf("%s was created %d times", code, n)
		}
	}
}
