package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// bench holds what the runs share.
type bench struct {
	binary, dir      string
	people, inFlight int
	delay            time.Duration
	table            table
	stops            []func()
}

func (b *bench) stop() {
	for _, stop := range b.stops {
		stop()
	}
}

// usage is what the operating system says of a finished process.
type usage struct {
	wall time.Duration
	peak float64 // resident, MB
	out  string
}

// timed runs a program to its end. Exit codes in ok are as good as 0.
func (b *bench) timed(name string, ok []int, args ...string) (usage, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "BENCH_SECRET=bench")
	cmd.Stderr = os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	u := usage{wall: time.Since(began), out: string(out)}
	if rusage, is := cmd.ProcessState.SysUsage().(*syscall.Rusage); is {
		u.peak = float64(rusage.Maxrss) / 1024
	}
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		for _, code := range ok {
			if exit.ExitCode() == code {
				return u, nil
			}
		}
	}
	if err != nil {
		return u, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return u, nil
}

// server starts a server of a kind in a process of its own and returns its address.
func (b *bench) server(kind string, people int, delay time.Duration) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(self, "-people", fmt.Sprint(people), "-delay", delay.String(), kind)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	b.stops = append(b.stops, func() { _ = in.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), err
}

// loop runs the bare loop of a kind and forgets what the server has counted of it.
func (b *bench) loop(kind, url string) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	u, err := b.timed(self, nil, "-people", fmt.Sprint(b.people), "-in-flight", fmt.Sprint(b.inFlight), "loop", kind, url)
	if err == nil {
		_, err = counted(url)
	}
	return u, err
}

// counted reads a server's counters and sets them to zero.
func counted(url string) (c counters, err error) {
	resp, err := http.Get(url + "/bench")
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	return c, json.NewDecoder(resp.Body).Decode(&c)
}

// firstAnswer starts `serve` and says how long it took from the start of the process to an answer.
func (b *bench) firstAnswer(settings, data string) (time.Duration, error) {
	cmd := exec.Command(b.binary, "serve", "--config", settings, "--data", data, "--listen", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, stderr)
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, url, found := strings.Cut(lines.Text(), "listening on "); found {
			resp, err := http.Get(strings.TrimSpace(url) + "/healthz")
			if err != nil {
				return 0, err
			}
			_ = resp.Body.Close()
			return time.Since(began), nil
		}
	}
	return 0, errors.New("serve ended before it answered")
}
