package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	connector "github.com/usersync/usersync/internal/connector/directory"

	"github.com/usersync/usersync/internal/connector/connectortest"
	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/store/sqlite"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

const company = usersync.CompanyID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")

func open(t testing.TB) (directory.Store, *usersynctest.Clock) {
	clock := usersynctest.NewClock()
	store, err := sqlite.Open(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store, clock
}

// record is a person by the built-in mapping.
func record(p *usersync.Person) usersync.Record {
	var r usersync.Record
	for _, f := range []usersync.Field{
		{Name: "addr", Value: p.Addresses.Work.StreetAddress}, {Name: "code", Value: p.UserName}, {Name: "departmentCode", Value: p.DepartmentCode},
		{Name: "emailAddr", Value: p.Emails.Work}, {Name: "mobile", Value: p.Phones.Mobile}, {Name: "name", Value: p.DisplayName},
		{Name: "phone", Value: p.Phones.Work}, {Name: "place", Value: p.Addresses.Work.Locality}, {Name: "postalNo", Value: p.Addresses.Work.PostalCode},
		{Name: "title", Value: p.Title}, {Name: "username", Value: p.UserName},
	} {
		if f.Value != "" {
			r = append(r, f)
		}
	}
	return r
}

func TestTheSourceKeepsItsContract(t *testing.T) {
	connectortest.RunSource(t, connectortest.Source{Open: func(t *testing.T, people []usersync.Person) usersync.Source {
		store, clock := open(t)
		target, service := connector.NewTarget(store, company, nil, clock), directory.NewService(store, clock, nil)
		for i := range people {
			w, err := target.Create(t.Context(), record(&people[i]))
			if err == nil && !people[i].IsActive() {
				_, err = service.SetActive(t.Context(), company, directory.ByID, w.ID, false)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return connector.NewSource(store, company)
	}})
}

func TestTheTargetKeepsItsContract(t *testing.T) {
	connectortest.RunTarget(t, connectortest.Target{
		KeyField: "code",
		Clears:   true,
		Record:   func(i int) usersync.Record { return record(&connectortest.People(i + 2)[i+1]) },
		Open: func(t *testing.T) connectortest.System {
			store, clock := open(t)
			return connectortest.System{
				Target: connector.NewTarget(store, company, nil, clock),
				Count: func() int {
					users, err := store.Users(t.Context(), company, 0, 1000)
					if err != nil {
						t.Error(err)
					}
					return len(users)
				},
				Active: func(id string) bool {
					u, err := store.User(t.Context(), company, id)
					return err == nil && u.Active()
				},
				Stored: func(id string) (stored map[string]any) {
					u, err := store.User(t.Context(), company, id)
					if err != nil {
						return nil
					}
					raw, err := json.Marshal(u.Request)
					if err == nil {
						err = json.Unmarshal(raw, &stored)
					}
					if err != nil {
						t.Error(err)
					}
					return stored
				},
			}
		},
	})
}

// counting counts the calls of a store.
type counting struct {
	directory.Store
	calls map[string]int
}

func (c counting) UserByCode(ctx context.Context, company usersync.CompanyID, code string) (directory.User, error) {
	c.calls["read"]++
	return c.Store.UserByCode(ctx, company, code)
}

func (c counting) User(ctx context.Context, company usersync.CompanyID, id string) (directory.User, error) {
	c.calls["read"]++
	return c.Store.User(ctx, company, id)
}

func (c counting) Units(ctx context.Context, company usersync.CompanyID) ([]directory.Unit, error) {
	c.calls["units"]++
	return c.Store.Units(ctx, company)
}

func (c counting) CreateUser(ctx context.Context, company usersync.CompanyID, u directory.User) (directory.User, error) {
	c.calls["write"]++
	return c.Store.CreateUser(ctx, company, u)
}

func TestACreateIsOneWriteAndNoRead(t *testing.T) {
	store, clock := open(t)
	c := counting{store, map[string]int{}}
	target := connector.NewTarget(c, company, nil, clock)
	for i, p := range connectortest.People(20) {
		if _, err := target.Create(t.Context(), record(&p)); err != nil {
			t.Fatal(err)
		}
		if c.calls["write"] != i+1 || c.calls["read"] != 0 || c.calls["units"] != 1 {
			t.Fatalf("after %d creates: %v", i+1, c.calls)
		}
	}
}

func TestWhatCannotBeStoredIsRejectedByFieldWithoutItsValue(t *testing.T) {
	store, clock := open(t)
	target := connector.NewTarget(store, company, nil, clock)
	made, err := target.Create(t.Context(), usersync.Record{{Name: "code", Value: "A"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Create(t.Context(), usersync.Record{{Name: "code", Value: "taken"}}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("planted", 1000)
	for _, r := range []usersync.Record{
		{{Name: "title", Value: long}}, {{Name: "title", Value: 7}}, {{Name: "title", Value: "planted\xff"}}, {{Name: "title", Value: []any{"planted"}}},
		{{Name: "accessToZones", Value: []any{"planted"}}}, {{Name: "leaveTo", Value: "planted"}}, {{Name: "nickname", Value: "planted"}},
		{{Name: "accessTemplateId", Value: "planted"}},
	} {
		r = append(r, usersync.Field{Name: "code", Value: "B"})
		if _, err := target.Create(t.Context(), r); !rejects(err, r[0].Name) {
			t.Errorf("creating with %s: %v (code %s)", r[0].Name, err, usersync.CodeOf(err))
		}
		if _, err := target.Update(t.Context(), made.ID, r); !rejects(err, r[0].Name) {
			t.Errorf("updating with %s: %v (code %s)", r[0].Name, err, usersync.CodeOf(err))
		}
	}
	if _, err := target.Update(t.Context(), made.ID, usersync.Record{{Name: "code", Value: "TAKEN"}}); !rejects(err, "code") {
		t.Errorf("another's code: %v (code %s)", err, usersync.CodeOf(err))
	}
	users, err := store.Users(t.Context(), company, 0, 10)
	if err != nil || len(users) != 2 || *users[0].Request.Code != "A" {
		t.Errorf("something was stored: %d users, %v", len(users), err)
	}
}

func rejects(err error, field string) bool {
	return usersync.Is(err, usersync.Rejected) && strings.HasPrefix(err.Error(), field) && !strings.Contains(err.Error(), "planted")
}

func TestAnUpdateKeepsWhatTheMappingDoesNotFill(t *testing.T) {
	store, clock := open(t)
	target, service := connector.NewTarget(store, company, nil, clock), directory.NewService(store, clock, nil)
	patch, err := directory.DecodeUser([]byte(`{"code":"A","note":"kept","title":"emptied","userType":"B"}`))
	if err != nil {
		t.Fatal(err)
	}
	u, _, err := service.CreateOrUpdate(t.Context(), company, patch)
	if err != nil {
		t.Fatal(err)
	}
	if w, err := target.Create(t.Context(), usersync.Record{{Name: "code", Value: "a"}}); err != nil || w.ID != u.ID || !w.Existed {
		t.Errorf("a create over a user: existed %v, %v", w.Existed, err)
	}
	if u, err = store.User(t.Context(), company, u.ID); err != nil || u.Request.Title == nil {
		t.Errorf("a create emptied what the record does not have: %v", err)
	}
	if _, err := target.Update(t.Context(), u.ID, usersync.Record{{Name: "code", Value: "a"}}); err != nil {
		t.Fatal(err)
	}
	u, err = store.User(t.Context(), company, u.ID)
	if err != nil || u.Request.Title != nil || u.Request.Note == nil || u.Request.UserType == nil {
		t.Errorf("title kept: %v; note kept: %v; userType kept: %v (%v)", u.Request.Title != nil, u.Request.Note != nil, u.Request.UserType != nil, err)
	}
}

func TestTheSourceReadsWhatTheDirectoryKnowsBeyondTheMapping(t *testing.T) {
	store, clock := open(t)
	service := directory.NewService(store, clock, nil)
	name, short, external := "Økonomi", "ØK", "ext"
	unit, err := service.CreateUnit(t.Context(), company, directory.DepartmentRequest{DepartmentName: &name, DepartmentShortName: &short, ExternalID: &external})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := directory.DecodeUser([]byte(`{"code":"A","externalDepartmentId":"ext","mailAddresses":["a@example.test"],"misc3":"m","emailAddr2":"b@example.test","userAccessCodes":"X"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := service.CreateOrUpdate(t.Context(), company, patch); err != nil {
		t.Fatal(err)
	}
	page, err := connector.NewSource(store, company).Fetch(t.Context(), "")
	if err != nil || len(page.Entries) != 1 || !page.Last {
		t.Fatalf("%d entries, %v", len(page.Entries), err)
	}
	p := page.Entries[0].Person
	got := fmt.Sprintln(p.UserName, p.Department, p.DepartmentCode, p.Emails.Work, p.IsActive(), p.Attributes)
	want := fmt.Sprintln("A", name, short, "a@example.test", true,
		map[string]string{"misc3": "m", "emailAddr2": "b@example.test", "orgUnitId": unit.ID, "departmentId": unit.ID})
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAPageIsBoundedByItsBytes(t *testing.T) {
	store, clock := open(t)
	service := directory.NewService(store, clock, nil)
	large := strings.Repeat(strings.Repeat("x", 3990)+`","`, 55)
	for i := range 60 {
		patch, err := directory.DecodeUser(fmt.Appendf(nil, `{"code":"c%d","mailAddresses":["%s"]}`, i, large))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := service.CreateOrUpdate(t.Context(), company, patch); err != nil {
			t.Fatal(err)
		}
	}
	source := connector.NewSource(store, company)
	first, err := source.Fetch(t.Context(), "")
	if err != nil || first.Last || len(first.Entries) == 0 || len(first.Entries) >= 60 {
		t.Fatalf("%d entries, last %v, %v", len(first.Entries), first.Last, err)
	}
	rest, err := source.Fetch(t.Context(), first.Next)
	if err != nil || !rest.Last || len(first.Entries)+len(rest.Entries) != 60 {
		t.Errorf("%d entries and %d, %v", len(first.Entries), len(rest.Entries), err)
	}
}

func TestACursorThatIsNoneIsMalformed(t *testing.T) {
	store, _ := open(t)
	for _, cursor := range []usersync.Cursor{"x", "-1", "1.5", "99999999999999999999"} {
		if _, err := connector.NewSource(store, company).Fetch(t.Context(), cursor); !usersync.Is(err, usersync.Malformed) {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}
