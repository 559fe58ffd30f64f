package usersync

// Action is what happened, or is planned to happen, to one person.
type Action string

// The actions. Refused is shown to the world as "failed", which is also what a Status is called.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
	Removed   Action = "removed"
	Refused   Action = "failed"
	Skipped   Action = "skipped"
)

// Rank orders the actions that one key met where a source lists it more than once: the smallest
// counts, so that a failure is never hidden behind a success.
func (a Action) Rank() int {
	for i, b := range [...]Action{Refused, Created, Updated, Unchanged, Skipped, Removed} {
		if a == b {
			return i
		}
	}
	return len(a)
}

// Outcome says what happened to one person who was not simply unchanged. It is public: Key is the
// key in the source, Fields are names of fields and Reason speaks of fields, never of their values.
type Outcome struct {
	Key    string   `json:"key"`
	Action Action   `json:"action"`
	Fields []string `json:"fields,omitempty"`
	Reason string   `json:"reason,omitempty"`
}
