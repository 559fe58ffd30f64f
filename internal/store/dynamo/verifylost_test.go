//go:build verify

package dynamo

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// losing lets every request through and loses the first answer to each.
type losing struct {
	http.RoundTripper
	mu   sync.Mutex
	seen map[[32]byte]bool
	lost int
}

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	out, err := l.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := sha256.Sum256(body); !l.seen[of] {
		l.seen[of] = true
		l.lost++
		if _, err := io.Copy(io.Discard, out.Body); err != nil {
			return nil, err
		}
		if err := out.Body.Close(); err != nil {
			return nil, err
		}
		return nil, syscall.ECONNRESET
	}
	return out, nil
}

// openLosing is a store that loses every first answer, and one that does not.
func openLosing(t *testing.T) (lossy, sound *Store, l *losing, clock *usersynctest.Clock) {
	l, clock = &losing{seen: map[[32]byte]bool{}}, usersynctest.NewClock()
	clock.Advance(time.Until(clock.Now()) + 24*time.Hour) // the engine goes by its own clock
	sound, lossy = openTwo(t, clock, func(under http.RoundTripper) http.RoundTripper {
		l.RoundTripper = under
		return l
	})
	return lossy, sound, l, clock
}

func TestALeaseIsTakenOnceThoughEveryAnswerIsLost(t *testing.T) {
	s, sound, l, clock := openLosing(t)
	until := clock.Now().Add(time.Hour)
	if _, _, err := sound.Acquire(t.Context(), "c", "before", clock.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Minute)
	lease, previous, err := s.Acquire(t.Context(), "c", "j", until)
	if err != nil || lease.Fence != 2 || previous != "before" {
		t.Fatalf("%+v taken over from %q, error %v", lease, previous, err)
	}
	if err := s.Extend(t.Context(), lease, until.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	if l.lost < 3 {
		t.Fatalf("only %d answers were lost", l.lost)
	}
}

func TestJobsAndRowsAreWrittenOnceThoughEveryAnswerIsLost(t *testing.T) {
	s, sound, _, clock := openLosing(t)
	until := clock.Now().Add(time.Hour)
	job := usersync.Job{ID: "j", Company: "c", Fence: 3}
	if err := s.CreateJob(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	job.Rev = 1
	job, err := s.SaveJob(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if stored, err := sound.Job(t.Context(), "", "j"); err != nil || stored.Rev != 2 || job.Rev != 2 {
		t.Fatalf("Rev %d, stored %d, error %v", job.Rev, stored.Rev, err)
	}
	for n, size := range []int{0, 100, 2 * maxChunk} {
		data := bytes.Repeat([]byte{7}, size)
		r := usersync.Row{ID: usersync.RowID{Job: "j", Kind: usersync.RowPlan, N: n}, Data: data}
		if stored, err := s.PutRowOnce(t.Context(), 3, r, until); err != nil || !bytes.Equal(stored, data) {
			t.Fatalf("%d bytes of %d, error %v", len(stored), size, err)
		}
		if err := s.PutRow(t.Context(), 3, r, until); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := s.PutKey(t.Context(), "j", []byte("key"), until); err != nil || string(stored) != "key" {
		t.Fatalf("key %q, error %v", stored, err)
	}
	if err := s.EraseKey(t.Context(), "j", until); err != nil {
		t.Fatal(err)
	}
	c := usersync.Claim{Job: "j"}
	if stands, err := s.Claim(t.Context(), "c", "k", c, until); err != nil || stands != c {
		t.Fatalf("%+v, error %v", stands, err)
	}
}

func TestLinksAreWrittenThoughEveryAnswerIsLost(t *testing.T) {
	s, sound, _, _ := openLosing(t)
	link := usersync.Link{Key: "k", Target: "t"}
	if err := s.PutLinks(t.Context(), "s", 1, []usersync.Link{link}); err != nil {
		t.Fatal(err)
	}
	claims := []usersync.Reservation{{Key: "k"}}
	if holders, err := s.Reserve(t.Context(), "s", 1, claims); err != nil || holders[0] != "" {
		t.Fatalf("holders %q, error %v", holders, err)
	}
	if err := s.Free(t.Context(), "s", claims); err != nil {
		t.Fatal(err)
	}
	if err := s.DropLinks(t.Context(), "s", 1, []usersync.KeyHash{link.Hash()}); err != nil {
		t.Fatal(err)
	}
	if left, err := sound.LinkRange(t.Context(), "s", nil, usersync.KeyHash(bytes.Repeat([]byte{0xff}, 16)), 10); err != nil || len(left) != 0 {
		t.Fatalf("%d links are left, error %v", len(left), err)
	}
}

func TestUsersAreCreatedAndChangedOnceThoughEveryAnswerIsLost(t *testing.T) {
	s, sound, _, _ := openLosing(t)
	for i := range 3 {
		u := newTestUser(fmt.Sprint("code ", i))
		created, err := s.CreateUser(t.Context(), "c", u)
		if err != nil || created.Ordinal != i || created.Rev != 1 {
			t.Fatalf("%+v, error %v", created, err)
		}
		for _, code := range []string{fmt.Sprint("code ", i), fmt.Sprint("moved ", i)} {
			was := created
			created.Request.Code = &code
			if created, err = s.UpdateUser(t.Context(), "c", created); err != nil || created.Rev != was.Rev+1 || created.Ordinal != i {
				t.Fatalf("%+v, error %v", created, err)
			}
		}
	}
	if users, err := sound.Users(t.Context(), "c", 0, 10); err != nil || len(users) != 3 || users[2].Rev != 3 {
		t.Fatalf("%d users, error %v", len(users), err)
	}
	u, err := s.CreateUnit(t.Context(), "c", directory.Unit{ID: "u"})
	if err != nil {
		t.Fatal(err)
	}
	if u, err = s.UpdateUnit(t.Context(), "c", u); err != nil || u.Rev != 2 {
		t.Fatalf("%+v, error %v", u, err)
	}
}

func TestBothTablesForgetByExpires(t *testing.T) {
	client := engine(t, unspoilt)
	tables := Tables{Main: "main-" + newToken(), Pages: "pages-" + newToken()}
	for range 2 { // tables that exist are no error
		if err := CreateTables(t.Context(), client, tables); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{tables.Main, tables.Pages} {
		ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &table})
		if err != nil || *ttl.TimeToLiveDescription.AttributeName != "expires" {
			t.Fatalf("%+v, error %v", ttl, err)
		}
	}
}
