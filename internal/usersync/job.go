package usersync

import "time"

// JobID is a UUIDv7 in its canonical spelling: its order is the order of creation.
type JobID string

// Status is where a job stands. The numbers are the job API's.
type Status int

// A job's life:
//
//	Pending ──► Processing ──► Completed
//	    └───────────┴────────► Failed
const (
	Pending Status = iota
	Processing
	Completed
	Failed
)

// String is the status's public name.
func (s Status) String() string {
	return [...]string{"Pending", "Processing", "Completed", "Failed"}[s]
}

// Ended reports whether nothing more will happen.
func (s Status) Ended() bool { return s == Completed || s == Failed }

// Counts says how many people met which end. Created + Updated + Unchanged + Failed + Skipped =
// Found; Removed comes on top. While a job runs Found is what has been read so far and the others follow
// it; they are exact when it has ended.
type Counts struct {
	Found     int `json:"found"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
}

// Add counts n people who met the given end; everything but a removal is also found.
func (c *Counts) Add(a Action, n int) {
	switch a {
	case Created:
		c.Created += n
	case Updated:
		c.Updated += n
	case Unchanged:
		c.Unchanged += n
	case Removed:
		c.Removed += n
		return
	case Refused:
		c.Failed += n
	case Skipped:
		c.Skipped += n
	}
	c.Found += n
}

// Dealt is how many of the people found have met their end so far; when a job has ended, all of them.
func (c *Counts) Dealt() int { return c.Created + c.Updated + c.Unchanged + c.Failed + c.Skipped }

// Job is one run for one company: what clients see, and what its steps need to go on from where any
// of them stopped. It carries no person.
type Job struct {
	ID        JobID     `json:"id"`
	Company   CompanyID `json:"company"`
	Status    Status    `json:"status"`
	Counts    Counts    `json:"counts"`
	Error     string    `json:"error,omitempty"` // public: names causes and requests, no person and no secret
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`

	Full     bool     `json:"full,omitempty"` // write everybody again, also the unchanged
	Settings Company  `json:"settings"`       // as they were at the start
	Links    LinkSet  `json:"links"`
	Fence    int64    `json:"fence"` // of the lease under which the job runs
	Rev      int64    `json:"rev"`   // grows with every SaveJob
	Progress Progress `json:"progress"`
}

// Lease is the job's claim on its company.
func (j *Job) Lease() Lease { return Lease{Company: j.Company, Job: j.ID, Fence: j.Fence} }

// Progress is the checkpoint: all that a step needs to know of the steps before it.
type Progress struct {
	Cursor     Cursor    `json:"cursor,omitempty"`     // where the source goes on
	Reading    string    `json:"reading,omitempty"`    // the published reading of a source that cannot page
	Staged     int       `json:"staged"`               // pages staged: 0 … Staged-1
	SourceDone bool      `json:"sourceDone,omitempty"` // the last page is staged
	Upserted   int       `json:"upserted"`             // pages applied and counted: 0 … Upserted-1
	InFlight   int       `json:"inFlight,omitempty"`   // concurrency to the target as it last was
	NotBefore  time.Time `json:"notBefore,omitzero"`   // nobody is asked before, source or target
	Survey     Survey    `json:"survey,omitzero"`      // of the records that the target has
	Listed     int       `json:"listed,omitempty"`     // entries, repetitions too, when settling began
	Settling   int       `json:"settling,omitempty"`   // the next hash range to settle
	Settled    Counts    `json:"settled,omitzero"`     // exact counts of the ranges before it
	Leaving    Leaving   `json:"leaving,omitzero"`     // of people who are no longer listed
	Execution  int       `json:"execution,omitempty"`  // the number of the execution that works on the job; 0: none has yet
}

// Survey is how far a job has surveyed its target: first it marks the records that are linked, then it
// lists the records.
type Survey struct {
	Linked string `json:"linked,omitempty"` // the links up to this hash, in hexadecimal, are marked
	Marked bool   `json:"marked,omitempty"` // all of them are
	Cursor Cursor `json:"cursor,omitempty"` // where the list goes on
	Done   bool   `json:"done,omitempty"`
}

// Leaving is how far a job has come with the people who left. First they are counted, with everybody
// who is linked; then, where the guard lets it, they are removed in the order of their hashes, some at a time.
type Leaving struct {
	Linked  int    `json:"linked,omitempty"`  // people who were linked when the job began to settle
	Leavers int    `json:"leavers,omitempty"` // of them
	Range   int    `json:"range,omitempty"`   // the hash range that removing has come to
	After   string `json:"after,omitempty"`   // the last hash dealt with, in hexadecimal
	Rows    int    `json:"rows,omitempty"`    // plans of removals that are done
	Refused int    `json:"refused,omitempty"` // leavers whom the target would not remove
}
