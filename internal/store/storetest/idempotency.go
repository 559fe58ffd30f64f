package storetest

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var idempotencyPromises = []promise[usersync.Store]{
	{"OfManyClaimsOneStands", ofManyClaimsOneStands},
	{"AnExpiredClaimIsAbsent", anExpiredClaimIsAbsent},
	{"OnlyTheJobsOwnClaimIsForgotten", onlyTheJobsOwnClaimIsForgotten},
}

func newClaim(body string) usersync.Claim {
	return usersync.Claim{Job: newJobID(), Body: sha256.Sum256([]byte(body))}
}

func ofManyClaimsOneStands(t *testing.T, p stores) {
	company := newCompany()
	keys := []string{"night", "Night", "night ", "«æøå»\x00", strings.Repeat("k", 2000), ""}
	for _, key := range keys {
		stands := make([]usersync.Claim, 10)
		mine := make([]usersync.Claim, len(stands))
		together(len(stands), func(i int) {
			mine[i] = newClaim(strings.Repeat("x", i))
			var err error
			if stands[i], err = p.either(i).Claim(t.Context(), company, key, mine[i], p.in(time.Hour)); err != nil {
				t.Error(err)
			}
		})
		won := 0
		for i := range stands {
			if stands[i] != stands[0] {
				t.Fatal("two claims of one key stand")
			}
			if stands[i] == mine[i] {
				won++
			}
		}
		if won != 1 {
			t.Fatalf("%d of the claims stand", won)
		}
		again := get(p.b.Claim(t.Context(), company, key, newClaim("another body"), p.in(time.Hour)))(t)
		if again != stands[0] {
			t.Fatal("a later claim took the place of the first")
		}
	}
	elsewhere := newClaim("of another company")
	if got := get(p.a.Claim(t.Context(), newCompany(), "night", elsewhere, p.in(time.Hour)))(t); got != elsewhere {
		t.Fatal("companies share a key")
	}
}

func anExpiredClaimIsAbsent(t *testing.T, p stores) {
	company, first, second := newCompany(), newClaim("1"), newClaim("2")
	get(p.a.Claim(t.Context(), company, "night", first, p.in(24*time.Hour)))(t)
	p.clock.Advance(24*time.Hour - time.Minute)
	if got := get(p.b.Claim(t.Context(), company, "night", second, p.in(24*time.Hour)))(t); got != first {
		t.Fatal("a claim ended before its time")
	}
	p.clock.Advance(2 * time.Minute)
	if got := get(p.b.Claim(t.Context(), company, "night", second, p.in(24*time.Hour)))(t); got != second {
		t.Fatal("an expired claim stood in the way")
	}
	if got := get(p.a.Claim(t.Context(), company, "night", first, p.in(24*time.Hour)))(t); got != second {
		t.Fatal("the claim over an expired one does not stand")
	}
}

func onlyTheJobsOwnClaimIsForgotten(t *testing.T, p stores) {
	company, first, second := newCompany(), newClaim("1"), newClaim("2")
	noError(t, p.a.Unclaim(t.Context(), company, "night", first.Job))
	get(p.a.Claim(t.Context(), company, "night", first, p.in(time.Hour)))(t)
	noError(t, p.b.Unclaim(t.Context(), company, "night", second.Job))
	noError(t, p.b.Unclaim(t.Context(), company, "morning", first.Job))
	noError(t, p.b.Unclaim(t.Context(), newCompany(), "night", first.Job))
	if got := get(p.b.Claim(t.Context(), company, "night", second, p.in(time.Hour)))(t); got != first {
		t.Fatal("somebody else's claim was forgotten")
	}
	for range 2 {
		noError(t, p.b.Unclaim(t.Context(), company, "night", first.Job))
	}
	if got := get(p.a.Claim(t.Context(), company, "night", second, p.in(time.Hour)))(t); got != second {
		t.Fatal("a claim that was given back stood in the way")
	}
}
