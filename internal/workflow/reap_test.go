package workflow

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

// known is what a state machine's service knows, by name.
type known map[string]usersync.Execution

func (k known) Execution(_ context.Context, name string) (usersync.Execution, error) {
	return k[name], nil
}

// timetables are those of the companies that are synced every night.
type timetables []usersync.Timetable

func (t timetables) Timetables(context.Context) ([]usersync.Timetable, error) { return t, nil }

var (
	running    = usersync.Execution{State: usersync.ExecutionRunning}
	succeeded  = usersync.Execution{State: usersync.ExecutionSucceeded}
	aborted    = usersync.Execution{State: usersync.ExecutionFailed}
	unfinished = usersync.Execution{State: usersync.ExecutionFailed, Error: errUnfinished}
)

// reaper makes one around a job that has come to an execution; 0: none has begun.
func reaper(t *testing.T, number int) (*bench, *Reaper, usersync.Job) {
	t.Helper()
	b := newBench()
	job, err := b.start(t, "")
	if err != nil {
		t.Fatal(err)
	}
	if number > 0 {
		job.Status, job.Progress.Execution = usersync.Processing, number
		if job, err = b.store.SaveJob(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	clear(b.runs.started)
	return b, &Reaper{Closer: b.closer, Starter: b.Starter, Executions: b.runs, Viewer: known{}, Schedules: timetables{}, Log: quiet()}, job
}

func TestASilentJobMeetsTheEndThatItsExecutionCallsFor(t *testing.T) {
	for _, c := range []struct {
		why    string
		number int // of the execution that the job has come to
		is     []usersync.Execution
		starts string // the ending of the name of the execution that is started
		says   string // what the job says; empty: it goes on
	}{
		{"it runs", 1, []usersync.Execution{running}, "", ""},
		{"Pending, and it has been started", 0, []usersync.Execution{running}, "", ""},
		{"Pending, and nothing was ever started", 0, nil, "0", ""},
		{"Pending, and it was stopped before its first step", 0, []usersync.Execution{aborted}, "", executionStopped},
		{"it was stopped", 1, []usersync.Execution{aborted}, "", executionStopped},
		{"nobody knows it", 1, nil, "", executionGone},
		{"it handed over", 1, []usersync.Execution{succeeded, running}, "", ""},
		{"it handed over, and its successor was stopped", 1, []usersync.Execution{succeeded, aborted}, "", executionStopped},
		{"it ended well without the job's end", 1, []usersync.Execution{succeeded}, "", executionGone},
		{"it could not end the job", 1, []usersync.Execution{unfinished}, "-2", ""},
		{"nor could the second", 2, []usersync.Execution{unfinished, unfinished}, "-3", ""},
		{"nor could the third", 3, []usersync.Execution{unfinished, unfinished, unfinished}, "", givenUp},
		{"the third could not, after a hand-over", 3, []usersync.Execution{succeeded, succeeded, unfinished}, "-4", ""},
	} {
		b, r, job := reaper(t, c.number)
		executions := known{}
		for i, e := range c.is {
			executions[executionName(job.ID, i+1)] = e
		}
		r.Viewer = executions
		if s, err := r.Sweep(t.Context()); err != nil || s.Silent != 0 {
			t.Fatalf("%s: not silent yet, and swept: %+v %v", c.why, s, err)
		}
		b.clock.Advance(silentFor)
		s, err := r.Sweep(t.Context())
		if err != nil || s.Silent != 1 {
			t.Fatalf("%s: %+v %v", c.why, s, err)
		}
		after := b.store.jobs[job.ID]
		if after.Error != c.says || after.Status.Ended() != (c.says != "") || (s.Reaped == 1) != (c.says != "") {
			t.Errorf("%s: %+v, the job is %v %q", c.why, s, after.Status, after.Error)
		}
		if held := b.store.holders[aCompany].job == job.ID; held == after.Status.Ended() {
			t.Errorf("%s: the lease is held: %v", c.why, held)
		}
		if len(b.runs.started) != s.Again || (s.Again == 1) != (c.starts != "") {
			t.Errorf("%s: %+v, started %v", c.why, s, b.runs.started)
		}
		for name, input := range b.runs.started {
			state, err := ParseState([]byte(input))
			if err != nil || state.Name() != name || c.starts != "0" && !strings.HasSuffix(name, c.starts) || state.Fence != job.Fence {
				t.Errorf("%s: started %s with %s, %v", c.why, name, input, err)
			}
		}
	}
}

func TestAnEventAboutAnExecutionThatTheJobHasLeftBehindEndsNothing(t *testing.T) {
	b, r, job := reaper(t, 2)
	r.Viewer = known{executionName(job.ID, 1): running, executionName(job.ID, 2): running} // it learns of ends later than events do
	if s, err := r.Stopped(t.Context(), executionName(job.ID, 1), ""); err != nil || s != (Swept{}) || b.store.jobs[job.ID].Status.Ended() {
		t.Errorf("the first one's: %+v %v", s, err)
	}
	if s, err := r.Stopped(t.Context(), executionName(job.ID, 2), ""); err != nil || s.Reaped != 1 || b.store.jobs[job.ID].Error != executionStopped {
		t.Errorf("the second one's: %+v %v", s, err)
	}
	if s, err := r.Stopped(t.Context(), executionName(job.ID, 2), ""); err != nil || s.Reaped != 0 {
		t.Errorf("again: %+v %v", s, err)
	}
	if s, err := r.Stopped(t.Context(), executionName(aJob, 1), ""); err != nil || s != (Swept{}) {
		t.Errorf("a job that nobody knows: %+v %v", s, err)
	}
	if _, err := r.Stopped(t.Context(), "by hand", ""); !usersync.Is(err, usersync.Validation) {
		t.Errorf("no job's execution: %v", err)
	}
}

func TestTheSweepCountsTheCompaniesWithoutASuccess(t *testing.T) {
	b, r, _ := reaper(t, 0)
	now := b.clock.Now()
	r.Schedules = timetables{
		{Company: "succeeded", Since: now.Add(-100 * time.Hour), Succeeded: now.Add(-25 * time.Hour)},
		{Company: "overdue", Since: now.Add(-100 * time.Hour), Succeeded: now.Add(-27 * time.Hour)},
		{Company: "never", Since: now.Add(-27 * time.Hour)},
		{Company: "new", Since: now.Add(-1 * time.Hour)},
	}
	if s, err := r.Sweep(t.Context()); err != nil || s.Overdue != 2 {
		t.Errorf("%+v %v", s, err)
	}
}

func TestAnExecutionsNameIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(1, 1_000_000).Draw(t, "number")
		if id, n, ok := parseName(executionName(aJob, number)); !ok || id != aJob || n != number {
			t.Fatalf("%s: %s %d %v", executionName(aJob, number), id, n, ok)
		}
		name := rapid.String().Draw(t, "name")
		if id, n, ok := parseName(name); ok && executionName(id, n) != name {
			t.Fatalf("%q: %s %d", name, id, n)
		}
		if end := rapid.StringMatching(`-[0-9+ -]{0,4}`).Draw(t, "end"); true {
			if id, n, ok := parseName(aJob + end); ok && executionName(id, n) != aJob+end {
				t.Fatalf("%q: %s %d", aJob+end, id, n)
			}
		}
	})
}

func TestTheReaperKnowsTheErrorOfAnUnfinishedJobByTheFilesName(t *testing.T) {
	var f struct {
		States map[string]struct{ Error string }
	}
	if err := json.Unmarshal(Definition(), &f); err != nil || f.States["Unfinished"].Error != errUnfinished {
		t.Errorf("the file calls it %q, %v", f.States["Unfinished"].Error, err)
	}
}
