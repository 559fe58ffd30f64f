package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const testCompany = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

// TestMain lets the test binary be the program itself, so that whole processes are tested (and killed).
func TestMain(m *testing.M) {
	if os.Getenv("USERSYNC_TEST_PROCESS") == "1" {
		os.Args[0] = "usersync"
		main()
		return
	}
	os.Exit(m.Run())
}

// program is usersync in a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "USERSYNC_TEST_PROCESS=1", "WEBSAK_SECRET=planted-secret-value")
	return cmd
}

// result is what a finished process left.
type result struct {
	code        int
	out, stderr string
}

// runProgram runs usersync to its end.
func runProgram(t *testing.T, args ...string) result {
	t.Helper()
	cmd := program(t, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if exit, is := errors.AsType[*exec.ExitError](err); err != nil && !is {
		t.Fatal(err)
	} else if is && exit.ExitCode() < 0 {
		t.Fatalf("usersync %s ended by a signal", strings.Join(args, " "))
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// jobLine is the first line of standard output as a job.
func (r result) jobLine(t *testing.T) job {
	t.Helper()
	var j job
	line, _, _ := strings.Cut(r.out, "\n")
	if err := json.Unmarshal([]byte(line), &j); err != nil {
		t.Fatalf("no job on standard output: %v; code %d; stderr: %s", err, r.code, r.stderr)
	}
	return j
}

// server is a running `usersync serve`.
type server struct {
	cmd  *exec.Cmd
	url  string
	mu   sync.Mutex
	log  bytes.Buffer
	read chan struct{}
}

// serveProgram starts `serve` and waits until it answers.
func serveProgram(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{cmd: program(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), read: make(chan struct{})}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		defer close(s.read)
		defer close(address)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			fmt.Fprintln(&s.log, lines.Text())
			s.mu.Unlock()
			if _, url, found := strings.Cut(lines.Text(), "listening on "); found {
				address <- url
			}
		}
	}()
	url, ok := <-address
	if !ok {
		t.Fatalf("serve ended before it listened: %s", s.logged())
	}
	s.url = url
	t.Cleanup(func() { s.end(syscall.SIGKILL) })
	return s
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// end sends a signal and waits for the end; it returns the exit code, -1 after SIGKILL.
func (s *server) end(signal syscall.Signal) int {
	if s.cmd.ProcessState != nil {
		return s.cmd.ProcessState.ExitCode()
	}
	_ = s.cmd.Process.Signal(signal)
	<-s.read
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// client is a client of the server with a token of its data folder.
func (s *server) client(t *testing.T, data, company string, flags ...string) *client {
	t.Helper()
	r := runProgram(t, append([]string{"token", "--data", data, "--company", company, "--role", "bookingsupplier-administrator-write"}, flags...)...)
	if r.code != 0 {
		t.Fatalf("token: %s", r.stderr)
	}
	return &client{base: s.url, token: strings.TrimSpace(r.out), http: http.DefaultClient}
}

// wait polls a job until it has ended.
func wait(t *testing.T, at *client, id string) job {
	t.Helper()
	for {
		j, err := at.get(context.Background(), id, "")
		if err != nil {
			t.Fatal(err)
		}
		if jobEnded(j) {
			return j
		}
	}
}

// settingsFile writes settings into a folder of the test and names a data folder beside them.
func settingsFile(t *testing.T, text string) (settings, data string) {
	t.Helper()
	dir := t.TempDir()
	settings, data = filepath.Join(dir, "usersync.yaml"), filepath.Join(dir, "data")
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings, data
}

// writeCSV writes n people, of whom change alters the given row's title.
func writeCSV(t *testing.T, path string, n int, title func(int) string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,userName,name.givenName,name.familyName,title,emails.work,phones.mobile\n")
	for i := range n {
		fmt.Fprintf(&b, "E%05d,user%05d,Åse,Ødegård,%s,user%05d@kommune.example,070-174 06 %02d\n", i, i, title(i), i, 5+i%95)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
