package storetest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

var reservePromises = []promise[usersync.Store]{
	{"OfTwoPeopleOneGetsTheTargetKey", ofTwoPeopleOneGetsTheTargetKey},
	{"AThousandTargetKeysAreReservedInOneGo", aThousandTargetKeysAreReservedInOneGo},
	{"TwoPeopleNeverHoldOneTargetKey", twoPeopleNeverHoldOneTargetKey},
	{"ReservationsAreAsInTheModel", reservationsAreAsInTheModel},
}

func claim(target int, person string) usersync.Reservation {
	return usersync.Reservation{TargetKey: usersync.HashKey("target", fmt.Sprint(target)), Key: person}
}

func wantHolders(t *testing.T, s usersync.Store, set usersync.LinkSet, claims []usersync.Reservation, want ...string) {
	t.Helper()
	holders := get(s.Reserve(t.Context(), set, 1, claims))(t)
	if !slices.Equal(holders, want) {
		t.Fatalf("holders %q, want %q", holders, want)
	}
}

func ofTwoPeopleOneGetsTheTargetKey(t *testing.T, p stores) {
	set := newSet()
	wantHolders(t, p.a, set, []usersync.Reservation{claim(1, "anna"), claim(1, "björn"), claim(1, "anna"), claim(2, "björn")},
		"", "anna", "", "")
	wantHolders(t, p.b, set, []usersync.Reservation{claim(1, "björn"), claim(1, "anna"), claim(2, "anna"), claim(3, "anna")},
		"anna", "", "björn", "")
	wantHolders(t, p.b, newSet(), []usersync.Reservation{claim(1, "björn")}, "")

	for range 2 {
		noError(t, p.b.Free(t.Context(), set, []usersync.Reservation{claim(1, "björn"), claim(9, "anna"), claim(2, "björn")}))
		wantHolders(t, p.a, set, []usersync.Reservation{claim(1, "björn")}, "anna")
	}
	wantHolders(t, p.a, set, []usersync.Reservation{claim(2, "anna"), claim(2, "björn")}, "", "anna")
	wantHolders(t, p.a, set, nil)
	noError(t, p.a.Free(t.Context(), set, nil))
}

func aThousandTargetKeysAreReservedInOneGo(t *testing.T, p stores) {
	set := newSet()
	var first, second []usersync.Reservation
	want := make([]string, 1000)
	for i := range want {
		person := fmt.Sprintf("person %d", i)
		if i%10 < 4 {
			first = append(first, claim(i, person))
		}
		if i%10 < 2 {
			second, want[i] = append(second, claim(i, "somebody else")), person
		} else {
			second = append(second, claim(i, person))
		}
	}
	wantHolders(t, p.a, set, first, make([]string, len(first))...)
	wantHolders(t, p.b, set, second, want...)
	noError(t, p.a.Free(t.Context(), set, second))
	for i := range want {
		if i%10 >= 2 {
			second[i].Key = "somebody else"
		}
	}
	wantHolders(t, p.b, set, second, want...)
}

func twoPeopleNeverHoldOneTargetKey(t *testing.T, p stores) {
	set := newSet()
	const people, targets = 12, 30
	holders := make([][]string, people)
	together(people, func(i int) {
		var claims []usersync.Reservation
		for target := range targets {
			claims = append(claims, claim((target+i)%targets, fmt.Sprint(i)))
		}
		var err error
		if holders[i], err = p.either(i).Reserve(t.Context(), set, int64(i), claims); err != nil {
			t.Error(err)
			holders[i] = make([]string, targets)
		}
	})
	for target := range targets {
		holder := ""
		for i := range people {
			if holders[i][(target-i+targets)%targets] == "" {
				if holder != "" {
					t.Fatalf("%s and %d both hold target %d", holder, i, target)
				}
				holder = fmt.Sprint(i)
			}
		}
		for i := range people {
			if told := holders[i][(target-i+targets)%targets]; told != "" && told != holder {
				t.Fatalf("a loser was told of %q, the holder is %q", told, holder)
			}
		}
	}
}

func reservationsAreAsInTheModel(t *testing.T, p stores) {
	claims := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) usersync.Reservation {
		return claim(rapid.IntRange(0, 5).Draw(rt, "target"), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "person"))
	}), 1, 8)
	rapid.Check(t, func(rt *rapid.T) {
		set, model := newSet(), map[usersync.KeyHash]string{}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			s := p.either(rapid.IntRange(0, 1).Draw(rt, "client"))
			some := claims.Draw(rt, "claims")
			if rapid.IntRange(0, 2).Draw(rt, "free") == 0 {
				noError(t, s.Free(t.Context(), set, some))
				for _, c := range some {
					if model[c.TargetKey] == c.Key {
						delete(model, c.TargetKey)
					}
				}
				continue
			}
			want := make([]string, len(some))
			for i, c := range some {
				switch holder := model[c.TargetKey]; holder {
				case "":
					model[c.TargetKey] = c.Key
				case c.Key:
				default:
					want[i] = holder
				}
			}
			holders := get(s.Reserve(t.Context(), set, rapid.Int64Range(1, 3).Draw(rt, "fence"), some))(t)
			if !slices.Equal(holders, want) {
				rt.Fatalf("holders %q, want %q", holders, want)
			}
		}
	})
}
