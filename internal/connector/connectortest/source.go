package connectortest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

// Source is how the suite gets at a source.
type Source struct {
	// Open opens a source that lists exactly these people, in this order; none of them is also a list.
	// It may give them keys of its own, but their user names are unique and come back as they are.
	Open func(t *testing.T, people []usersync.Person) usersync.Source
	// Faulty opens a source that lists these people and, before, between and after them, elements that
	// nobody can use. Nil where the system cannot hold such elements.
	Faulty func(t *testing.T, people []usersync.Person) usersync.Source
	// Lost are the names of fields of People that this system has no place for, for example "title". Where
	// userName is one of them, people are told apart by their e-mail address.
	Lost []string
}

// who is what a person is known by in the suite.
func (s *Source) who(p *usersync.Person) string {
	if slices.Contains(s.Lost, "userName") {
		return p.Emails.Work
	}
	return p.UserName
}

// People are n made-up people who fill the fields that most systems have; every seventh is not
// active and every fifth has no phone.
func People(n int) []usersync.Person {
	people := make([]usersync.Person, n)
	for i := range people {
		no := strconv.Itoa(i + 1)
		p := &people[i]
		*p = usersync.Person{
			ID:             "person-" + no,
			UserName:       "user." + no,
			DisplayName:    "Bjørn Ærlig O'Neil " + no,
			Title:          "Rådgiver, trinn " + no,
			DepartmentCode: "D" + strconv.Itoa(i%9),
		}
		p.Emails.Work = "user." + no + "@example.test"
		p.Addresses.Work = usersync.Address{StreetAddress: "Åsveien " + no, PostalCode: "0" + strconv.Itoa(150+i%9), Locality: "Ålesund"}
		if i%5 != 0 {
			p.Phones.Mobile = "+47 900 " + no
			p.Phones.Work = "+47 22 " + no
		}
		active := i%7 != 6
		p.Active = &active
	}
	return people
}

// RunSource holds a source against its contract.
func RunSource(t *testing.T, s Source) {
	t.Run("ListsEverybodyExactlyOnce", func(t *testing.T) {
		people := People(1203)
		sameEverybody(t, s, people, entries(t, s.Open(t, people)))
	})
	t.Run("AnEmptyListIsNobodyAndNoError", func(t *testing.T) {
		if got := entries(t, s.Open(t, nil)); len(got) != 0 {
			t.Fatalf("%d entries of an empty list", len(got))
		}
	})
	t.Run("CheckMayBeCalledAtAnyTimeAndChangesNothing", func(t *testing.T) {
		people := People(3)
		src := s.Open(t, people)
		for range 2 {
			if err := src.Check(t.Context()); err != nil {
				t.Fatalf("Check: %v", err)
			}
			sameEverybody(t, s, people, entries(t, src))
		}
	})
	t.Run("ACursorCanBeFetchedAgainAlsoByAnotherProcess", func(t *testing.T) { refetched(t, s) })
	if s.Faulty != nil {
		t.Run("AnElementThatCannotBeUsedDoesNotStopTheRest", func(t *testing.T) { faultsAreEntries(t, s) })
	}
	t.Run("ManyMayReadAtOnce", func(t *testing.T) {
		people := People(620)
		src := s.Open(t, people)
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				got, err := read(t.Context(), src)
				if err != nil || len(got) != len(people) {
					t.Errorf("%d entries, error %v", len(got), err)
				}
			})
		}
		readers.Wait()
	})
	t.Run("ACancelledContextEndsTheReadingWithItsError", func(t *testing.T) { cancelled(t, s) })
	if streamed, ok := s.Open(t, People(620)).(usersync.StreamedSource); ok {
		t.Run("AnErrorOfEmitEndsTheStreamAndComesBackAsItIs", func(t *testing.T) { emitError(t, streamed) })
	}
}

// refetched reads each page twice, the second time from a source opened anew; of a stream it reads
// the whole twice.
func refetched(t *testing.T, s Source) {
	people := People(1203)
	src := s.Open(t, people)
	paged, ok := src.(usersync.PagedSource)
	if !ok {
		sameEntries(t, entries(t, src), entries(t, src))
		return
	}
	for at := usersync.Cursor(""); ; {
		first := fetch(t, paged, at)
		again := fetch(t, paged, at)
		sameEntries(t, first.Entries, again.Entries)
		if first.Next != again.Next || first.Last != again.Last {
			t.Fatalf("the page at %q goes on at %q, then at %q", at, first.Next, again.Next)
		}
		if first.Last {
			return
		}
		at = first.Next
	}
}

func faultsAreEntries(t *testing.T, s Source) {
	people := People(5)
	var usable, faults []usersync.Entry
	for _, e := range entries(t, s.Faulty(t, people)) {
		if e.Person != nil {
			usable = append(usable, e)
		} else {
			faults = append(faults, e)
		}
	}
	if len(faults) < 3 {
		t.Errorf("%d faults, want one before, one between and one after the people", len(faults))
	}
	sameEverybody(t, s, people, usable)
}

func cancelled(t *testing.T, s Source) {
	src := s.Open(t, People(620))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := read(ctx, src); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if got := entries(t, src); len(got) != 620 {
		t.Errorf("%d entries afterwards, want 620", len(got))
	}
}

func emitError(t *testing.T, streamed usersync.StreamedSource) {
	stop := errors.New("stop")
	calls := 0
	err := streamed.Stream(t.Context(), func(usersync.Page) error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Errorf("error %v after %d pages, want emit's own after one", err, calls)
	}
}

// sameEverybody compares people by what they are known by, since a system may have keys of its own.
func sameEverybody(t *testing.T, s Source, want []usersync.Person, got []usersync.Entry) {
	t.Helper()
	found := map[string]*usersync.Person{}
	for _, e := range got {
		if e.Person == nil {
			t.Errorf("%s cannot be used: %s", e.Key, e.Fault)
			continue
		}
		if found[s.who(e.Person)] != nil {
			t.Errorf("%s is listed twice", s.who(e.Person))
		}
		found[s.who(e.Person)] = e.Person
	}
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	for i := range want {
		p := found[s.who(&want[i])]
		if p == nil {
			t.Fatalf("%s is missing", s.who(&want[i]))
		}
		for name, texts := range shared(&want[i], p) {
			if texts[0] != texts[1] && !slices.Contains(s.Lost, name) {
				t.Fatalf("%s: %s is %q, want %q", s.who(p), name, texts[1], texts[0])
			}
		}
	}
}

// shared pairs the fields that People fills, by name.
func shared(want, got *usersync.Person) map[string][2]string {
	return map[string][2]string{
		"displayName":                  {want.DisplayName, got.DisplayName},
		"title":                        {want.Title, got.Title},
		"active":                       {strconv.FormatBool(want.IsActive()), strconv.FormatBool(got.IsActive())},
		"departmentCode":               {want.DepartmentCode, got.DepartmentCode},
		"emails.work":                  {want.Emails.Work, got.Emails.Work},
		"phones.work":                  {want.Phones.Work, got.Phones.Work},
		"phones.mobile":                {want.Phones.Mobile, got.Phones.Mobile},
		"addresses.work.streetAddress": {want.Addresses.Work.StreetAddress, got.Addresses.Work.StreetAddress},
		"addresses.work.postalCode":    {want.Addresses.Work.PostalCode, got.Addresses.Work.PostalCode},
		"addresses.work.locality":      {want.Addresses.Work.Locality, got.Addresses.Work.Locality},
	}
}
