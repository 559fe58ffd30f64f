package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// match is what a survey says of a person without a link.
type match struct {
	kind   string   // of the values that matched; empty: none did
	target string   // the one record that is theirs from now on
	many   []string // the records among which nobody can choose
}

// seeker is a listing that looks for its record.
type seeker struct {
	*listing
	keys map[string][]usersync.KeyHash // by kind
}

// match finds the records that people without a link have already. For each person the kinds are tried in
// the order of the settings, and the first that knows a record decides:
//
//	records with the person's value    linked, or claimed by another    the others are
//	──────────────────────────────────────────────────────────────────────────────────────
//	none                                                                the next kind decides
//	some                               all of them                      the next kind decides
//	some                               all but one                      adopted, and claimed
//	some                               all but several                  ambiguous: failed
//
// A claim is a reservation under the record's id, so that no two people adopt one record.
// Errors: errUnsurveyed where the target has to be surveyed first.
func (b *batch) match(ctx context.Context, listings []listing) error {
	seekers := b.seekers(listings)
	if len(seekers) == 0 {
		return nil
	}
	if !b.surveyed {
		return errUnsurveyed
	}
	for _, kind := range b.kinds {
		found, err := b.candidates(ctx, seekers, kind)
		if err != nil {
			return err
		}
		var claims []usersync.Reservation
		var claimants []*seeker
		for i := range seekers {
			s := &seekers[i]
			switch free := found[i]; {
			case s.match.kind != "" || len(free) == 0:
			case len(free) > 1:
				s.match = match{kind: kind, many: free}
			default:
				s.match = match{kind: kind, target: free[0]}
				claims = append(claims, usersync.Reservation{TargetKey: recordKey(free[0]), Key: s.entry.Key})
				claimants = append(claimants, s)
			}
		}
		if len(claims) == 0 {
			continue
		}
		holders, err := b.Store.Reserve(ctx, b.set, b.fence, claims)
		if err != nil {
			return err
		}
		if len(holders) != len(claims) {
			return corrupt("what is reserved")
		}
		for i, s := range claimants {
			if holders[i] != "" && holders[i] != s.entry.Key {
				s.match = match{} // somebody else's: another kind may know another record
			}
		}
	}
	return nil
}

// recordKey is under what a record is reserved for the person who adopts it.
func recordKey(target string) usersync.KeyHash { return usersync.HashKey("record", target) }

// matchKeys are the values of the kinds in the settings that a record would be found by.
func (b *batch) matchKeys(r usersync.Record) []usersync.MatchKey {
	if b.surveyor == nil || len(b.kinds) == 0 {
		return nil
	}
	return slices.DeleteFunc(b.surveyor.MatchKeys(r), func(k usersync.MatchKey) bool { return !slices.Contains(b.kinds, k.Kind) })
}

// seekers are the people of a page who are to be created and have a value to be found by.
func (b *batch) seekers(listings []listing) []seeker {
	if b.surveyor == nil || len(b.kinds) == 0 {
		return nil
	}
	var all []seeker
	for i := range listings {
		l := &listings[i]
		if l.link != nil || l.record == nil || l.fault != nil {
			continue
		}
		s := seeker{l, map[string][]usersync.KeyHash{}}
		for _, k := range b.matchKeys(l.record) {
			s.keys[k.Kind] = append(s.keys[k.Kind], b.vault.hash(k))
		}
		if len(s.keys) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// candidates are, for each seeker, the records of a kind that nobody is linked to, in order of id.
func (b *batch) candidates(ctx context.Context, seekers []seeker, kind string) ([][]string, error) {
	var wanted []usersync.KeyHash
	for i := range seekers {
		if seekers[i].match.kind == "" {
			wanted = append(wanted, seekers[i].keys[kind]...)
		}
	}
	known, err := b.lookSurveyed(ctx, wanted)
	if err != nil {
		return nil, err
	}
	wanted = wanted[:0]
	for _, targets := range known {
		for _, target := range targets {
			wanted = append(wanted, usersync.LinkedKey(target))
		}
	}
	linked, err := b.lookSurveyed(ctx, wanted)
	if err != nil {
		return nil, err
	}
	found := make([][]string, len(seekers))
	for i := range seekers {
		for _, h := range seekers[i].keys[kind] {
			found[i] = append(found[i], known[h]...)
		}
		slices.Sort(found[i])
		found[i] = slices.DeleteFunc(slices.Compact(found[i]), func(target string) bool {
			return len(linked[usersync.LinkedKey(target)]) > 0
		})
	}
	return found, nil
}

// lookSurveyed looks up hashes, some at a time.
func (b *batch) lookSurveyed(ctx context.Context, hashes []usersync.KeyHash) (map[usersync.KeyHash][]string, error) {
	all := make(map[usersync.KeyHash][]string)
	for len(hashes) > 0 {
		n := min(len(hashes), surveyPage)
		found, err := b.Store.Surveyed(ctx, b.id, hashes[:n])
		if err != nil {
			return nil, err
		}
		for h, targets := range found {
			all[h] = targets
		}
		hashes = hashes[n:]
	}
	return all, nil
}

// maxNamed is how many records the reason of an ambiguous match names.
const maxNamed = 5

// reason says, in the outcome, how a match came out.
func (m match) reason() string {
	if m.target != "" {
		return "matched by " + m.kind
	}
	named := m.many[:min(len(m.many), maxNamed)]
	text := "ambiguous by " + m.kind + ": the records " + strings.Join(named, " and ")
	if len(named) < len(m.many) {
		text += " and more"
	}
	return text + " match; nothing was written"
}
