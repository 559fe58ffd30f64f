package engine

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

func (m *memory) LoadLinks(_ context.Context, _ usersync.LinkSet, hashes []usersync.KeyHash, strong bool) (links map[usersync.KeyHash]usersync.Link, err error) {
	links = make(map[usersync.KeyHash]usersync.Link)
	err = m.burn(func() error {
		m.strong = strong
		for _, h := range hashes {
			if link, ok := m.links[h]; ok {
				links[h] = link.Link
			}
		}
		return nil
	})
	return links, err
}

func (m *memory) PutLinks(_ context.Context, _ usersync.LinkSet, fence int64, links []usersync.Link) error {
	if m.onLinks != nil {
		m.onLinks(links)
	}
	return m.burn(func() error {
		if len(links) > 100 {
			return errors.New("too many links at once")
		}
		for _, link := range links {
			if m.links[link.Hash()].fence > fence {
				return errFenced()
			}
			if _, known := m.links[link.Hash()]; !known {
				m.order = nil
			}
			m.links[link.Hash()] = fencedLink{link, fence}
		}
		return nil
	})
}

func (m *memory) DropLinks(_ context.Context, _ usersync.LinkSet, fence int64, hashes []usersync.KeyHash) error {
	return m.burn(func() error {
		for _, h := range hashes {
			if m.links[h].fence > fence {
				return errFenced()
			}
			delete(m.links, h)
			m.order = nil
		}
		return nil
	})
}

func (m *memory) LinkRange(_ context.Context, _ usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) (links []usersync.Link, err error) {
	err = m.burn(func() error {
		byHash := func(a, b usersync.KeyHash) int { return bytes.Compare(a[:], b[:]) }
		if m.order == nil {
			m.order = slices.SortedFunc(maps.Keys(m.links), byHash)
		}
		from := 0
		if after != nil {
			var found bool
			if from, found = slices.BinarySearchFunc(m.order, *after, byHash); found {
				from++
			}
		}
		for _, h := range m.order[from:] {
			if byHash(h, to) > 0 || len(links) == limit {
				break
			}
			links = append(links, m.links[h].Link)
		}
		return nil
	})
	return links, err
}

func (m *memory) LinkHashes(ctx context.Context, set usersync.LinkSet, after *usersync.KeyHash, to usersync.KeyHash, limit int) (hashes []usersync.KeyHash, err error) {
	links, err := m.LinkRange(ctx, set, after, to, limit)
	for i := range links {
		hashes = append(hashes, links[i].Hash())
	}
	return hashes, err
}

func (m *memory) Reserve(_ context.Context, _ usersync.LinkSet, _ int64, claims []usersync.Reservation) (holders []string, err error) {
	err = m.burn(func() error {
		for _, c := range claims {
			holder, taken := m.reserved[c.TargetKey]
			if !taken || holder == c.Key {
				m.reserved[c.TargetKey], holder = c.Key, ""
			}
			holders = append(holders, holder)
		}
		return nil
	})
	return holders, err
}

func (m *memory) Free(_ context.Context, _ usersync.LinkSet, claims []usersync.Reservation) error {
	return m.burn(func() error {
		for _, c := range claims {
			if m.reserved[c.TargetKey] == c.Key {
				delete(m.reserved, c.TargetKey)
			}
		}
		return nil
	})
}

func (m *memory) PutSurvey(_ context.Context, _ usersync.JobID, keys []usersync.SurveyedKey, _ time.Time) error {
	return m.burn(func() error {
		if len(keys) > 1000 {
			return errors.New("too many keys at once")
		}
		for _, k := range keys {
			if !slices.Contains(m.survey[k.Hash], k.Target) {
				m.survey[k.Hash] = append(m.survey[k.Hash], k.Target)
			}
		}
		return nil
	})
}

func (m *memory) Surveyed(_ context.Context, _ usersync.JobID, hashes []usersync.KeyHash) (found map[usersync.KeyHash][]string, err error) {
	found = make(map[usersync.KeyHash][]string)
	err = m.burn(func() error {
		for _, h := range hashes {
			if targets := m.survey[h]; len(targets) > 0 {
				found[h] = slices.Clone(targets)
			}
		}
		return nil
	})
	return found, err
}
