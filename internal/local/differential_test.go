//go:build verify

package local_test

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/workflow"
)

// atOnce is how many traces the engine plays at a time.
const atOnce = 12

// differ plays traces to the engine, which has one definition, and to the local runner, which has
// another or the same, until so many differ; it says how.
func differ(t *testing.T, onIt, here []byte, traces []trace, until int) (differences []string) {
	t.Helper()
	e := engineOf(t)
	machine := e.machine(t, onIt)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	work := make(chan trace)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range min(atOnce, 2*until) {
		wg.Go(func() {
			for tr := range work {
				said := compare(ctx, e, machine, here, tr)
				mu.Lock()
				if said != "" {
					differences = append(differences, tr.about+": "+said)
				}
				mu.Unlock()
			}
		})
	}
	for _, tr := range traces {
		mu.Lock()
		enough := len(differences) >= until
		mu.Unlock()
		if enough {
			break
		}
		work <- tr
	}
	close(work)
	wg.Wait()
	return differences
}

func compare(ctx context.Context, e *aslEngine, machine string, here []byte, tr trace) string {
	engine, err := onEngine(ctx, e, machine, tr)
	if err != nil {
		return fmt.Sprintf("the engine: %v", err)
	}
	local, err := locally(ctx, here, machine, engine.job, tr)
	if err != nil {
		return fmt.Sprintf("the local runner: %v", err)
	}
	return difference(engine, local)
}

func TestTheLocalRunnerDoesWhatAnotherEngineDoes(t *testing.T) {
	all := traces()
	if len(all) < 100 {
		t.Fatalf("only %d traces", len(all))
	}
	begun := time.Now()
	for _, d := range differ(t, workflow.Definition(), workflow.Definition(), all, 10) {
		t.Error(d)
	}
	t.Logf("%d traces in %v", len(all), time.Since(begun).Round(time.Millisecond))
}

func TestATaskThatIsLateIsLateOnAnotherEngineToo(t *testing.T) {
	// The one change: the time-outs of both runners are two seconds, not as many minutes.
	soon := regexp.MustCompile(`"TimeoutSeconds": \d+`).ReplaceAll(workflow.Definition(), []byte(`"TimeoutSeconds": 2`))
	for _, d := range differ(t, soon, soon, late(), 10) {
		t.Error(d)
	}
}
