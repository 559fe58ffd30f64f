//go:build verify

package dynamo

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// watched counts requests by operation, and before the one that is to be interrupted lets somebody else act.
type watched struct {
	http.RoundTripper
	mu    sync.Mutex
	asked map[string]int
	left  int // requests until the interruption; 0: none comes
	act   func()
}

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	w.asked[operation]++
	now := w.left == 1
	w.left = max(w.left-1, 0)
	w.mu.Unlock()
	if now {
		w.act()
	}
	return w.RoundTripper.RoundTrip(r)
}

// openWatched is two stores over the same tables, of which the second one is watched.
func openWatched(t *testing.T) (other, s *Store, w *watched) {
	w = &watched{asked: map[string]int{}}
	other, s = openTwo(t, usersynctest.NewClock(), func(under http.RoundTripper) http.RoundTripper {
		w.RoundTripper = under
		return w
	})
	return other, s, w
}

func testTenant(company usersync.CompanyID, hour int) usersync.Tenant {
	return usersync.Tenant{
		ID: company, Name: fmt.Sprint("put at ", hour), Settings: fmt.Append(nil, "of ", hour),
		Schedule: &usersync.Schedule{At: fmt.Sprintf("%02d:00", hour), Zone: "UTC"}, PutAt: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC),
	}
}

func TestWhoIsListedHasTheSettingsThatItIsListedWithWhoeverElseWrites(t *testing.T) {
	other, s, w := openWatched(t)
	acts := map[string]func(*Store, usersync.CompanyID, int) error{
		"put": func(s *Store, c usersync.CompanyID, hour int) error {
			return s.PutTenant(t.Context(), testTenant(c, hour))
		},
		"delete": func(s *Store, c usersync.CompanyID, _ int) error { return s.DeleteTenant(t.Context(), c) },
	}
	for name, act := range acts {
		for otherName, otherAct := range acts {
			for before := 1; before <= 3; before++ {
				company := usersync.CompanyID(fmt.Sprintf("%s %s %d", name, otherName, before))
				if err := other.PutTenant(t.Context(), testTenant(company, 1)); err != nil {
					t.Fatal(err)
				}
				w.left, w.act = before, func() {
					if err := otherAct(other, company, 2); err != nil && !usersync.Is(err, usersync.NotFound) {
						t.Error(err)
					}
				}
				if err := act(s, company, 3); err != nil && !usersync.Is(err, usersync.NotFound) {
					t.Error(err)
				}
				w.left = 0
				holdsTogether(t, other, company)
			}
		}
	}
}

// holdsTogether compares a company's settings with what is listed of it.
func holdsTogether(t *testing.T, s *Store, company usersync.CompanyID) {
	t.Helper()
	kept, err := s.Tenant(t.Context(), company)
	if err != nil && !usersync.Is(err, usersync.NotFound) {
		t.Fatal(err)
	}
	all, failed := s.TenantTimetables(t.Context())
	if failed != nil {
		t.Fatal(failed)
	}
	for _, listed := range all {
		if listed.Company != company {
			continue
		}
		if err != nil || listed.Schedule != *kept.Schedule || !listed.Since.Equal(kept.PutAt) {
			t.Errorf("%s: listed with %+v, but its settings are %+v (%v)", company, listed, kept, err)
		}
		return
	}
	if err == nil {
		t.Errorf("%s: has settings and is not listed", company)
	}
}

func TestATenantIsDeletedOnceThoughEveryAnswerIsLost(t *testing.T) {
	s, sound, l, _ := openLosing(t)
	if err := s.PutTenant(t.Context(), testTenant("c", 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteTenant(t.Context(), "c"); err != nil || l.lost < 2 {
		t.Fatalf("%v after %d lost answers", err, l.lost)
	}
	if _, err := sound.Tenant(t.Context(), "c"); !usersync.Is(err, usersync.NotFound) {
		t.Errorf("deleted, and read again: %v", err)
	}
}

func TestTimetablesAreListedWithSixteenQueriesHoweverLongTheSettingsAre(t *testing.T) {
	const many, workers = 200, 10 // 20 MB of settings: a query answers with one at most
	other, s, w := openWatched(t)
	var all sync.WaitGroup
	for n := range workers {
		all.Go(func() {
			for i := n; i < many; i += workers {
				tenant := testTenant(usersync.CompanyID(fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)), i%24)
				tenant.Settings = make([]byte, 100<<10)
				if err := other.PutTenant(t.Context(), tenant); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	listed, err := s.TenantTimetables(t.Context())
	if err != nil || len(listed) != many {
		t.Fatalf("%d of %d, error %v", len(listed), many, err)
	}
	if len(w.asked) != 1 || w.asked["Query"] != 16 {
		t.Errorf("the requests were %v, want 16 queries and nothing else", w.asked)
	}
}
