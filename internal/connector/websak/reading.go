package websak

import (
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
)

// position is where a reading of the list is. As a cursor it is OFFSET/BEGAN/LAP, with BEGAN in nanoseconds since
// 1970, and /again behind it on the second way through the list.
type position struct {
	offset int
	began  int64     // when the reading began; it names the reading, too
	lap    httpx.Lap // of the pages, by a hash of their keys
	again  bool      // the list is read a second time, from its beginning
}

func (p position) cursor() usersync.Cursor {
	text := strconv.Itoa(p.offset) + "/" + strconv.FormatInt(p.began, 10) + "/" + p.lap.String()
	if p.again {
		text += "/again"
	}
	return usersync.Cursor(text)
}

// positionAt reads a cursor. Errors: Malformed.
func positionAt(at usersync.Cursor) (position, error) {
	text, again := strings.CutSuffix(string(at), "/again")
	parts := strings.Split(text, "/")
	if len(parts) == 3 {
		offset, err := strconv.Atoi(parts[0])
		began, err2 := strconv.ParseInt(parts[1], 10, 64)
		lap, ok := httpx.LapOf(parts[2])
		if err == nil && err2 == nil && ok && offset >= 0 && offset <= math.MaxInt32 {
			return position{offset: offset, began: began, lap: lap, again: again}, nil
		}
	}
	return position{}, usersync.E(usersync.Malformed, "the cursor of "+listName+" is none of this source's")
}

// after is the position behind a page. Errors: Malformed where the pages go round: a server that does not move with
// the offset would be read for ever.
func (p position) after(entries []usersync.Entry) (position, error) {
	var keys strings.Builder
	for i := range entries {
		if !entries[i].Keyless { // else the key is a place in the list
			keys.WriteString(entries[i].Key + "\x00")
		}
	}
	page := ""
	if keys.Len() > 0 {
		page = usersync.HashKey("page", keys.String()).String()
	}
	lap, again := p.lap.Next(page, len(entries))
	if again {
		return p, usersync.E(usersync.Malformed, listName+" gives the same page again, whatever offset says")
	}
	p.offset, p.lap = p.offset+len(entries), lap
	return p, nil
}

// since is the day before the reading began, in UTC, as YYYY-MM-DD. Changes are those after a date, by a clock
// whose zone is not known: this is early enough for every zone.
func (p position) since() string {
	return time.Unix(0, p.began).UTC().AddDate(0, 0, -1).Format(time.DateOnly)
}

const (
	maxReadings = 4         // that are remembered at once
	maxListed   = 1_000_000 // people of one that are remembered
)

// remembered is whom a reading has listed and as what, by hashes, so that changes are looked at for the others
// alone. A reading may be forgotten, and another process knows nothing of it: then all changes are others.
type remembered struct {
	seed maphash.Seed
	mu   sync.Mutex
	of   map[int64]*reading
	age  []int64 // the readings, oldest first
}

type reading struct {
	next  int               // the offset up to which everybody is remembered
	as    map[uint64]uint64 // what was listed, by key
	moved bool              // somebody was listed twice, as another
}

func newRemembered() *remembered {
	return &remembered{seed: maphash.MakeSeed(), of: map[int64]*reading{}}
}

// add remembers a page of the list.
func (m *remembered) add(p position, entries []usersync.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.of[p.began]
	if r == nil && p.offset == 0 {
		r = &reading{as: map[uint64]uint64{}}
		m.of[p.began], m.age = r, append(m.age, p.began)
		if len(m.age) > maxReadings {
			delete(m.of, m.age[0])
			m.age = m.age[1:]
		}
	}
	if r == nil || p.offset > r.next || len(r.as) > maxListed {
		delete(m.of, p.began)
		return
	}
	for i := range entries {
		key, content := m.key(&entries[i]), m.content(&entries[i])
		as, known := r.as[key]
		r.moved = r.moved || known && as != content
		r.as[key] = content
	}
	r.next = max(r.next, p.offset+len(entries))
}

// others are those of the entries whom the reading, which ends at its position, has not listed; moved says that
// there are any, or that somebody has become another since being listed. The reading is then forgotten.
func (m *remembered) others(p position, entries []usersync.Entry) (others []usersync.Entry, moved bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.of[p.began]
	delete(m.of, p.began)
	if r == nil || p.offset > r.next {
		return entries, len(entries) > 0
	}
	moved = r.moved
	for i := range entries {
		as, known := r.as[m.key(&entries[i])]
		if !known {
			others = append(others, entries[i])
		}
		moved = moved || !known || as != m.content(&entries[i])
	}
	return others, moved
}

func (m *remembered) key(e *usersync.Entry) uint64 { return maphash.String(m.seed, e.Key) }

// content is what a user was listed as, but for e-mail addresses, which changes need not have.
func (m *remembered) content(e *usersync.Entry) uint64 {
	if e.Person == nil {
		return 0
	}
	p := e.Person
	return maphash.Comparable(m.seed, struct {
		active                        bool
		code, name, title, department string
		phones                        usersync.Phones
		address                       usersync.Address
	}{p.IsActive(), p.UserName, p.DisplayName, p.Title, p.DepartmentCode, p.Phones, p.Addresses.Work})
}
