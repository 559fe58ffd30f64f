package connectortest

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// HTTPTarget is how the suite gets at a target that speaks HTTP.
type HTTPTarget struct {
	// Open opens the target against the server at base. It logs in at base + TokenPath with ClientID and
	// ClientSecret.
	Open func(t *testing.T, base string, clock usersync.Clock) usersync.Target
	// Vendor is a new server of the vendor's that holds nobody yet.
	Vendor func() http.HandlerFunc
	// Record is a record of person number i; its key differs from those of the others.
	Record func(i int) usersync.Record
}

// badLogins are answers of a token endpoint that give no token, with the code that each must get.
var badLogins = map[string]struct {
	answer http.HandlerFunc
	code   usersync.Code
}{
	"400":                   {answering(400), usersync.Unauthorized},
	"401":                   {answering(401), usersync.Unauthorized},
	"403":                   {answering(403), usersync.Unauthorized},
	"404":                   {answering(404), usersync.Malformed},
	"429":                   {answering(429, "Retry-After", "60"), usersync.Throttled},
	"500":                   {answering(500), usersync.Unavailable},
	"200 without a token":   {saying("application/json", `{"expires_in":3600,"name":"`+planted+`"}`), usersync.Malformed},
	"200 with a number":     {saying("application/json", `{"access_token":4711}`), usersync.Malformed},
	"200 with a line break": {saying("application/json", `{"access_token":"a\r\nX-Planted: 4711"}`), usersync.Malformed},
	"200 with HTML":         {html, usersync.Malformed},
	"200 with nothing":      {nothing, usersync.Malformed},
	"200 and a cut body":    {cutBody, usersync.Malformed},
}

func (s HTTPTarget) serve(t *testing.T) (*server, usersync.Target, *usersynctest.Clock) {
	clock := usersynctest.NewClock()
	srv := serve(t, s.Vendor())
	return srv, s.Open(t, srv.URL, clock), clock
}

// RunHTTPTarget holds a target against servers on a bad day.
func RunHTTPTarget(t *testing.T, s HTTPTarget) {
	t.Run("AWriteIsSentOnceAndItsErrorSaysWhetherItIsInDoubt", func(t *testing.T) { s.writes(t) })
	t.Run("ATokenThatRunsOutIsRenewedOnceForAll", func(t *testing.T) { s.renewal(t) })
	t.Run("ARefusedLoginLeavesNothingInDoubt", func(t *testing.T) { s.refusedLogin(t) })
	t.Run("AServerThatIsNotThereLeavesNothingInDoubt", func(t *testing.T) {
		srv, target, _ := s.serve(t)
		create(t, System{Target: target}, s.Record(1))
		srv.Close()
		createError(t, target, s.Record(2)) // this one may still have gone out on the connection that was open
		err := createError(t, target, s.Record(2))
		if !usersync.Is(err, usersync.Unavailable) || doubt(err) {
			t.Errorf("error %v (code %s), in doubt: %v", err, usersync.CodeOf(err), doubt(err))
		}
	})
	t.Run("ADateIsARetryAfterToo", func(t *testing.T) {
		srv, target, clock := s.serve(t)
		srv.script = always(answering(429, "Retry-After", clock.Now().Add(90*time.Second).Format(http.TimeFormat)))
		if _, err := target.Create(t.Context(), s.Record(1)); after(err) != 90*time.Second {
			t.Errorf("error %v, RetryAfter %s, want 90s", err, after(err))
		}
	})
	t.Run("ARouteThatIsNotThereIsNoVanishedRecord", func(t *testing.T) {
		srv, target, _ := s.serve(t)
		made := create(t, System{Target: target}, s.Record(1))
		srv.script = always(answering(404))
		for name, err := range map[string]error{"Create": createError(t, target, s.Record(2)), "Update": updateError(t, target, made.ID, s.Record(1))} {
			if !usersync.Is(err, usersync.Malformed) {
				t.Errorf("%s: error %v (code %s), want Malformed", name, err, usersync.CodeOf(err))
			}
		}
	})
}

func (s HTTPTarget) writes(t *testing.T) {
	const sure, unsure = false, true
	for name, want := range map[string]struct {
		answer  http.HandlerFunc
		code    usersync.Code
		doubt   bool
		waiting time.Duration
	}{
		"400":                     {answering(400), usersync.Rejected, sure, 0},
		"409":                     {answering(409), usersync.Rejected, sure, 0},
		"422":                     {answering(422), usersync.Rejected, sure, 0},
		"403":                     {answering(403), usersync.Forbidden, sure, 0},
		"429 with Retry-After":    {answering(429, "Retry-After", "7"), usersync.Throttled, sure, 7 * time.Second},
		"429 for a week":          {answering(429, "Retry-After", "604800"), usersync.Throttled, sure, time.Hour},
		"429 for nonsense":        {answering(429, "Retry-After", "-soon"), usersync.Throttled, sure, 0},
		"429 without Retry-After": {answering(429), usersync.Throttled, sure, 0},
		"503 with Retry-After":    {answering(503, "Retry-After", "9"), usersync.Unavailable, unsure, 9 * time.Second},
		"500":                     {answering(500), usersync.Unavailable, unsure, 0},
		"a lost connection":       {lostConnection, usersync.Unavailable, unsure, 0},
		"a cut body":              {cutBody, usersync.Malformed, unsure, 0},
		"HTML":                    {html, usersync.Malformed, unsure, 0},
		"no JSON":                 {noJSON, usersync.Malformed, unsure, 0},
		"an empty body":           {nothing, usersync.Malformed, unsure, 0},
		"no id":                   {saying("application/json", `{"name":"`+planted+`"}`), usersync.Malformed, unsure, 0},
		"too large a body":        {tooLarge(true), usersync.Malformed, unsure, 0},
		"a redirect":              {answering(302, "Location", "http://"+planted), usersync.Malformed, unsure, 0},
	} {
		t.Run(name, func(t *testing.T) {
			srv, target, clock := s.serve(t)
			srv.script = always(want.answer)
			err := createError(t, target, s.Record(1))
			if !usersync.Is(err, want.code) || doubt(err) != want.doubt || after(err) != want.waiting {
				t.Errorf("error %v (code %s), in doubt %v, RetryAfter %s", err, usersync.CodeOf(err), doubt(err), after(err))
			}
			toldNothing(t, err)
			tellsNothing(t, err, s.Record(1))
			if calls, _ := srv.counts(); calls != 1 || clock.Waited() != 0 {
				t.Errorf("%d requests, want 1; waited %s", calls, clock.Waited())
			}
		})
	}
}

func (s HTTPTarget) renewal(t *testing.T) {
	srv, target, _ := s.serve(t)
	create(t, System{Target: target}, s.Record(0))
	srv.revoke()
	_, before := srv.counts()
	var writers sync.WaitGroup
	for i := range 50 {
		writers.Go(func() {
			if _, err := target.Create(t.Context(), s.Record(i+1)); err != nil {
				t.Errorf("%v (code %s)", err, usersync.CodeOf(err))
			}
		})
	}
	writers.Wait()
	if _, logins := srv.counts(); logins != before+1 {
		t.Errorf("%d new tokens for 50 requests at once, want 1", logins-before)
	}

	srv.script = always(answering(401))
	err := createError(t, target, s.Record(99))
	if !usersync.Is(err, usersync.Unauthorized) || doubt(err) {
		t.Errorf("error %v (code %s), want Unauthorized", err, usersync.CodeOf(err))
	}
	if _, logins := srv.counts(); logins != before+2 {
		t.Errorf("%d new tokens for a server that takes none, want 1", logins-before-1)
	}
}

func (s HTTPTarget) refusedLogin(t *testing.T) {
	for name, want := range badLogins {
		t.Run(name, func(t *testing.T) {
			srv, target, _ := s.serve(t)
			srv.login = want.answer
			for call, err := range map[string]error{
				"Create": createError(t, target, s.Record(1)),
				"Update": updateError(t, target, "some-id", s.Record(1)),
				"Check":  target.Check(t.Context()),
			} {
				if !usersync.Is(err, want.code) || doubt(err) {
					t.Fatalf("%s: error %v (code %s), want %s; in doubt: %v", call, err, usersync.CodeOf(err), want.code, doubt(err))
				}
				toldNothing(t, err)
				if !strings.Contains(err.Error(), "token") {
					t.Errorf("%s: the message %q does not say that it was about a token", call, err)
				}
			}
			if calls, _ := srv.counts(); calls != 0 {
				t.Errorf("%d requests without a token", calls)
			}
		})
	}
}

// createError is the error of a create that must have one.
func createError(t *testing.T, target usersync.Target, r usersync.Record) error {
	t.Helper()
	_, err := target.Create(t.Context(), r)
	if err == nil {
		t.Fatal("created, against the server's answer")
	}
	return err
}

// updateError is the error of an update that must have one.
func updateError(t *testing.T, target usersync.Target, id string, r usersync.Record) error {
	t.Helper()
	_, err := target.Update(t.Context(), id, r)
	if err == nil {
		t.Fatal("updated, against the server's answer")
	}
	return err
}

func doubt(err error) bool {
	e, ok := errors.AsType[*usersync.Error](err)
	return ok && e.InDoubt
}

func after(err error) time.Duration {
	if e, ok := errors.AsType[*usersync.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
