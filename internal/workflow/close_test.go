package workflow

import (
	"fmt"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

func TestClosingAJobOutlivesItsLateWriterAndHappensOnce(t *testing.T) {
	b := newBench()
	job, err := b.start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	b.store.faster = 4 // its steps still write a few times, between our reading and our writing
	for i := range 2 {
		if err := b.closer.Close(t.Context(), aCompany, job.ID, fmt.Sprint("reason ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.store.jobs[job.ID]; got.Status != usersync.Failed || got.Error != "reason 0" || b.store.holders[aCompany].job != "" || !b.store.erased[job.ID] {
		t.Errorf("closed as %+v", got)
	}
	if _, err := b.store.SaveJob(t.Context(), job); !usersync.Is(err, usersync.Fenced) {
		t.Errorf("a late writer got %v", err)
	}
	if err := b.closer.Close(t.Context(), aCompany, aJob, "x"); err != nil {
		t.Errorf("closing a job that is not there: %v", err)
	}
}
