package directory

import (
	"cmp"
	"context"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/usersync"
)

// Service holds the rules of writing: whoever writes to the directory, over HTTP or as a target, does
// it here. It is safe for concurrent use.
//
// Errors of its methods: Validation, whose Field is the property; NotFound; Exists; and the store's
// own. No message has a value of a user.
type Service struct {
	store Store
	clock usersync.Clock
	newID func() string
	units sync.Mutex // held from the look at departments' keys to the write
}

// NewService writes to the store. newID gives ids to users, departments and roles; nil: UUIDv7.
func NewService(store Store, clock usersync.Clock, newID func() string) *Service {
	if newID == nil {
		newID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return &Service{store: store, clock: clock, newID: newID}
}

// LookUp is by which property a user is found.
type LookUp string

// The ways to find a user. ByAny is the id or, where nobody has that id, the code: Websak's document
// says of some routes that they take an id or a user name, and the code is the user name.
const (
	ByID   LookUp = "id"
	ByCode LookUp = "code"
	ByAny  LookUp = "any"
)

// User finds a user. Errors: NotFound.
func (s *Service) User(ctx context.Context, company usersync.CompanyID, by LookUp, value string) (User, error) {
	notFound := usersync.E(usersync.NotFound, "no such user")
	if strings.TrimSpace(value) == "" || len(value) > maxKey {
		return User{}, notFound
	}
	var u User
	err := error(notFound)
	if by != ByCode {
		u, err = s.store.User(ctx, company, value)
	}
	if by == ByCode || by == ByAny && usersync.Is(err, usersync.NotFound) {
		u, err = s.store.UserByCode(ctx, company, value)
	}
	if usersync.Is(err, usersync.NotFound) {
		return User{}, notFound
	}
	return u, err
}

// CreateOrUpdate changes the user whom the patch's lookupField finds (`Id`, by its id, unless it says
// `Code`), keeping what the patch does not give, or else creates one under a new id, who gets of
// their template what the patch does not give. Calling twice by Code leaves one user.
func (s *Service) CreateOrUpdate(ctx context.Context, company usersync.CompanyID, p Patch) (u User, created bool, err error) {
	by, err := lookUpBy(p.Request.LookupField)
	if err != nil {
		return User{}, false, err
	}
	value := text(p.Request.ID)
	if by == ByCode {
		if value = text(p.Request.Code); CodeKey(value) == "" {
			return User{}, false, invalid("code", "is missing, and lookupField says that the user is found by it")
		}
	}
	err = s.again(ctx, func() error {
		found, err := s.User(ctx, company, by, value)
		if created = usersync.Is(err, usersync.NotFound); created {
			u, err = s.create(ctx, company, p)
			if by == ByCode && usersync.Is(err, usersync.Conflict) {
				return errOvertaken
			}
			return err
		}
		if err == nil {
			u, err = s.save(ctx, company, found, p.change, keepAccess)
		}
		return err
	})
	return u, created, codeTaken(err)
}

// CreateFirst is CreateOrUpdate by Code for a user who is most likely new: it looks for one only where
// the code turns out to be taken.
func (s *Service) CreateFirst(ctx context.Context, company usersync.CompanyID, p Patch) (u User, created bool, err error) {
	if CodeKey(text(p.Request.Code)) == "" {
		return User{}, false, invalid("code", "is missing, and the user is found by it")
	}
	u, err = s.create(ctx, company, p)
	if usersync.Is(err, usersync.Conflict) || usersync.Is(err, usersync.Fenced) {
		return s.CreateOrUpdate(ctx, company, p)
	}
	return u, err == nil, err
}

// errOvertaken says that somebody else wrote between a look and the write that followed it.
var errOvertaken = usersync.E(usersync.Fenced, "somebody else has written in between")

// lookUpBy reads a request's lookupField.
func lookUpBy(field *string) (LookUp, error) {
	switch strings.ToLower(text(field)) {
	case "", "id":
		return ByID, nil
	case "code":
		return ByCode, nil
	}
	return "", invalid("lookupField", "must be Id or Code")
}

func (s *Service) create(ctx context.Context, company usersync.CompanyID, p Patch) (User, error) {
	now := s.clock.Now()
	u := User{ID: s.newID(), Request: p.Request, Created: now, Changed: now}
	u.Request.ID = nil
	template, err := s.template(ctx, company, &u.Request)
	if err != nil {
		return User{}, err
	}
	s.inherit(&u, template, keepAccess)
	if u.Unit, err = s.unitOf(ctx, company, &u.Request); err != nil {
		return User{}, err
	}
	if err := u.Request.check(); err != nil {
		return User{}, err
	}
	stored, err := s.store.CreateUser(ctx, company, u)
	if usersync.Is(err, usersync.Exists) {
		return User{}, errOvertaken
	}
	return stored, err
}

// Update changes the user with the id, keeping what the patch does not give. Errors: NotFound.
func (s *Service) Update(ctx context.Context, company usersync.CompanyID, id string, p Patch) (User, error) {
	return s.modify(ctx, company, ByID, id, p.change, keepAccess)
}

// Replace puts the request in the place of what the user was: what it does not give is wiped. Where
// the department or the template becomes another, access becomes the template's. The id is a code
// where the request's lookupField says so. Errors: NotFound.
func (s *Service) Replace(ctx context.Context, company usersync.CompanyID, id string, p Patch) (User, error) {
	by, err := lookUpBy(p.Request.LookupField)
	if err != nil {
		return User{}, err
	}
	return s.modify(ctx, company, by, id, func(u *User) { u.Request = p.Request }, resetAccess)
}

// change writes what the patch gives over the user.
func (p *Patch) change(u *User) { p.apply(&u.Request) }

// SetActive lets a user in again by taking the expiry away, or keeps them out by setting it to
// yesterday; who is out already stays so since then. Errors: NotFound.
func (s *Service) SetActive(ctx context.Context, company usersync.CompanyID, by LookUp, value string, active bool) (User, error) {
	return s.modify(ctx, company, by, value, func(u *User) {
		switch {
		case active:
			u.Expires = nil
		case u.Active():
			yesterday := s.clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
			u.Expires = &yesterday
		}
	}, keepAccess)
}

// Active reports whether the user may come in: an expiry is never in the future.
func (u *User) Active() bool { return u.Expires == nil }

// modify reads, changes and writes a user until nobody else has written in between.
func (s *Service) modify(ctx context.Context, company usersync.CompanyID, by LookUp, value string, change func(*User), a access) (u User, err error) {
	err = s.again(ctx, func() error {
		found, err := s.User(ctx, company, by, value)
		if err == nil {
			u, err = s.save(ctx, company, found, change, a)
		}
		return err
	})
	return u, codeTaken(err)
}

// save writes the user changed, if the change is one.
func (s *Service) save(ctx context.Context, company usersync.CompanyID, old User, change func(*User), a access) (User, error) {
	u := old
	change(&u)
	u.Request.ID = nil
	moved := !sameDepartment(&old.Request, &u.Request)
	if moved || u.Unit == "" {
		var err error
		if u.Unit, err = s.unitOf(ctx, company, &u.Request); err != nil {
			return User{}, err
		}
		moved = moved && department(&old) != department(&u)
	}
	if moved || text(u.Request.AccessTemplateID) != text(old.Request.AccessTemplateID) {
		template, err := s.template(ctx, company, &u.Request)
		if err != nil {
			return User{}, err
		}
		if a == resetAccess {
			s.inherit(&u, template, resetAccess)
		}
	}
	if err := u.Request.check(); err != nil {
		return User{}, err
	}
	unchanged := u
	unchanged.Request.LookupField = old.Request.LookupField // how somebody was found is no change of theirs
	if reflect.DeepEqual(unchanged, old) {
		return old, nil
	}
	u.Changed = s.clock.Now()
	return s.store.UpdateUser(ctx, company, u)
}

// again repeats try while somebody else writes in between.
func (s *Service) again(ctx context.Context, try func() error) error {
	for attempt := range 20 {
		err := try()
		if !usersync.Is(err, usersync.Fenced) {
			return err
		}
		if err := s.clock.Wait(ctx, time.Duration(attempt)*rand.N(2*time.Millisecond)); err != nil {
			return err
		}
	}
	return usersync.E(usersync.Unavailable, "too many are writing at the same time")
}

// codeTaken says of a store's conflict what it means to the caller.
func codeTaken(err error) error {
	if usersync.Is(err, usersync.Conflict) {
		return invalid("code", "is another user's")
	}
	return err
}

// department is what a user's department is told apart by.
func department(u *User) string {
	return cmp.Or(u.Unit, text(u.Request.DepartmentCode), text(u.Request.ExternalDepartmentID), text(u.Request.DepartmentID))
}
