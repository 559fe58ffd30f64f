package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/usersync"
)

// TestMain lets the tests run their own program again as another process: its role and the folder
// are in the environment, what it has to say is on its standard output.
func TestMain(m *testing.M) {
	roles := map[string]func(dir string) error{"write": writeForever, "lock": lockForever, "share": writeAFew}
	role, dir := os.Getenv("USERSYNC_TEST_ROLE"), os.Getenv("USERSYNC_TEST_DIR")
	if role == "" {
		os.Exit(m.Run())
	}
	if err := roles[role](dir); err != nil {
		fmt.Println("error:", err, errors.Unwrap(err))
		os.Exit(1)
	}
}

// process is the test's program in a role; it is killed at the test's end.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

func startProcess(t *testing.T, role, dir string) process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "USERSYNC_TEST_ROLE="+role, "USERSYNC_TEST_DIR="+dir)
	_, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return process{cmd, bufio.NewScanner(out)}
}

// line is the next line that the process says.
func (p process) line(t *testing.T) string {
	t.Helper()
	if !p.lines.Scan() {
		t.Fatalf("the process said nothing more: %v", p.lines.Err())
	}
	return p.lines.Text()
}

// kill ends the process by SIGKILL; what it had said until then can still be read.
func (p process) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

func userNamed(id string) directory.User {
	u := directory.User{ID: id, Created: time.Unix(1, 0).UTC(), Changed: time.Unix(1, 0).UTC()}
	u.Request.Code = &id
	return u
}

// writeForever says the id of each user, page and surveyed value after it was stored.
func writeForever(dir string) error {
	db, err := Open(dir, usersync.SystemClock{})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		id := fmt.Sprint(n)
		if _, err := db.CreateUser(context.Background(), benchCompany, userNamed(id)); err != nil {
			return err
		}
		row := usersync.Row{ID: usersync.RowID{Job: "j", Kind: usersync.RowPage, N: n}, Data: make([]byte, 30_000)}
		if err := db.PutRow(context.Background(), 1, row, time.Now().Add(time.Hour)); err != nil {
			return err
		}
		if err := db.PutSurvey(context.Background(), "j", []usersync.SurveyedKey{{Hash: usersync.HashKey("n", id), Target: id}}, time.Now().Add(time.Hour)); err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func TestWhatWasWrittenIsThereAfterSIGKILL(t *testing.T) {
	dir := t.TempDir()
	p := startProcess(t, "write", dir)
	last := ""
	for range 300 {
		last = p.line(t)
	}
	p.kill(t)
	for p.lines.Scan() {
		last = p.lines.Text()
	}
	var n int
	if _, err := fmt.Sscan(last, &n); err != nil {
		t.Fatalf("%q: %v", last, err)
	}
	db := openIn(t, dir, usersync.SystemClock{})
	users, err := db.Users(t.Context(), benchCompany, 0, n+10)
	if err != nil || len(users) < n+1 || len(users) > n+2 {
		t.Fatalf("%d users are there, %d were said to be, error %v", len(users), n+1, err)
	}
	for i, u := range users {
		if u.ID != fmt.Sprint(i) || u.Ordinal != i {
			t.Fatalf("user %s has ordinal %d", u.ID, u.Ordinal)
		}
	}
	if row, err := db.Row(t.Context(), usersync.RowID{Job: "j", Kind: usersync.RowPage, N: n}); err != nil || len(row) != 30_000 {
		t.Fatalf("page %d has %d bytes, error %v", n, len(row), err)
	}
	if found, err := db.Surveyed(t.Context(), "j", []usersync.KeyHash{usersync.HashKey("n", last)}); err != nil || len(found) != 1 {
		t.Fatalf("value %s is that of %v, error %v", last, found, err)
	}
	for _, f := range []*file{db.main, db.pages} {
		var verdict string
		if err := f.get(t.Context(), "PRAGMA integrity_check", nil, &verdict); err != nil || verdict != "ok" {
			t.Fatalf("integrity: %q, error %v", verdict, err)
		}
	}
}

// writeAFew creates users under the next free ordinals, and says when it is done.
func writeAFew(dir string) error {
	db, err := Open(dir, usersync.SystemClock{})
	if err != nil {
		return err
	}
	for n := range 200 {
		if _, err := db.CreateUser(context.Background(), benchCompany, userNamed(fmt.Sprintf("%d-%d", os.Getpid(), n))); err != nil {
			return err
		}
		if _, err := db.User(context.Background(), benchCompany, fmt.Sprintf("%d-%d", os.Getpid(), n)); err != nil {
			return err
		}
	}
	fmt.Println("done")
	return db.Close()
}

func TestProcessesBesideEachOtherWaitAndDoNotFail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	processes := make([]process, 4)
	for i := range processes {
		processes[i] = startProcess(t, "share", dir)
	}
	for _, p := range processes {
		if said := p.line(t); said != "done" {
			t.Fatal(said)
		}
	}
	users, err := openIn(t, dir, usersync.SystemClock{}).Users(t.Context(), benchCompany, 0, 1000)
	if err != nil || len(users) != 800 || users[799].Ordinal != 799 {
		t.Fatalf("%d users, error %v", len(users), err)
	}
}

// lockForever takes the lock, says so, and keeps it.
func lockForever(dir string) error {
	if _, err := Lock(dir); err != nil {
		return err
	}
	fmt.Println("locked")
	_, err := io.Copy(io.Discard, os.Stdin) // which the test never ends
	return err
}

func TestTheLockNamesItsHolderAndEndsWithIt(t *testing.T) {
	dir := t.TempDir()
	// What a process left behind that was killed must not be taken for the holder.
	if err := os.WriteFile(filepath.Join(dir, "usersync.lock"), []byte("999999999 2026-01-01T00:00:00Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p := startProcess(t, "lock", dir)
		if said := p.line(t); said != "locked" {
			t.Fatal(said)
		}
		_, err := Lock(dir)
		if !usersync.Is(err, usersync.Conflict) || !strings.Contains(usersync.Public(err), fmt.Sprintf("process %d ", p.Process.Pid)) {
			t.Fatalf("error %v (%s)", err, usersync.CodeOf(err))
		}
		if db := openIn(t, dir, usersync.SystemClock{}); db.Ping(t.Context()) != nil {
			t.Fatal("the store cannot be read beside")
		}
		p.kill(t)
		_ = p.Wait()
	}
	release, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
}

func TestAProcessHoldsTheLockOnce(t *testing.T) {
	dir := t.TempDir()
	release, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Lock(dir)
	if !usersync.Is(err, usersync.Conflict) || !strings.Contains(usersync.Public(err), fmt.Sprintf("process %d ", os.Getpid())) {
		t.Fatalf("error %v", err)
	}
	release()
	release()
	again, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	release() // of the first, late
	if _, err := Lock(dir); !usersync.Is(err, usersync.Conflict) {
		t.Fatalf("a late release gave away another's lock: %v", err)
	}
	again()
}
