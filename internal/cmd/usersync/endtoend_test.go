package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

const otherCompany = "8c7a3a52-1f5e-4a39-b1d1-2b1a6f0f9d11"

func fileToDirectory(company string) string {
	return fmt.Sprintf("companies:\n  - id: %s\n    name: Test\n    source: {type: file, path: people.csv}\n    target: {type: directory}\n", company)
}

func adviser(int) string { return "Adviser" }

func TestASecondNightChangesOnlyWhatHasChanged(t *testing.T) {
	settings, data := settingsFile(t, fileToDirectory(testCompany))
	people := filepath.Join(filepath.Dir(settings), "people.csv")
	nights := []struct {
		people  int
		title   func(int) string
		flags   []string
		created int
		updated int
	}{
		{1000, adviser, nil, 1000, 0},
		{1000, adviser, nil, 0, 0},
		{1003, func(n int) string { return map[bool]string{true: "Head", false: "Adviser"}[n < 7] }, nil, 3, 7},
		{1003, func(n int) string { return map[bool]string{true: "Head", false: "Adviser"}[n < 7] }, []string{"--full"}, 0, 1003},
	}
	for i, night := range nights {
		writeCSV(t, people, night.people, night.title)
		r := runProgram(t, append([]string{"sync", "--config", settings, "--data", data, "--json"}, night.flags...)...)
		j := r.jobLine(t)
		if r.code != exitDone || count(j.UsersFound) != night.people || count(j.UsersCreated) != night.created ||
			count(j.UsersUpdated) != night.updated || count(j.UsersUnchanged) != night.people-night.created-night.updated {
			t.Errorf("night %d ended with %d: %s %s", i+1, r.code, r.out, r.stderr)
		}
	}
}

func TestExitCodesTellHowItEnded(t *testing.T) {
	settings, data := settingsFile(t, fileToDirectory(testCompany))
	people := filepath.Join(filepath.Dir(settings), "people.csv")
	at := []string{"--config", settings, "--data", data}
	ending := strings.Replace(fileToDirectory(testCompany), "people.csv", "people.txt", 1)
	if err := os.WriteFile(strings.Replace(settings, "usersync.yaml", "ending.yaml", 1), []byte(ending), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, csv string
		args      []string
		code      int
		says      string
	}{
		{"one bad row", "id,userName\n1,ann\n,bo\n", append([]string{"sync"}, at...), exitPartly, "row:3"},
		{"the source lists nobody where there were people", "id,userName\n", append([]string{"sync"}, at...), exitFailed, "listed nobody"},
		{"no list at all", "", append([]string{"sync"}, at...), exitFailed, "people.csv"},
		{"an unknown flag", "id\n", []string{"sync", "--colour"}, exitUsage, "--colour"},
		{"a company that is no guid", "id\n", append([]string{"sync", "--company", "17"}, at...), exitUsage, "17"},
		{"a company that is not in the settings", "id\n", append([]string{"sync", "--company", otherCompany}, at...), exitUsage, otherCompany},
		{"no settings", "id\n", []string{"sync", "--config", settings + ".none", "--data", data}, exitUsage, ".none"},
		{"a path that cannot be read", "id\n", []string{"check", "--config", strings.Replace(settings, "usersync.yaml", "ending.yaml", 1)}, exitUsage, "companies[0].source.path"},
		{"status of a company that is no guid", "id\n", []string{"status", "--data", data, "--company", "nope"}, exitUsage, "nope"},
		{"dry run", "id\n", append([]string{"sync", "--dry-run"}, at...), exitUsage, "not supported yet"},
		{"removals", "id\n", append([]string{"sync", "--approve-removals", "3"}, at...), exitUsage, "not supported yet"},
		{"cancel", "id\n", []string{"cancel", "1", "--data", data}, exitUsage, "not supported yet"},
		{"company without a table", "id\n", []string{"company", "put", "-f", settings}, exitUsage, "--table"},
		{"company of a file with what one machine alone can read", "id\n", []string{"company", "put", "-f", settings, "--table", "t"}, exitUsage, "companies[0].source.type"},
		{"check of a file that is none", "", append([]string{"check"}, at...), exitFailed, "people.csv"},
		{"check", "id,userName\n1,ann\n", append([]string{"check"}, at...), exitDone, "1 people"},
		{"a server that is no address of one", "id\n", []string{"sync", "--server", "ftp://x", "--token", "t"}, exitUsage, "--server"},
		{"a server without a scheme", "id\n", []string{"status", "--server", "127.0.0.1:80", "--token", "t"}, exitUsage, "--server"},
		{"an unknown job", "id\n", []string{"outcomes", "01900000-0000-7000-8000-000000000000", "--data", data}, exitFailed, ""},
	}
	for _, c := range cases {
		if err := os.WriteFile(people, []byte(c.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		r := runProgram(t, c.args...)
		if r.code != c.code || !strings.Contains(r.out+r.stderr, c.says) {
			t.Errorf("%s: ended with %d, not %d, and %q is in its output or not:\n%s%s", c.name, r.code, c.code, c.says, r.out, r.stderr)
		}
	}
}

func TestADataFolderBelongsToOneProcess(t *testing.T) {
	settings, data := settingsFile(t, fileToDirectory(testCompany))
	writeCSV(t, filepath.Join(filepath.Dir(settings), "people.csv"), 10, adviser)
	s := serveProgram(t, "--config", settings, "--data", data)
	r := runProgram(t, "sync", "--config", settings, "--data", data)
	if r.code != exitRunning || !strings.Contains(r.stderr, fmt.Sprint(s.cmd.Process.Pid)) {
		t.Errorf("a second process ended with %d and said %q", r.code, r.stderr)
	}
	for _, beside := range [][]string{{"status", "--data", data}, {"token", "--data", data, "--role", "any"}} {
		if r := runProgram(t, beside...); r.code != exitDone {
			t.Errorf("%v beside it ended with %d: %s", beside, r.code, r.stderr)
		}
	}
	began := time.Now()
	if code := s.end(syscall.SIGTERM); code != exitDone || time.Since(began) > 10*time.Second {
		t.Errorf("SIGTERM ended it with %d after %v", code, time.Since(began))
	}
	if r := runProgram(t, "sync", "--config", settings, "--data", data); r.code != exitDone {
		t.Errorf("after it the folder is not free: %d %s", r.code, r.stderr)
	}
}

func TestSyncOfOneCompanyLeavesTheUnfinishedJobOfAnotherAlone(t *testing.T) {
	target := newSlowWebsak(t, 50*time.Millisecond)
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: {type: file, path: people.csv}\n    target: %s\n  - id: %s\n    source: {type: file, path: people.csv}\n    target: {type: directory}\n",
		testCompany, target.endpoint(), otherCompany))
	writeCSV(t, filepath.Join(filepath.Dir(settings), "people.csv"), 2000, adviser)
	s := serveProgram(t, "--config", settings, "--data", data)
	started, err := s.client(t, data, testCompany).start(context.Background(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, posts := target.seen(); posts == 0; _, posts = target.seen() {
		runtime.Gosched()
	}
	s.end(syscall.SIGKILL)
	before, _ := target.seen()
	if r := runProgram(t, "sync", "--config", settings, "--data", data, "--company", otherCompany); r.code != exitDone {
		t.Errorf("ended with %d: %s", r.code, r.stderr)
	}
	if now, _ := target.seen(); now != before {
		t.Errorf("the other company's target had %d logins", now-before)
	}
	r := runProgram(t, "sync", "--config", settings, "--data", data, "--company", testCompany, "--json")
	if j := r.jobLine(t); r.code != exitDone || j.ID != started.ID || count(j.UsersCreated) != 2000 || !strings.Contains(r.stderr, "going on") {
		t.Errorf("ended with %d: %s%s", r.code, r.out, r.stderr)
	}
}

func TestAThousandStartsAtOnceGiveOneJob(t *testing.T) {
	target := newSlowWebsak(t, 5*time.Second)
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: {type: file, path: people.csv}\n    target: %s\n", testCompany, target.endpoint()))
	writeCSV(t, filepath.Join(filepath.Dir(settings), "people.csv"), 10, adviser)
	s := serveProgram(t, "--config", settings, "--data", data)
	at := s.client(t, data, testCompany)
	var mu sync.Mutex
	started, refused := map[string]int{}, map[usersync.JobID]int{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 50 {
				j, err := at.start(context.Background(), "", false)
				mu.Lock()
				if err == nil {
					started[j.ID]++
				} else if e, is := err.(*usersync.Error); is && e.Code == usersync.Conflict {
					refused[e.Holder]++
				} else {
					t.Errorf("a start ended with %v", err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(started) != 1 || len(refused) != 1 {
		t.Fatalf("%d jobs were started, refusals name %d jobs", len(started), len(refused))
	}
	for id, n := range started {
		if n != 1 || refused[usersync.JobID(id)] != 999 {
			t.Errorf("the job was started %d times, and %d refusals name it", n, refused[usersync.JobID(id)])
		}
	}
}

func TestOneServeFeedsAnotherThroughWebsaksAPI(t *testing.T) {
	const people = 600
	peopleSettings, peopleData := settingsFile(t, fileToDirectory(testCompany)+clientsOf(testCompany))
	csv := filepath.Join(filepath.Dir(peopleSettings), "people.csv")
	writeCSV(t, csv, people, adviser)
	source := serveProgram(t, "--config", peopleSettings, "--data", peopleData)
	fill := source.client(t, peopleData, testCompany)

	otherSettings, otherData := settingsFile(t, fileToDirectory(otherCompany)+clientsOf(otherCompany))
	writeCSV(t, filepath.Join(filepath.Dir(otherSettings), "people.csv"), 0, adviser)
	target := serveProgram(t, "--config", otherSettings, "--data", otherData)

	end := func(s *server) string {
		return fmt.Sprintf("{type: websak, url: %q, tokenUrl: %q, clientId: sync, clientSecret: env:WEBSAK_SECRET}", s.url+"/directory", s.url+"/connect/token")
	}
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: %s\n    target: %s\n", testCompany, end(source), end(target)))
	for i, want := range []struct{ people, created, updated, changed int }{{people, people, 0, 0}, {people, 0, 0, 0}, {people + 3, 3, 7, 7}} {
		writeCSV(t, csv, want.people, func(n int) string { return map[bool]string{true: "Head", false: "Adviser"}[n < want.changed] })
		j, err := fill.start(context.Background(), "", false)
		if err != nil {
			t.Fatal(err)
		}
		if j = wait(t, fill, j.ID); count(j.UsersFound) != want.people {
			t.Fatalf("filling the source ended with %+v", j)
		}
		r := runProgram(t, "sync", "--config", settings, "--data", data, "--json")
		if j := r.jobLine(t); r.code != exitDone || count(j.UsersFound) != want.people || count(j.UsersCreated) != want.created || count(j.UsersUpdated) != want.updated {
			t.Errorf("night %d ended with %d: %s %s", i+1, r.code, r.out, r.stderr)
		}
	}
}

func clientsOf(company string) string {
	return fmt.Sprintf("auth:\n  clients:\n    - {id: sync, secret: env:WEBSAK_SECRET, company: %s, roles: [], scopes: [userapi]}\n", company)
}

// What must never be seen outside the source, the target and the sealed pages is planted and looked for.
func TestPersonsAndSecretsAppearNowhere(t *testing.T) {
	target := newSlowWebsak(t, 0)
	target.refuse["plantedcode2"] = true
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: {type: file, path: people.csv}\n    target: %s\n", testCompany, target.endpoint()))
	csv := "id,userName,name.givenName,name.familyName,emails.work,phones.mobile\n" +
		"K1,plantedcode1,Plantedgiven,Plantedfamily,planted.mail@kommune.example,070-1740605\n" +
		"K2,plantedcode2,Plantedgiven,Plantedfamily,planted.mail@kommune.example,070-1740605\n" +
		",plantedcode3,Plantedgiven,Plantedfamily,planted.mail@kommune.example,070-1740605\n" +
		"K4,plantedcode4,Plantedgiven,Plantedfamily,planted.mail@kommune.example,070-1740605,Plantedgiven\n" +
		"K5,,Plantedgiven,Plantedfamily,planted.mail@kommune.example,070-1740605\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(settings), "people.csv"), []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveProgram(t, "--config", settings, "--data", data)
	at := s.client(t, data, testCompany)
	started, err := at.start(context.Background(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	j := wait(t, at, started.ID)
	if count(j.UsersCreated) != 1 || count(j.UsersFailed) != 4 {
		t.Fatalf("the run was to create 1 and fail 4: %+v", j)
	}
	_, outcomes, err := at.outcomes(context.Background(), j.ID, "", "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/codelock/axema/usersync?CompanyId=planted.mail@kommune.example", "/nowhere/Plantedgiven", "/directory/api/Users/Plantedgiven"} {
		if resp, err := http.Get(s.url + path); err == nil {
			_ = resp.Body.Close()
		}
	}
	s.end(syscall.SIGTERM)
	seen, err := json.Marshal([]any{j, outcomes})
	if err != nil {
		t.Fatal(err)
	}
	places := map[string][]byte{"the job and its outcomes": seen, "the log": []byte(s.logged())}
	for _, args := range [][]string{{"status", "--data", data}, {"outcomes", j.ID, "--data", data}, {"check", "--config", settings, "--data", data}} {
		r := runProgram(t, args...)
		places["the output of "+args[0]] = []byte(r.out + r.stderr)
	}
	files, _ := filepath.Glob(filepath.Join(data, "*"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		places["the file "+filepath.Base(name)] = text
	}
	for place, text := range places {
		for _, planted := range []string{"Plantedgiven", "Plantedfamily", "planted.mail", "1740605", "planted-secret-value", "planted-token-value", "plantedcode"} {
			if bytes.Contains(text, []byte(planted)) {
				t.Errorf("%q appears in %s", planted, place)
			}
		}
	}
}
