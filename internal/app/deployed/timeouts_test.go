package deployed

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/aws/clients"
	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// ofFunctions are the functions' time-outs in the template, in seconds.
func ofFunctions(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Properties struct {
				Timeout yaml.Node `yaml:"Timeout"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for id, r := range template.Resources {
		if name, is := strings.CutSuffix(id, "Function"); is {
			all[name], _ = strconv.Atoi(r.Properties.Timeout.Value)
		}
	}
	return all
}

// ofStates are the time-outs of the state machine's tasks, in seconds.
func ofStates(t *testing.T) map[string]int {
	t.Helper()
	var file struct {
		States map[string]struct{ TimeoutSeconds int }
	}
	if err := json.Unmarshal(workflow.Definition(), &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for name, s := range file.States {
		all[name] = s.TimeoutSeconds
	}
	return all
}

// documented are the numbers of the table, by the beginning of their line.
func documented(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../../../docs/timeouts.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([0-9,]+) \|`).FindAllStringSubmatch(string(text), -1) {
		all[m[1]], _ = strconv.Atoi(strings.ReplaceAll(m[2], ",", ""))
	}
	return all
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func TestTimeOutsFitIntoEachOtherAsDocumented(t *testing.T) {
	functions, states, table := ofFunctions(t), ofStates(t), documented(t)
	e := engine.New(engine.Config{})
	for what, is := range map[string]int{
		"connecting to a service of AWS":                               seconds(clients.Connect),
		"one attempt at a service of AWS, to its whole answer":         seconds(clients.Answer),
		"a step takes on new work for":                                 seconds(e.StepTime),
		"a step leaves of its function's time, to write and to answer": seconds(margin),
		"one reading of a source that cannot page":                     seconds(e.StreamTime),
		"a lease, from when it was last extended":                      seconds(usersync.LeaseTerm),
		"the function fetch":                                           functions["Fetch"],
		"the state Fetch":                                              states["Fetch"],
	} {
		if table[what] != is || is == 0 {
			t.Errorf("%s: %d in the table, %d in fact", what, table[what], is)
		}
	}
	for _, name := range []string{"Start", "Status", "Directory"} {
		if functions[name] != table["a function of the API"] {
			t.Errorf("%s: %d in the template", name, functions[name])
		}
	}
	for _, name := range []string{"Upsert", "Settle", "Finish"} {
		if functions[name] != table["the functions upsert, settle and finish"] || states[name] != table["the states Upsert, Settle, Finish and Abort"] {
			t.Errorf("%s: %d in the template, %d in the state machine", name, functions[name], states[name])
		}
	}
	request := table["one request to a source or a target"]
	for what, fits := range map[string]bool{
		"a start in its function":                 table["a start, whatever becomes of its caller"] < table["a function of the API"],
		"a function of the API in the gateway":    table["a function of the API"] < 30,
		"all attempts at AWS in a start's answer": seconds(clients.Answer)*clients.Attempts < table["a function of the API"],
		"a step in its function":                  seconds(e.StepTime)+request < functions["Upsert"]-seconds(margin),
		"a function in its state":                 functions["Upsert"] < states["Upsert"] && functions["Fetch"] < states["Fetch"],
		"a reading in its function":               seconds(e.StreamTime)+request < functions["Fetch"]-seconds(margin)+1,
		"a state in Lambda's limit":               states["Fetch"] <= 900,
		"a state in its lease":                    states["Upsert"] < seconds(usersync.LeaseTerm),
		"the sweep in the lease":                  table["a job is silent before its execution is asked about"]+60 < seconds(usersync.LeaseTerm),
	} {
		if !fits {
			t.Errorf("does not fit: %s", what)
		}
	}
}
