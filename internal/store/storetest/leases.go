package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var leasePromises = []promise[usersync.Store]{
	{"AThousandAcquiresGiveOneHolder", aThousandAcquiresGiveOneHolder},
	{"OneTakesOverALeaseThatRanOut", oneTakesOverALeaseThatRanOut},
	{"TheFenceOnlyGrows", theFenceOnlyGrows},
	{"AcquireAgainGivesTheSameLease", acquireAgainGivesTheSameLease},
	{"AcquireAgainNeverShortens", acquireAgainNeverShortens},
	{"OneJobFromTwoClientsHasOneFence", oneJobFromTwoClientsHasOneFence},
	{"ExtendHoldsTheLease", extendHoldsTheLease},
	{"ExtendAfterRunOutWorksUntilTaken", extendAfterRunOutWorksUntilTaken},
	{"ExtendOfWhatIsNotHeldIsFenced", extendOfWhatIsNotHeldIsFenced},
	{"ReleaseByALateHolderChangesNothing", releaseByALateHolderChangesNothing},
	{"CompaniesDoNotShareALease", companiesDoNotShareALease},
}

// race lets n jobs acquire the company's lease at once; it returns the winner's lease and what the
// winner took over, having checked that every loser learnt who won.
func race(t *testing.T, p stores, company usersync.CompanyID, n int) (usersync.Lease, usersync.JobID) {
	t.Helper()
	type result struct {
		lease    usersync.Lease
		previous usersync.JobID
		err      error
	}
	results := make([]result, n)
	until := p.in(usersync.LeaseTerm)
	together(n, func(i int) {
		r := &results[i]
		r.lease, r.previous, r.err = p.either(i).Acquire(t.Context(), company, newJobID(), until)
	})
	var winner *result
	for i := range results {
		if results[i].err != nil {
			continue
		}
		if winner != nil {
			t.Fatal("two jobs hold the lease")
		}
		winner = &results[i]
	}
	if winner == nil {
		t.Fatalf("nobody got the lease: %v", results[0].err)
	}
	for _, r := range results {
		if r.err != nil {
			wantHolder(t, r.err, winner.lease.Job)
		}
	}
	return winner.lease, winner.previous
}

func wantHolder(t *testing.T, err error, holder usersync.JobID) {
	t.Helper()
	e, ok := errors.AsType[*usersync.Error](err)
	if !ok || e.Code != usersync.Conflict || e.Holder != holder {
		t.Fatalf("got %v (%s), want a Conflict that names the holder", err, usersync.CodeOf(err))
	}
}

func aThousandAcquiresGiveOneHolder(t *testing.T, p stores) {
	company := newCompany()
	lease, previous := race(t, p, company, 1000)
	if lease.Company != company || lease.Fence < 1 || previous != "" {
		t.Fatalf("lease %+v taken over from %q", lease, previous)
	}
	_, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, lease.Job)
}

func oneTakesOverALeaseThatRanOut(t *testing.T, p stores) {
	company := newCompany()
	first, _ := race(t, p, company, 2)
	p.clock.Advance(usersync.LeaseTerm + time.Minute)
	second, previous := race(t, p, company, 100)
	if previous != first.Job {
		t.Fatalf("taken over from %q, want %q", previous, first.Job)
	}
	if second.Fence <= first.Fence {
		t.Fatalf("fence %d after %d", second.Fence, first.Fence)
	}
}

func theFenceOnlyGrows(t *testing.T, p stores) {
	company, last := newCompany(), int64(0)
	for i := range 12 {
		s := p.either(i)
		lease, previous, err := s.Acquire(t.Context(), company, newJobID(), p.in(usersync.LeaseTerm))
		noError(t, err)
		if lease.Fence <= last {
			t.Fatalf("round %d: fence %d after %d", i, lease.Fence, last)
		}
		last = lease.Fence
		if ranOut := i%3 == 1; ranOut != (previous != "") {
			t.Fatalf("round %d: taken over from %q", i, previous)
		}
		if i%3 == 0 {
			p.clock.Advance(usersync.LeaseTerm + time.Second)
			continue
		}
		noError(t, p.either(i+1).Release(t.Context(), lease))
		noError(t, s.Release(t.Context(), lease))
	}
}

func acquireAgainGivesTheSameLease(t *testing.T, p stores) {
	company, job := newCompany(), newJobID()
	first, _, err := p.a.Acquire(t.Context(), company, job, p.in(time.Minute))
	noError(t, err)
	again, previous, err := p.b.Acquire(t.Context(), company, job, p.in(time.Hour))
	noError(t, err)
	if again != first || previous != "" {
		t.Fatalf("%+v taken over from %q, want %+v again", again, previous, first)
	}
	p.clock.Advance(30 * time.Minute)
	_, _, err = p.a.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, job)
}

func acquireAgainNeverShortens(t *testing.T, p stores) {
	company, job := newCompany(), newJobID()
	for _, until := range []time.Duration{time.Hour, time.Minute} {
		_, _, err := p.a.Acquire(t.Context(), company, job, p.in(until))
		noError(t, err)
	}
	p.clock.Advance(30 * time.Minute)
	_, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, job)
}

func oneJobFromTwoClientsHasOneFence(t *testing.T, p stores) {
	company, job := newCompany(), newJobID()
	leases := make([]usersync.Lease, 20)
	together(len(leases), func(i int) {
		lease, previous, err := p.either(i).Acquire(t.Context(), company, job, p.in(time.Minute))
		if err != nil || previous != "" {
			t.Errorf("taken over from %q, error %v", previous, err)
		}
		leases[i] = lease
	})
	for _, lease := range leases {
		if lease != leases[0] {
			t.Fatalf("one job has %+v and %+v", lease, leases[0])
		}
	}
}

func extendHoldsTheLease(t *testing.T, p stores) {
	company := newCompany()
	lease, _ := race(t, p, company, 1)
	noError(t, p.a.Extend(t.Context(), lease, p.in(time.Hour)))
	noError(t, p.b.Extend(t.Context(), lease, p.in(time.Minute)))
	p.clock.Advance(30 * time.Minute)
	_, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, lease.Job)
	p.clock.Advance(31 * time.Minute)
	next, previous, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	noError(t, err)
	if previous != lease.Job || next.Fence <= lease.Fence {
		t.Fatalf("%+v taken over from %q", next, previous)
	}
}

func extendAfterRunOutWorksUntilTaken(t *testing.T, p stores) {
	company := newCompany()
	lease, _ := race(t, p, company, 1)
	p.clock.Advance(time.Hour)
	noError(t, p.a.Extend(t.Context(), lease, p.in(usersync.LeaseTerm)))
	_, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, lease.Job)
	p.clock.Advance(time.Hour)
	next, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Minute))
	noError(t, err)
	wantCode(t, p.a.Extend(t.Context(), lease, p.in(time.Hour)), usersync.Fenced)
	p.clock.Advance(time.Hour)
	wantCode(t, p.a.Extend(t.Context(), lease, p.in(time.Hour)), usersync.Fenced)
	noError(t, p.b.Extend(t.Context(), next, p.in(time.Hour)))
}

func extendOfWhatIsNotHeldIsFenced(t *testing.T, p stores) {
	company := newCompany()
	never := usersync.Lease{Company: company, Job: newJobID(), Fence: 1}
	wantCode(t, p.a.Extend(t.Context(), never, p.in(time.Hour)), usersync.Fenced)
	lease, _ := race(t, p, company, 1)
	noError(t, p.a.Release(t.Context(), lease))
	wantCode(t, p.b.Extend(t.Context(), lease, p.in(time.Hour)), usersync.Fenced)
	_, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	noError(t, err)
}

func releaseByALateHolderChangesNothing(t *testing.T, p stores) {
	company := newCompany()
	noError(t, p.a.Release(t.Context(), usersync.Lease{Company: company, Job: newJobID(), Fence: 1}))
	late, _ := race(t, p, company, 1)
	p.clock.Advance(time.Hour)
	holder, previous := race(t, p, company, 1)
	if previous != late.Job {
		t.Fatalf("taken over from %q, want %q", previous, late.Job)
	}
	noError(t, p.a.Release(t.Context(), late))
	_, _, err := p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, holder.Job)

	noError(t, p.b.Release(t.Context(), holder))
	again, _, err := p.a.Acquire(t.Context(), company, holder.Job, p.in(time.Hour))
	noError(t, err)
	if again.Fence <= holder.Fence {
		t.Fatalf("fence %d after %d was released", again.Fence, holder.Fence)
	}
	wantCode(t, p.b.Extend(t.Context(), holder, p.in(time.Hour)), usersync.Fenced)
	noError(t, p.b.Release(t.Context(), holder))
	_, _, err = p.b.Acquire(t.Context(), company, newJobID(), p.in(time.Hour))
	wantHolder(t, err, again.Job)
}

func companiesDoNotShareALease(t *testing.T, p stores) {
	for range 3 {
		race(t, p, newCompany(), 2)
	}
}
