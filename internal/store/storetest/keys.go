package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var keyPromises = []promise[usersync.Store]{
	{"OfManyKeysTheFirstStays", ofManyKeysTheFirstStays},
	{"AnErasedKeyStaysErased", anErasedKeyStaysErased},
	{"AnExpiredKeyIsAbsent", anExpiredKeyIsAbsent},
}

func ofManyKeysTheFirstStays(t *testing.T, p stores) {
	job := newJobID()
	_, err := p.a.Key(t.Context(), job)
	wantCode(t, err, usersync.NotFound)
	keys := make([][]byte, 20)
	together(len(keys), func(i int) {
		var err error
		if keys[i], err = p.either(i).PutKey(t.Context(), job, noise(i, 32), p.in(time.Hour)); err != nil {
			t.Error(err)
		}
	})
	stored := get(p.b.Key(t.Context(), job))(t)
	for i := range keys {
		if !bytes.Equal(keys[i], stored) {
			t.Fatal("two writers were told of two keys")
		}
	}
	again := get(p.a.PutKey(t.Context(), job, noise(99, 32), p.in(time.Hour)))(t)
	if !bytes.Equal(again, stored) {
		t.Fatal("a later key took the place of the first")
	}
	_, err = p.a.Key(t.Context(), newJobID())
	wantCode(t, err, usersync.NotFound)
}

func anErasedKeyStaysErased(t *testing.T, p stores) {
	used, unused := newJobID(), newJobID()
	get(p.a.PutKey(t.Context(), used, noise(1, 32), p.in(time.Hour)))(t)
	for _, job := range []usersync.JobID{used, unused} {
		for i := range 2 {
			noError(t, p.either(i).EraseKey(t.Context(), job, p.in(10*time.Hour)))
			for j := range 2 {
				_, err := p.either(j).Key(t.Context(), job)
				wantCode(t, err, usersync.NotFound)
				_, err = p.either(j).PutKey(t.Context(), job, noise(2, 32), p.in(time.Hour))
				wantCode(t, err, usersync.NotFound)
			}
		}
	}
	p.clock.Advance(2 * time.Hour)
	_, err := p.b.PutKey(t.Context(), used, noise(3, 32), p.in(time.Hour))
	wantCode(t, err, usersync.NotFound)
}

func anExpiredKeyIsAbsent(t *testing.T, p stores) {
	job := newJobID()
	get(p.a.PutKey(t.Context(), job, noise(1, 32), p.in(time.Hour)))(t)
	p.clock.Advance(59 * time.Minute)
	get(p.b.Key(t.Context(), job))(t)
	p.clock.Advance(2 * time.Minute)
	_, err := p.b.Key(t.Context(), job)
	wantCode(t, err, usersync.NotFound)
}
