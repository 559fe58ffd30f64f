package metrics

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// line is what CloudWatch reads of a line in the embedded metric format.
type line struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// read checks a line, and gives its metrics' values.
func read(t *testing.T, text string) map[string]float64 {
	t.Helper()
	var l line
	var all map[string]any
	if json.Unmarshal([]byte(text), &l) != nil || json.Unmarshal([]byte(text), &all) != nil || len(l.AWS.CloudWatchMetrics) != 1 {
		t.Fatal("no line of the format: " + text)
	}
	d := l.AWS.CloudWatchMetrics[0]
	if d.Namespace != "usersync" || len(d.Dimensions) != 1 || len(d.Dimensions[0]) != 1 || d.Dimensions[0][0] != "Stack" || all["Stack"] != "dev" {
		t.Errorf("metrics in %s by %v", d.Namespace, d.Dimensions)
	}
	values := map[string]float64{}
	for _, m := range d.Metrics {
		value, ok := all[m.Name].(float64)
		if !ok || (m.Unit == "Seconds") != (m.Name == JobSeconds) {
			t.Errorf("%s in %s is %v", m.Name, m.Unit, all[m.Name])
		}
		values[m.Name] = value
	}
	return values
}

func TestAJobsEndIsALineThatCloudWatchReadsAndNobodyIsIn(t *testing.T) {
	var out bytes.Buffer
	clock := usersynctest.NewClock()
	w := New(&out, "dev", clock, slog.New(slog.DiscardHandler))
	job := usersync.Job{
		ID: "j", Company: "c", Status: usersync.Completed, Error: "pl@nted", CreatedAt: clock.Now(), UpdatedAt: clock.Now().Add(90 * time.Second),
		Settings: usersync.Company{Name: "pl@nted"}, Counts: usersync.Counts{Found: 7, Created: 1, Updated: 2, Failed: 1, Unchanged: 3, Removed: 5},
	}
	w.Ended(t.Context(), job)
	got := read(t, out.String())
	for name, want := range map[string]float64{JobsCompleted: 1, JobsFailed: 0, PeopleFound: 7, PeopleCreated: 1, PeopleUpdated: 2, PeopleRemoved: 5, PeopleFailed: 1, JobSeconds: 90} {
		if got[name] != want {
			t.Errorf("%s is %v, not %v", name, got[name], want)
		}
	}
	if strings.Contains(out.String(), "pl@nted") || strings.Count(out.String(), "\n") != 1 {
		t.Error(out.String())
	}
	out.Reset()
	job.Status = usersync.Failed
	w.Ended(t.Context(), job)
	if got := read(t, out.String()); got[JobsFailed] != 1 || got[JobsCompleted] != 0 {
		t.Error(got)
	}
}

func TestAStepThatCostNobodyAnythingWritesNothing(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, "dev", usersynctest.NewClock(), slog.New(slog.DiscardHandler))
	w.Stepped(t.Context(), usersync.StepReport{Step: "fetch"})
	if out.Len() != 0 {
		t.Error(out.String())
	}
	w.Stepped(t.Context(), usersync.StepReport{Step: "upsert", Requests: 500, Throttles: 3})
	if got := read(t, out.String()); got[TargetRequests] != 500 || got[Throttles] != 3 || len(got) != 2 {
		t.Error(got)
	}
}
