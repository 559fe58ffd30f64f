// Package metrics writes CloudWatch metrics as lines of a function's log, in the embedded metric format.
// They have one dimension, the stack; company and job are only in the lines.
package metrics

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync"

	"github.com/usersync/usersync/internal/usersync"
)

// Namespace is the metrics' namespace.
const Namespace = "usersync"

// The metrics; docs/alarms.md says what each one is for.
const (
	JobsCompleted    = "JobsCompleted"
	JobsFailed       = "JobsFailed"
	PeopleFound      = "PeopleFound"
	PeopleCreated    = "PeopleCreated"
	PeopleUpdated    = "PeopleUpdated"
	PeopleRemoved    = "PeopleRemoved"
	PeopleFailed     = "PeopleFailed"
	JobSeconds       = "JobSeconds"
	TargetRequests   = "TargetRequests"
	Throttles        = "Throttles"
	CompaniesOverdue = "CompaniesOverdue"
	JobsReaped       = "JobsReaped"
	NightsSkipped    = "NightsSkipped"
	NightsRefused    = "NightsRefused"
)

// units are those of the metrics that do not count.
var units = map[string]string{JobSeconds: "Seconds"}

// Writer writes metrics. It is a usersync.Observer, and safe for concurrent use.
type Writer struct {
	out   io.Writer
	stack string
	clock usersync.Clock
	log   *slog.Logger
	mu    sync.Mutex
}

var _ usersync.Observer = (*Writer)(nil)

// New writes to out, which is a function's standard output.
func New(out io.Writer, stack string, clock usersync.Clock, log *slog.Logger) *Writer {
	return &Writer{out: out, stack: stack, clock: clock, log: log}
}

// Put writes a line with the metrics' values, and what the line says of them beside.
func (w *Writer) Put(values map[string]float64, beside map[string]string) {
	type metric struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	line := map[string]any{"Stack": w.stack}
	for name, text := range beside {
		line[name] = text
	}
	d := directive{Namespace: Namespace, Dimensions: [][]string{{"Stack"}}}
	for name, value := range values {
		unit, ok := units[name]
		if !ok {
			unit = "Count"
		}
		d.Metrics = append(d.Metrics, metric{name, unit})
		line[name] = value
	}
	line["_aws"] = map[string]any{"Timestamp": w.clock.Now().UnixMilli(), "CloudWatchMetrics": []directive{d}}
	text, err := json.Marshal(line)
	if err == nil {
		w.mu.Lock()
		_, err = w.out.Write(append(text, '\n'))
		w.mu.Unlock()
	}
	if err != nil {
		w.log.Warn("metrics could not be written", "error", err)
	}
}

// Stepped writes what a step cost others; nothing where it cost nothing.
func (w *Writer) Stepped(_ context.Context, s usersync.StepReport) {
	values := map[string]float64{}
	if s.Requests > 0 {
		values[TargetRequests] = float64(s.Requests)
	}
	if s.Throttles > 0 {
		values[Throttles] = float64(s.Throttles)
	}
	if len(values) > 0 {
		w.Put(values, map[string]string{"job": string(s.Job), "company": string(s.Company), "step": s.Step})
	}
}

// Ended writes what a job came to.
func (w *Writer) Ended(_ context.Context, job usersync.Job) {
	c := job.Counts
	values := map[string]float64{
		JobsCompleted: 0, JobsFailed: 0,
		PeopleFound: float64(c.Found), PeopleCreated: float64(c.Created), PeopleUpdated: float64(c.Updated),
		PeopleRemoved: float64(c.Removed), PeopleFailed: float64(c.Failed),
		JobSeconds: max(0, job.UpdatedAt.Sub(job.CreatedAt).Seconds()),
	}
	if job.Status == usersync.Completed {
		values[JobsCompleted] = 1
	} else {
		values[JobsFailed] = 1
	}
	w.Put(values, map[string]string{"job": string(job.ID), "company": string(job.Company), "status": job.Status.String()})
}
