package engine

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/usersync/usersync/internal/usersync"
)

// listed is a source that answers with prepared pages; the cursor is the number of the next one.
type listed struct {
	pages [][]usersync.Entry
	fetch func(at usersync.Cursor) error // called before an answer, where set
	asked int
}

func (l *listed) Check(context.Context) error { return nil }

func (l *listed) Fetch(_ context.Context, at usersync.Cursor) (usersync.Page, error) {
	l.asked++
	if l.fetch != nil {
		if err := l.fetch(at); err != nil {
			return usersync.Page{}, err
		}
	}
	n, _ := strconv.Atoi(string(at))
	page := usersync.Page{Next: usersync.Cursor(strconv.Itoa(n + 1)), Last: n+1 >= len(l.pages)}
	if n < len(l.pages) {
		page.Entries = l.pages[n]
	}
	return page, nil
}

// streamed reads the same pages in one go.
type streamed struct {
	pages [][]usersync.Entry
	emit  func(n int) error // called before a page, where set
}

func (s *streamed) Check(context.Context) error { return nil }

func (s *streamed) Stream(_ context.Context, emit func(usersync.Page) error) error {
	for n, entries := range s.pages {
		if s.emit != nil {
			if err := s.emit(n); err != nil {
				return err
			}
		}
		if err := emit(usersync.Page{Entries: entries}); err != nil {
			return err
		}
	}
	return nil
}

// scripted is a target that holds records, keeps book of requests, and answers as it is told to.
type scripted struct {
	*fuse
	traits usersync.TargetTraits

	mu      sync.Mutex
	records map[string]usersync.Record // by id
	ids     map[string]string          // by code in small letters: the newest
	last    int
	creates map[string]int // by code: creates that were carried out
	begun   map[string]bool
	asked   []string // requests: operation and code
	busy    int
	busiest int
	answer  func(op, code string) (do bool, err error) // what becomes of a request; nil: it is done
	check   error
	gate    func() // passed by each request, where set
}

func newScripted(f *fuse, traits usersync.TargetTraits) *scripted {
	traits.MaxInFlight = max(traits.MaxInFlight, 1)
	return &scripted{
		fuse: f, traits: traits, records: map[string]usersync.Record{}, ids: map[string]string{},
		creates: map[string]int{}, begun: map[string]bool{},
	}
}

func (s *scripted) Traits() usersync.TargetTraits { return s.traits }
func (s *scripted) Check(context.Context) error   { return s.check }

func (s *scripted) Key(r usersync.Record) (string, error) {
	return strings.ToLower(r.Text("code")), nil
}

// request keeps book of a request and carries it out as the script says.
func (s *scripted) request(op, code string, do func() error) error {
	s.mu.Lock()
	s.busy++
	s.busiest = max(s.busiest, s.busy)
	s.asked = append(s.asked, op+" "+code)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}()
	if s.gate != nil {
		s.gate()
	}
	return s.burn(func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if op == "create" {
			s.begun[code] = true
		}
		carry, err := true, error(nil)
		if s.answer != nil {
			carry, err = s.answer(op, code)
		}
		if carry {
			if failed := do(); failed != nil {
				return failed
			}
		}
		return err
	})
}

// find is the id of the record with the code; empty where there is none (any more).
func (s *scripted) find(code string) string {
	id := s.ids[strings.ToLower(code)]
	if r, there := s.records[id]; !there || !strings.EqualFold(r.Text("code"), code) {
		return ""
	}
	return id
}

func (s *scripted) Create(_ context.Context, r usersync.Record) (w usersync.Written, err error) {
	code := r.Text("code")
	err = s.request("create", code, func() error {
		if s.traits.UpsertsByKey {
			w.ID = s.find(code)
			w.Existed = w.ID != ""
		}
		if w.ID == "" {
			s.last++
			w.ID = "t" + strconv.Itoa(s.last)
			s.creates[code]++
		}
		s.records[w.ID], s.ids[strings.ToLower(code)] = r, w.ID
		return nil
	})
	if err != nil {
		w = usersync.Written{}
	}
	return w, err
}

func (s *scripted) Update(_ context.Context, id string, r usersync.Record) (usersync.Written, error) {
	err := s.request("update", r.Text("code"), func() error {
		if _, ok := s.records[id]; !ok {
			return errNotFound()
		}
		s.records[id], s.ids[strings.ToLower(r.Text("code"))] = r, id
		return nil
	})
	return usersync.Written{ID: id, Existed: true}, err
}

func (s *scripted) LookUp(_ context.Context, r usersync.Record) (id string, err error) {
	key := strings.ToLower(r.Text("code"))
	err = s.request("look up", key, func() error {
		id = s.find(key)
		return nil
	})
	return id, err
}

// mapper makes a record of code and name; a person without a code cannot be mapped.
type mapper struct{}

func (mapper) Map(p *usersync.Person) (usersync.Record, error) {
	if p.UserName == "" {
		return nil, usersync.E(usersync.Rejected, "code is missing")
	}
	r := usersync.Record{{Name: "code", Value: p.UserName}}
	if p.DisplayName != "" {
		r = append(r, usersync.Field{Name: "name", Value: p.DisplayName})
	}
	return r, nil
}
