package usersync

import (
	"context"
	"time"
)

// The kinds of values by which people without a link are matched with records that exist.
const (
	MatchEmail = "email" // trimmed and case folded
	MatchPhone = "phone" // E.164
)

// Surveyor is a target whose records can be listed, so that people without a link find the records
// that they have already.
type Surveyor interface {
	Target
	// Survey returns a page of the records that exist, from the cursor on. It may be called twice with
	// the same cursor. Errors: those of a Source's Fetch.
	Survey(ctx context.Context, at Cursor) (SurveyPage, error)
	// MatchKeys are the values by which the record would be matched, normalised as Survey's are.
	MatchKeys(r Record) []MatchKey
}

// SurveyPage is one answer to a survey; Next and Last are those of a Page.
type SurveyPage struct {
	Records []Surveyed
	Next    Cursor
	Last    bool
}

// Surveyed is a record that exists, with the values by which it is matched.
type Surveyed struct {
	ID   string // the target's id, at most 256 bytes
	Keys []MatchKey
}

// MatchKey is a normalised value of one kind. It is personal data: what is stored is a hash of it that
// nobody can make without the job's page key.
type MatchKey struct {
	Kind  string // MatchEmail, MatchPhone
	Value string // never empty
}

// SurveyedKey says that a record of the target has a value, by the value's hash.
type SurveyedKey struct {
	Hash   KeyHash
	Target string
}

// LinkedKey is the hash under which a survey remembers that a record is a linked person's already; the
// Target of its SurveyedKey is the hash of that person's key, in hexadecimal.
func LinkedKey(target string) KeyHash { return HashKey("linked", target) }

// MaxMatches is how many records of one value a store remembers at least. More than one that is not
// linked is ambiguous.
const MaxMatches = 16

// Surveys keeps what a job has found out about the records that a target has, apart from the rest, with
// the staged pages.
type Surveys interface {
	// PutSurvey adds at most 1,000 keys; calling twice is safe. Expired surveys are as good as absent.
	PutSurvey(ctx context.Context, job JobID, keys []SurveyedKey, expires time.Time) error
	// Surveyed returns the targets that have each value, in one go for at most 1,000 hashes: all of
	// them, or at least MaxMatches of many, without order.
	Surveyed(ctx context.Context, job JobID, hashes []KeyHash) (map[KeyHash][]string, error)
}
