package directory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// target writes by code: a create with a code that a user has already updates that user.
type target struct {
	store   directory.Store
	service *directory.Service
	company usersync.CompanyID
	rules   []usersync.Rule
}

// NewTarget writes people to the company's directory, as records that the rules make (none: the built-in
// ones).
func NewTarget(store directory.Store, company usersync.CompanyID, rules []usersync.Rule, clock usersync.Clock) usersync.Target {
	if len(rules) == 0 {
		rules = mapping
	}
	remembered := &rememberedUnits{Store: store, clock: clock}
	return &target{store: store, service: directory.NewService(remembered, clock, nil), company: company, rules: rules}
}

// Check asks for one user.
func (t *target) Check(ctx context.Context) error {
	_, err := t.store.Users(ctx, t.company, 0, 1)
	return err
}

// Traits never changes.
func (t *target) Traits() usersync.TargetTraits {
	return usersync.TargetTraits{UpsertsByKey: true, CanLookUp: true, Mapping: slices.Clone(t.rules), MaxInFlight: 50, TimeOut: 30}
}

// Key is the record's code.
func (t *target) Key(r usersync.Record) (string, error) {
	key := directory.CodeKey(r.Text("code"))
	if key == "" {
		return "", usersync.E(usersync.Rejected, "userName is missing: the directory finds people by their code, which is made from it")
	}
	return key, nil
}

// Create writes the record over the user with its code, keeping what the record does not have, or
// creates one.
func (t *target) Create(ctx context.Context, r usersync.Record) (usersync.Written, error) {
	patch, err := t.patch(ctx, r)
	if err != nil {
		return usersync.Written{}, err
	}
	if err := patch.Set("lookupField", "Code"); err != nil {
		return usersync.Written{}, refused(err)
	}
	u, created, err := t.service.CreateFirst(ctx, t.company, patch)
	if err != nil {
		return usersync.Written{}, refused(err)
	}
	return usersync.Written{ID: u.ID, Existed: !created}, nil
}

// Update writes the record over the user with the id and empties what the mapping fills and the
// record does not have.
func (t *target) Update(ctx context.Context, id string, r usersync.Record) (usersync.Written, error) {
	patch, err := t.patch(ctx, r)
	if err != nil {
		return usersync.Written{}, err
	}
	for _, rule := range t.rules {
		if !patch.Given(rule.Field) {
			if err := patch.Set(rule.Field, nil); err != nil {
				return usersync.Written{}, refused(err)
			}
		}
	}
	u, err := t.service.Update(ctx, t.company, id, patch)
	if err != nil {
		return usersync.Written{}, refused(err)
	}
	return usersync.Written{ID: u.ID, Existed: true}, nil
}

// LookUp finds a user by code.
func (t *target) LookUp(ctx context.Context, r usersync.Record) (string, error) {
	key, err := t.Key(r)
	if err != nil {
		return "", err
	}
	u, err := t.service.User(ctx, t.company, directory.ByCode, key)
	if usersync.Is(err, usersync.NotFound) {
		return "", nil
	}
	return u.ID, err
}

// patch makes a change of a record that has its key.
func (t *target) patch(ctx context.Context, r usersync.Record) (directory.Patch, error) {
	var p directory.Patch
	if err := ctx.Err(); err != nil {
		return p, err
	}
	if _, err := t.Key(r); err != nil {
		return p, err
	}
	for _, f := range r {
		if text, ok := f.Value.(string); ok && f.Name == "code" {
			f.Value = strings.TrimSpace(text)
		}
		if err := p.Set(f.Name, f.Value); err != nil {
			return p, refused(err)
		}
	}
	return p, nil
}

// refused says of an error about the input that this one person cannot be written.
func refused(err error) error {
	if usersync.Is(err, usersync.Validation) {
		return usersync.E(usersync.Rejected, usersync.Public(err))
	}
	return err
}

// unitsAge is how old remembered departments may be.
const unitsAge = 5 * time.Second

// rememberedUnits is a store that reads the departments of a company, of whom there are few, not anew
// for every person. The target has one company.
type rememberedUnits struct {
	directory.Store
	clock usersync.Clock

	mu    sync.Mutex
	units []directory.Unit
	read  time.Time // zero: never
}

// Units returns the departments as they were at most unitsAge ago.
func (s *rememberedUnits) Units(ctx context.Context, company usersync.CompanyID) ([]directory.Unit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock.Now(); s.read.IsZero() || now.Sub(s.read) > unitsAge {
		units, err := s.Store.Units(ctx, company)
		if err != nil {
			return nil, err
		}
		s.units, s.read = units, now
	}
	return s.units, nil
}
