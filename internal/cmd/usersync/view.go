package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/usersync/usersync/internal/api"
)

// job and outcome are the job API's own; --json prints them one a line.
type (
	job     = api.Job
	outcome = api.Outcome
)

// ended reports whether nothing more will happen to the job.
func jobEnded(j job) bool { return j.StatusName == "Completed" || j.StatusName == "Failed" }

// endCode is the exit code that a job's end stands for.
func endCode(j job) int {
	switch {
	case j.StatusName == "Failed":
		return exitFailed
	case count(j.UsersFailed) > 0, j.ErrorMessage != "": // a leaver who could not be removed is in the message alone
		return exitPartly
	}
	return exitDone
}

func count(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// printJSON writes one object a line.
func printJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// printJob writes a job's result for a person to read.
func printJob(w io.Writer, name string, j job) error {
	text := fmt.Sprintf("%s: %s (job %s)\n", name, j.StatusName, j.ID)
	if j.UsersFound != nil {
		text += fmt.Sprintf("  found %d: created %d, updated %d, unchanged %d, skipped %d, failed %d; removed %d\n",
			count(j.UsersFound), count(j.UsersCreated), count(j.UsersUpdated), count(j.UsersUnchanged),
			count(j.UsersSkipped), count(j.UsersFailed), count(j.UsersRemoved))
	}
	if j.ErrorMessage != "" {
		text += "  " + j.ErrorMessage + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// outcomeTable writes outcomes as a table, in parts.
type outcomeTable struct{ w *tabwriter.Writer }

func newOutcomeTable(w io.Writer) *outcomeTable {
	return &outcomeTable{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

func (t *outcomeTable) add(indent string, o outcome) {
	what := o.Reason
	if len(o.Fields) > 0 {
		what = strings.TrimSuffix(strings.Join(o.Fields, ", ")+"; "+o.Reason, "; ")
	}
	fmt.Fprintf(t.w, "%s%s\t%s\t%s\n", indent, o.Action, o.Key, what)
}

func (t *outcomeTable) flush() error { return t.w.Flush() }
