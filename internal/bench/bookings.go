package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// residents writes settings that sync a VAKA's people to a BokaMera's customers.
func (b *bench) residents(name, source, target string) (settings, data string, err error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	text := fmt.Sprintf(`companies:
  - id: %s
    name: Bench
    source: {type: axema, url: %q, deviceId: "1234", tokenUrl: %q, clientId: bench, clientSecret: env:BENCH_SECRET, apiKey: env:BENCH_SECRET}
    target: {type: bokamera, url: %q, tokenUrl: %q, clientId: bench, username: bench, password: env:BENCH_SECRET, apiKey: env:BENCH_SECRET, maxInFlight: %d}
`, company, source+"/v1", source+"/connect/token", target, target+"/connect/token", b.inFlight)
	settings = filepath.Join(dir, "usersync.yaml")
	return settings, filepath.Join(dir, "data"), os.WriteFile(settings, []byte(text), 0o600)
}

// vakaToBokaMera runs a first sync into an empty list of customers, which is surveyed, and an unchanged one.
func (b *bench) vakaToBokaMera() error {
	source, err := b.server("vaka", b.people, 0)
	if err != nil {
		return err
	}
	target, err := b.server("bokamera", 0, b.delay)
	if err != nil {
		return err
	}
	settings, data, err := b.residents("bookings", source, target)
	if err != nil {
		return err
	}
	loop, err := b.loop("bokamera", target)
	if err != nil {
		return err
	}
	first, err := b.sync(settings, data, syncCounts{UsersFound: b.people, UsersCreated: b.people})
	if err != nil {
		return err
	}
	sent, err := counted(target)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("VAKA to BokaMera, %d people", b.people)
	ratio := first.wall.Seconds() / loop.wall.Seconds()
	b.table.add(name+", first", "time", seconds(first.wall), "≤ 1.15 × loop", fmt.Sprintf("bare loop %s: × %.2f", seconds(loop.wall), ratio), ratio <= 1.15)
	b.table.add(name+", first", "customers created", fmt.Sprint(sent.Posts), fmt.Sprint(b.people), fmt.Sprintf("%d requests surveyed the empty list", sent.Lists), sent.Posts == int64(b.people) && sent.Others == 0)
	b.table.add(name+", first", "peak memory", megabytes(first.peak), "≤ 64 MB", "resident, whole process", first.peak <= 64)
	unchanged, err := b.sync(settings, data, syncCounts{UsersFound: b.people, UsersUnchanged: b.people})
	if err != nil {
		return err
	}
	if sent, err = counted(target); err != nil {
		return err
	}
	all := sent.Posts + sent.Lists + sent.Others
	b.table.add(name+", unchanged", "target requests", fmt.Sprint(all), "0", seconds(unchanged.wall)+"; of any kind, logins apart", all == 0)
	return nil
}

// survey compares the memory of a first sync that surveys many customers with that of one that surveys none.
func (b *bench) survey() error {
	const people = 100
	customers := 10 * b.people
	source, err := b.server("vaka", people, 0)
	if err != nil {
		return err
	}
	var peaks [2]float64
	var took time.Duration
	for i, there := range []int{0, customers} {
		target, err := b.server("bokamera", there, 0)
		if err != nil {
			return err
		}
		settings, data, err := b.residents(fmt.Sprintf("survey-%d", there), source, target)
		if err != nil {
			return err
		}
		for range 3 {
			if err := os.RemoveAll(data); err != nil {
				return err
			}
			u, err := b.sync(settings, data, syncCounts{UsersFound: people, UsersCreated: people})
			if err != nil {
				return err
			}
			peaks[i], took = max(peaks[i], u.peak), u.wall
		}
	}
	more := peaks[1] - peaks[0]
	b.table.add(fmt.Sprintf("survey of %d customers", customers), "memory", megabytes(more), "≤ 16 MB more", fmt.Sprintf("%s, and %s with none; largest of three; %s", megabytes(peaks[1]), megabytes(peaks[0]), seconds(took)), more <= 16)
	return nil
}

// mapping asks the package's own benchmark what a record costs.
func (b *bench) mapping() error {
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkMap", "-benchtime", "0.5s", "./internal/mapping").Output()
	if err != nil {
		return fmt.Errorf("the mapping's benchmark: %w", err)
	}
	rows := regexp.MustCompile(`(?m)^BenchmarkMap(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op`).FindAllStringSubmatch(string(out), -1)
	if len(rows) == 0 {
		return fmt.Errorf("the mapping's benchmark said nothing")
	}
	for _, row := range rows {
		ns, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			return err
		}
		b.table.add("mapping", row[1], fmt.Sprintf("%.1f µs", ns/1000), "≤ 5 µs", "a person, built-in mapping", ns <= 5000)
	}
	return nil
}
