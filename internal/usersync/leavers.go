package usersync

import "context"

// Policy says what becomes of people who are linked and no longer listed.
type Policy string

// The policies.
const (
	Keep       Policy = "keep"
	Deactivate Policy = "deactivate"
	Delete     Policy = "delete"
)

// Leavers is a company's policy and its guard: where more people would be removed than it allows, nobody
// is, and the job fails.
type Leavers struct {
	Then    Policy  `json:"then,omitempty"`    // empty: Keep
	AtMost  int     `json:"atMost,omitempty"`  // people; where Percent is not set
	Percent float64 `json:"percent,omitempty"` // of the linked people, over 0 to 100
}

// Deactivator is a target that can switch people off and on again.
type Deactivator interface {
	Target
	// Deactivate switches the record off; one that is off already stays so. NotFound: there is none
	// (any more). Other errors: those of Update.
	Deactivate(ctx context.Context, id string) error
	// Activate switches it on again, likewise.
	Activate(ctx context.Context, id string) error
}

// Deleter is a target that can delete records, for good.
type Deleter interface {
	Target
	// Delete removes the record. NotFound: there is none (any more). Other errors: those of Update.
	Delete(ctx context.Context, id string) error
}
