package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var surveyPromises = []promise[usersync.Store]{
	{"ASurveyTellsEveryTargetOfAValue", aSurveyTellsEveryTargetOfAValue},
	{"OfAValueThatManyHaveEnoughIsKept", ofAValueThatManyHaveEnoughIsKept},
	{"ASurveyOfManyCallsIsFoundWhole", aSurveyOfManyCallsIsFoundWhole},
	{"AnExpiredSurveyIsAbsent", anExpiredSurveyIsAbsent},
	{"ASurveyThatIsPutAgainLastsLonger", aSurveyThatIsPutAgainLastsLonger},
}

// value is a hash under which a survey keeps what has the value.
func value(n int) usersync.KeyHash { return usersync.HashKey("survey", fmt.Sprint(n)) }

func aSurveyTellsEveryTargetOfAValue(t *testing.T, p stores) {
	job, other := newJobID(), newJobID()
	const n = 500
	keys := make([]usersync.SurveyedKey, 0, 2*n)
	var hashes []usersync.KeyHash
	for i := range n {
		keys = append(keys, usersync.SurveyedKey{Hash: value(i), Target: fmt.Sprint("t", i)})
		if i%2 == 0 {
			keys = append(keys, usersync.SurveyedKey{Hash: value(i), Target: fmt.Sprint("u", i)})
		}
		hashes = append(hashes, value(i))
	}
	together(2, func(i int) { // the same survey twice, as after a lost answer
		if err := p.either(i).PutSurvey(t.Context(), job, keys, p.in(time.Hour)); err != nil {
			t.Error(err)
		}
	})
	noError(t, p.a.PutSurvey(t.Context(), job, []usersync.SurveyedKey{{Hash: value(1), Target: "later"}}, p.in(time.Hour)))
	noError(t, p.a.PutSurvey(t.Context(), job, nil, p.in(time.Hour)))
	found := get(p.b.Surveyed(t.Context(), job, append(hashes, value(n+1), value(0))))(t)
	if len(found) != n {
		t.Fatalf("%d values are known, not %d", len(found), n)
	}
	for i := range n {
		want := []string{fmt.Sprint("t", i)}
		if i%2 == 0 {
			want = append(want, fmt.Sprint("u", i))
		}
		if i == 1 {
			want = []string{"later", "t1"}
		}
		if got := slices.Sorted(slices.Values(found[value(i)])); !slices.Equal(got, want) {
			t.Fatalf("value %d is that of %v, not %v", i, got, want)
		}
	}
	if none := get(p.b.Surveyed(t.Context(), other, hashes))(t); len(none) > 0 {
		t.Fatal("a job knows what another one has surveyed")
	}
	if none := get(p.b.Surveyed(t.Context(), job, nil))(t); len(none) > 0 {
		t.Fatal("nothing was asked for and something found")
	}
}

func ofAValueThatManyHaveEnoughIsKept(t *testing.T, p stores) {
	job := newJobID()
	var keys []usersync.SurveyedKey
	for i := range 900 {
		keys = append(keys, usersync.SurveyedKey{Hash: value(0), Target: fmt.Sprintf("%0200d", i)})
	}
	noError(t, p.a.PutSurvey(t.Context(), job, keys, p.in(time.Hour)))
	noError(t, p.b.PutSurvey(t.Context(), job, keys[:10], p.in(time.Hour)))
	found := get(p.b.Surveyed(t.Context(), job, []usersync.KeyHash{value(0)}))(t)[value(0)]
	slices.Sort(found)
	if len(slices.Compact(found)) < usersync.MaxMatches {
		t.Fatalf("of a value that 900 have %d are known", len(found))
	}
}

func aSurveyOfManyCallsIsFoundWhole(t *testing.T, p stores) {
	job := newJobID()
	const calls, each, values = 4, 1000, 1500 // a value has two or three targets, of several calls
	want := map[usersync.KeyHash][]string{}
	for call := range calls {
		var keys []usersync.SurveyedKey
		for i := call * each; i < (call+1)*each; i++ {
			k := usersync.SurveyedKey{Hash: value(i % values), Target: fmt.Sprintf("t%05d", i)}
			keys = append(keys, k)
			want[k.Hash] = append(want[k.Hash], k.Target)
		}
		for range 1 + call%2 { // every other call is repeated, as after a crash
			noError(t, p.either(call).PutSurvey(t.Context(), job, keys, p.in(time.Hour)))
		}
	}
	for from := 0; from < values; from += values / 2 {
		var hashes []usersync.KeyHash
		for n := range values / 2 {
			hashes = append(hashes, value(from+n))
		}
		found := get(p.b.Surveyed(t.Context(), job, hashes))(t)
		for _, h := range hashes {
			if got := slices.Sorted(slices.Values(found[h])); !slices.Equal(got, want[h]) {
				t.Fatalf("a value is that of %v, not %v", got, want[h])
			}
		}
	}
}

func aSurveyThatIsPutAgainLastsLonger(t *testing.T, p stores) {
	job := newJobID()
	keys := []usersync.SurveyedKey{{Hash: value(0), Target: "t"}}
	noError(t, p.a.PutSurvey(t.Context(), job, keys, p.in(time.Hour)))
	noError(t, p.b.PutSurvey(t.Context(), job, keys, p.in(3*time.Hour)))
	p.clock.Advance(2 * time.Hour)
	if found := get(p.a.Surveyed(t.Context(), job, []usersync.KeyHash{value(0)}))(t); len(found[value(0)]) != 1 {
		t.Fatalf("of a survey that was put again %v is known", found)
	}
}

func anExpiredSurveyIsAbsent(t *testing.T, p stores) {
	job := newJobID()
	keys := []usersync.SurveyedKey{{Hash: value(0), Target: "t"}}
	noError(t, p.a.PutSurvey(t.Context(), job, keys, p.in(time.Hour)))
	p.clock.Advance(2 * time.Hour)
	if found := get(p.b.Surveyed(t.Context(), job, []usersync.KeyHash{value(0)}))(t); len(found) > 0 {
		t.Fatal("an expired survey is still known")
	}
}
