package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// neighbourhood is a VAKA whose people BokaMera partly knows: 12 are customers already, in other letters, two are
// two customers each, whose ids it gives by the person's, and one is refused.
func neighbourhood(t *testing.T, people int, delay time.Duration) (*vakaOnline, *bokaMera, map[string][]string) {
	vaka, boka := newVAKA(t, people), newBokaMera(t, delay)
	for i := range 12 {
		boka.add(fmt.Sprintf(" Boende.%d@EXAMPLE.test", i), "")
	}
	ambiguous := map[string][]string{}
	for i := 100; i < 102; i++ {
		email := fmt.Sprintf("boende.%d@example.test", i)
		ambiguous[vaka.users[i]["userId"].(string)] = []string{boka.add(email, ""), boka.add(strings.ToUpper(email), "")}
	}
	boka.refuse = "boende.200@example.test"
	return vaka, boka, ambiguous
}

func TestResidentsOfVAKABecomeCustomersOfBokaMeraNightByNight(t *testing.T) {
	const people = 3000
	vaka, boka, ambiguous := neighbourhood(t, people, 0)
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    name: Brf Utsikten\n    source: %s\n    target: %s\n", testCompany, vaka.endpoint(), boka.endpoint("")))
	night := func(created, updated, unchanged, failed int) job {
		t.Helper()
		r := runProgram(t, "sync", "--config", settings, "--data", data, "--json")
		j := r.jobLine(t)
		if r.code != exitPartly || j.StatusName != "Completed" || count(j.UsersFound) != people || count(j.UsersCreated) != created ||
			count(j.UsersUpdated) != updated || count(j.UsersUnchanged) != unchanged || count(j.UsersFailed) != failed {
			t.Fatalf("code %d: %s", r.code, r.out)
		}
		if strings.Contains(r.out+r.stderr, "example.test") || strings.Contains(r.out+r.stderr, "planted") || strings.Contains(r.out+r.stderr, "Efternamn") {
			t.Error("somebody's data is in the output")
		}
		return j
	}
	first := night(people-15, 12, 0, 3)
	said := runProgram(t, "outcomes", first.ID, "--data", data, "--action", "failed").out
	for key, ids := range ambiguous {
		if !strings.Contains(said, key) || !strings.Contains(said, ids[0]) || !strings.Contains(said, ids[1]) {
			t.Errorf("the outcomes do not name %s with %v: %s", key, ids, said)
		}
	}
	if !strings.Contains(said, "ValidationException (Email: InvalidEmail)") {
		t.Errorf("the outcomes do not say why somebody was refused: %s", said)
	}
	for i := 1000; i < 1040; i++ {
		vaka.users[i]["name"] = fmt.Sprintf("Efternamn%d, Nytt", i)
	}
	posts := boka.posts
	night(0, 40, people-43, 3)
	if got := boka.posts - posts; got != 41 { // the 40, and the one who is refused again
		t.Errorf("the second night sent %d customers", got)
	}
	for email, n := range boka.byEmail() {
		if wanted := map[string]int{"boende.100@example.test": 2, "boende.101@example.test": 2}[email]; n != max(wanted, 1) {
			t.Errorf("a customer is there %d times", n)
		}
	}
	if got := len(boka.customers); got != people-15+12+4 {
		t.Errorf("%d customers", got)
	}
}

func TestKilledAtRandomMomentsNobodyBecomesTwoCustomers(t *testing.T) {
	const people, kills = 3000, 20
	vaka, boka, ambiguous := neighbourhood(t, people, 50*time.Millisecond)
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: %s\n    target: %s\n", testCompany, vaka.endpoint(), boka.endpoint(", timeout: 1s")))
	running := serveProgram(t, "--config", settings, "--data", data)
	started, err := running.client(t, data, testCompany).start(context.Background(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	for range kills {
		moment := time.NewTimer(time.Duration(rand.IntN(250)) * time.Millisecond)
		<-moment.C
		running.end(syscall.SIGKILL)
		running = serveProgram(t, "--config", settings, "--data", data)
	}
	j := wait(t, running.client(t, data, testCompany), started.ID)
	if j.StatusName != "Completed" || count(j.UsersFound) != people || count(j.UsersCreated) != people-15 || count(j.UsersUpdated) != 12 || count(j.UsersFailed) != 3 {
		t.Errorf("the job ended %s with found %d, created %d, updated %d, failed %d: %s", j.StatusName,
			count(j.UsersFound), count(j.UsersCreated), count(j.UsersUpdated), count(j.UsersFailed), j.ErrorMessage)
	}
	if n := len(boka.customers); n != people-15+12+2*len(ambiguous) {
		t.Errorf("%d customers", n)
	}
	for email, n := range boka.byEmail() {
		if wanted := map[string]int{"boende.100@example.test": 2, "boende.101@example.test": 2}[email]; n != max(wanted, 1) {
			t.Errorf("a customer is there %d times", n)
		}
	}
}

func TestWhoLeftIsDeletedOnlyIfUsersyncCreatedThemAndTheGuardLetsIt(t *testing.T) {
	vaka, boka := newVAKA(t, 100), newBokaMera(t, 0)
	boka.add("boende.0@example.test", "")
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    name: Brf Utsikten\n    source: %s\n    target: %s\n    leavers: {then: delete, atMost: 5}\n", testCompany, vaka.endpoint(), boka.endpoint("")))
	sync := func() (job, result) {
		r := runProgram(t, "sync", "--config", settings, "--data", data, "--json")
		return r.jobLine(t), r
	}
	if j, r := sync(); count(j.UsersCreated) != 99 || count(j.UsersUpdated) != 1 {
		t.Fatalf("%+v", r)
	}
	everybody := vaka.users
	vaka.users = everybody[:94]
	if j, r := sync(); j.StatusName != "Failed" || r.code != exitFailed || len(boka.customers) != 100 || !strings.Contains(j.ErrorMessage, "6") {
		t.Errorf("six of at most five: %+v, %d customers", r, len(boka.customers))
	}
	vaka.users = nil
	if j, r := sync(); j.StatusName != "Failed" || len(boka.customers) != 100 {
		t.Errorf("an empty list: %+v, %d customers", r, len(boka.customers))
	}
	vaka.users = everybody[1:97]
	if j, r := sync(); j.StatusName != "Completed" || count(j.UsersRemoved) != 3 || len(boka.customers) != 97 || count(j.UsersUnchanged) != 96 {
		t.Errorf("four, one of whom was there before: %+v, %d customers", r, len(boka.customers))
	}
	vaka.users = everybody
	if j, r := sync(); count(j.UsersCreated) != 3 || count(j.UsersUpdated) != 1 || len(boka.customers) != 100 {
		t.Errorf("all back: %+v, %d customers", r, len(boka.customers))
	}
}
