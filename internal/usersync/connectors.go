package usersync

import "context"

// Mapper makes a target's record of a person, by declared rules. It is pure and safe for concurrent use.
type Mapper interface {
	// Map returns the record, sorted by field, without empty fields. Errors: Rejected, for this person
	// alone: the message names the target's field, no value.
	Map(p *Person) (Record, error)
}

// Connectors opens the systems that a company's settings name.
type Connectors interface {
	// Source opens the company's source. Errors: Settings (unknown type, a secret that cannot be had).
	Source(ctx context.Context, c Company) (Source, error)
	// Target opens the company's target and the mapping to it. Errors: Settings.
	Target(ctx context.Context, c Company) (Target, Mapper, error)
	Linker
}

// Linker names links; it opens nothing.
type Linker interface {
	// LinkSet names the company's links between its two systems. Errors: Settings.
	LinkSet(c Company) (LinkSet, error)
}

// Secrets resolves references to secrets.
type Secrets interface {
	// Secret returns what `env:NAME` or `file:PATH` stands for (a file without its last line break).
	// Errors: Settings, naming the reference, never a value.
	Secret(ctx context.Context, reference string) (string, error)
}
