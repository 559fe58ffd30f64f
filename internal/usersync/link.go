package usersync

// Origin says how a link came to be.
type Origin string

// A created record is ours from its beginning; an adopted one was there before.
const (
	OriginCreated Origin = "created"
	OriginAdopted Origin = "adopted"
)

// Link ties a person's key in the source to the target's id for them, and remembers in hashes what
// was last written there. It holds keys and hashes, nothing else of the person.
type Link struct {
	Key       string  // the person's key in the source
	Target    string  // the target's id, at most 256 bytes
	TargetKey KeyHash // the reserved key in the target; zero where the target has none
	Origin    Origin
	Job       JobID  // the job that wrote it last
	Digest    []byte // hash of the mapped record and a short salted hash per field, at most 4 KiB; the engine's own form
}

// Hash is where the link is kept.
func (l *Link) Hash() KeyHash { return HashKey("person", l.Key) }

// Reservation claims a key in the target for a person, so that two people never become one record.
type Reservation struct {
	TargetKey KeyHash // HashKey("target", key as Target.Key gives it)
	Key       string  // the person's key in the source
}
