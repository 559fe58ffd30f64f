// Package engine does the work of a job's steps: fetch stages pages, upsert plans and applies them,
// settle merges what the pages have seen, finish ends the job. It knows no AWS, no HTTP and no SQL.
package engine
