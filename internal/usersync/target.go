package usersync

import "context"

// Record is a person as a target stores them: the mapped fields, sorted by name, none empty. A value
// is a string, bool, number, or a slice or map of these, as the target's JSON has it.
type Record []Field

// Field is one field of a record.
type Field struct {
	Name  string
	Value any
}

// Get is the value of the named field, nil where the record has none.
func (r Record) Get(name string) any {
	for i := range r {
		if r[i].Name == name {
			return r[i].Value
		}
	}
	return nil
}

// Text is the named field where it is a string, else empty.
func (r Record) Text(name string) string { s, _ := r.Get(name).(string); return s }

// Rule fills one field of a target's record with the value of an expression over the person.
type Rule struct {
	Field string `json:"field"`
	Expr  string `json:"expr"`
}

// TargetTraits says what a target can do; they are constant.
type TargetTraits struct {
	// UpsertsByKey: a Create with a key that a record has already updates that record, so that
	// repeating one whose answer was lost is harmless and needs no look-up.
	UpsertsByKey bool
	// CanLookUp: LookUp works. Where neither is true, a create in doubt ends as failed "in doubt".
	CanLookUp bool
	// Mapping is the built-in mapping, used where the settings have none.
	Mapping []Rule
	// MaxInFlight is the setting: how many requests may be under way at once, at least 1.
	MaxInFlight int
	// TimeOut is the setting, in seconds: after this long, a request that was sent has been done or
	// never will be.
	TimeOut int
}

// Written is a target's answer to a create or an update.
type Written struct {
	ID      string // the target's id of the record, at most 256 bytes
	Existed bool   // the record was there before this request
}

// Restricted is a target that can tell, before anything is written, which rights its login lacks.
type Restricted interface {
	Target
	// Lacks names the rights that writing needs and the login does not have; none where they are all there, or
	// where it cannot be told. Errors: those of Check.
	Lacks(ctx context.Context) ([]string, error)
}

// Target is the system that needs the people. Implementations are safe for concurrent use and do
// not repeat requests, except after 401 (a new token, once): whoever calls them steers the load and
// has to see every Throttled and Unavailable. A Create is sent within two seconds of its call or not at all,
// and one in doubt says when it was Sent.
//
// Errors of Create and Update: Rejected (this one person, for good; the message names the target's
// field or error code, no value), Throttled, Unavailable (with InDoubt as it is), Unauthorized,
// Forbidden (the job cannot go on), Malformed (an answer that is none: InDoubt holds as well).
type Target interface {
	// Check logs in and asks one harmless question; it changes nothing.
	Check(ctx context.Context) error
	// Traits never changes.
	Traits() TargetTraits
	// Key is the record's key in the target as the target compares it (trimmed, case folded …);
	// empty where the target has no keys. A record that lacks the key it needs is Rejected.
	Key(r Record) (string, error)
	// Create writes a new record. Where the target upserts by key, calling it twice leaves one record.
	Create(ctx context.Context, r Record) (Written, error)
	// Update writes the record over the one with the id and may be called twice. NotFound: there is
	// no such record (any more), nothing was written. An ID in the answer that differs from id is the
	// record's id from now on.
	Update(ctx context.Context, id string, r Record) (Written, error)
	// LookUp finds the record that is there under the key of r: its id, or empty where there is none. It asks
	// by the key's values as r has them: a system may tell letter cases apart that Key does not.
	LookUp(ctx context.Context, r Record) (string, error)
}
