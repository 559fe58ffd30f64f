package usersync

import (
	"context"
	"time"
)

// Every store keeps these promises:
//
//   - What a method has written when it returns nil is there after a crash of the process.
//   - A conditional write that fails writes nothing, and what the error tells of the row that stood
//     in its way comes from the failed write itself, not from a later look.
//   - Repeating a call whose answer was lost is safe, unless its method says otherwise.
//   - Reads are strongly consistent, unless the method says otherwise.
//   - Errors carry a Code; text of the engine underneath is Cause, never Message.
//   - Times are UTC; expired rows are as good as absent, whether or not they are gone already: the
//     store compares with its own Clock.

// LeaseTerm is how long a lease holds when nobody extends it.
const LeaseTerm = 5 * time.Minute

// Lease is the right to work for a company, under one fence.
//
//	free ──Acquire──► held ──Extend──► held ──Release──► free
//	                    └──────runs out──────► free (the next Acquire takes it, fence + 1)
//
// The fence grows with every new holder, is never reset and its row never deleted: a writer with a
// smaller fence than a row's is late and must not write. A holder whose lease ran out may still
// Extend it as long as nobody has taken it since.
type Lease struct {
	Company CompanyID
	Job     JobID
	Fence   int64
}

// Leases hands out one lease a company.
type Leases interface {
	// Acquire takes the company's lease for the job until the given time, if nobody holds it or if
	// it has run out. A job that holds it already gets the same lease again with the later of the two
	// expiries: calling twice is safe. previous is the job whose run-out lease was taken over, else
	// empty. Errors: Conflict with Holder.
	Acquire(ctx context.Context, company CompanyID, job JobID, until time.Time) (lease Lease, previous JobID, err error)
	// Extend lets the lease hold until the given time, never less than it does already.
	// Errors: Fenced where the lease is somebody else's by now, or was released.
	Extend(ctx context.Context, lease Lease, until time.Time) error
	// Release gives the lease back; nothing happens where it is somebody else's by now.
	Release(ctx context.Context, lease Lease) error
}

// JobQuery selects jobs, newest first (by JobID, descending).
type JobQuery struct {
	Company CompanyID // empty: of every company; a scan, for operators
	Status  *Status
	Skip    int
	Take    int // at least 1
}

// Jobs keeps the jobs.
type Jobs interface {
	// CreateJob writes a new job with Rev 1. Errors: Exists.
	CreateJob(ctx context.Context, job Job) error
	// Job reads a job; company may be empty. Errors: NotFound, also where the job is another company's.
	Job(ctx context.Context, company CompanyID, id JobID) (Job, error)
	// SaveJob writes the job if the stored one has the same Fence or a smaller one, and the same Rev; it
	// returns the job with Rev grown by one. Errors: Fenced where either differs; NotFound.
	SaveJob(ctx context.Context, job Job) (Job, error)
	// ListJobs returns the selected jobs.
	ListJobs(ctx context.Context, q JobQuery) ([]Job, error)
	// Unfinished returns the jobs that are Pending or Processing, oldest first. It may lag by seconds.
	Unfinished(ctx context.Context) ([]Job, error)
}

// RowKind says what a job's numbered row holds; the text is the engine's own.
type RowKind string

// The kinds of rows. RowPage is personal data, sealed by the engine before it comes here, and is
// kept apart from the rest (on AWS in a table without point-in-time recovery).
const (
	RowPage    RowKind = "page"    // a staged page; Reading is set where the source cannot page
	RowPlan    RowKind = "plan"    // what to do with each person of a page; written once
	RowSeen    RowKind = "seen"    // hashes of a page's keys, with their actions
	RowOutcome RowKind = "outcome" // outcomes of a page
	RowNote    RowKind = "note"    // what an unfinished removal leaves to the next step
)

// RowID names a row of a job.
type RowID struct {
	Job     JobID
	Kind    RowKind
	Reading string // of RowPage, at most 40 bytes
	N       int    // from 0
}

// Row is a job's numbered row: opaque bytes, at most 32 MiB, whatever the engine's item limit is.
type Row struct {
	ID   RowID
	Data []byte
}

// Rows keeps what a job's steps leave to each other. Each row has an expiry and the fence that wrote it.
type Rows interface {
	// PutRow writes the row over one of the same or a smaller fence. A reader sees the old row or the new
	// one whole. Errors: Fenced.
	PutRow(ctx context.Context, fence int64, row Row, expires time.Time) error
	// PutRowOnce writes the row if it is absent and returns the data that stands there now: the caller's,
	// or that of whoever was first. Errors: none of its own.
	PutRowOnce(ctx context.Context, fence int64, row Row, expires time.Time) (stored []byte, err error)
	// Row reads a row. Errors: NotFound.
	Row(ctx context.Context, id RowID) ([]byte, error)
	// EachRow calls yield with the job's rows of a kind (and of the reading of `from`), from number from.N
	// to the last, in order of N, until yield returns an error, which it returns as it is.
	// Memory is bounded by a few rows.
	EachRow(ctx context.Context, from RowID, yield func(Row) error) error
}

// Keys keeps each job's page key, with the staged pages.
type Keys interface {
	// PutKey writes the key if the job has none and returns the one that it has now. A key that was
	// erased stays erased: Errors: NotFound.
	PutKey(ctx context.Context, job JobID, key []byte, expires time.Time) ([]byte, error)
	// Key reads it. Errors: NotFound where there is none (any more).
	Key(ctx context.Context, job JobID) ([]byte, error)
	// EraseKey removes it for good; calling twice is safe.
	EraseKey(ctx context.Context, job JobID, expires time.Time) error
}

// Links keeps the links and the reserved target keys of each LinkSet, spread over partitions by hash.
type Links interface {
	// LoadLinks returns the links that exist, by hash, in one go for at most 1,000 hashes. Without strong
	// it may miss the last second's writes.
	LoadLinks(ctx context.Context, set LinkSet, hashes []KeyHash, strong bool) (map[KeyHash]Link, error)
	// PutLinks writes at most 100 links, each over one of the same or a smaller fence. Errors: Fenced where
	// one was newer; the others may be written.
	PutLinks(ctx context.Context, set LinkSet, fence int64, links []Link) error
	// DropLinks removes links, each if its fence is the same or smaller. Errors: Fenced.
	DropLinks(ctx context.Context, set LinkSet, fence int64, hashes []KeyHash) error
	// LinkRange returns up to limit links with after < hash ≤ to, in order of hash; fewer than limit mean
	// that there are no more. A nil after is the beginning. It may miss the last second's writes.
	LinkRange(ctx context.Context, set LinkSet, after *KeyHash, to KeyHash, limit int) ([]Link, error)
	// LinkHashes returns the hashes of the links that LinkRange would, what stands in a link's place too; it
	// costs less than the links themselves.
	LinkHashes(ctx context.Context, set LinkSet, after *KeyHash, to KeyHash, limit int) ([]KeyHash, error)
	// Reserve claims at most 1,000 target keys, each if nobody has it or the same person does. holders
	// has an element for each: empty where it is the person's now, else the key of the person who has it.
	// Two claims of one key in one call: the first has it.
	Reserve(ctx context.Context, set LinkSet, fence int64, claims []Reservation) (holders []string, err error)
	// Free gives reserved keys back, each if it is that person's; calling twice is safe.
	Free(ctx context.Context, set LinkSet, claims []Reservation) error
}

// Claim is what an Idempotency-Key stands for.
type Claim struct {
	Job  JobID
	Body [32]byte // SHA-256 of the request that it came with
}

// Idempotency keeps used Idempotency-Keys by company.
type Idempotency interface {
	// Claim writes the claim if the key is not in use and returns the one that stands now.
	Claim(ctx context.Context, company CompanyID, key string, c Claim, expires time.Time) (Claim, error)
	// Unclaim forgets the key if it stands for the job: its request was refused after all.
	Unclaim(ctx context.Context, company CompanyID, key string, job JobID) error
}

// Store is all that one deployment keeps, but for the settings and the directory.
type Store interface {
	Leases
	Jobs
	Rows
	Keys
	Links
	Surveys
	Idempotency
	// Ping says whether the store answers.
	Ping(ctx context.Context) error
}
