package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const company = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

// syncCounts is what `sync --json` prints of a job.
type syncCounts struct {
	UsersFound, UsersCreated, UsersUpdated, UsersUnchanged, UsersFailed int
}

// sync runs `usersync sync --json` once and checks that the counts are the ones expected.
func (b *bench) sync(settings, data string, want syncCounts) (usage, error) {
	u, err := b.timed(b.binary, nil, "sync", "--config", settings, "--data", data, "--json")
	if err != nil {
		return u, err
	}
	var got syncCounts
	if err := json.Unmarshal([]byte(u.out), &got); err != nil {
		return u, err
	}
	if got != want {
		return u, fmt.Errorf("counts are %+v, not %+v", got, want)
	}
	return u, nil
}

func (b *bench) websakToWebsak() error {
	source, err := b.server("websak", b.people, 0)
	if err != nil {
		return err
	}
	target, err := b.server("websak", 0, b.delay)
	if err != nil {
		return err
	}
	settings, data := filepath.Join(b.dir, "websak.yaml"), filepath.Join(b.dir, "websak-data")
	end := func(url string) string {
		return fmt.Sprintf("{type: websak, url: %q, tokenUrl: %q, clientId: bench, clientSecret: env:BENCH_SECRET, maxInFlight: %d}", url, url+"/connect/token", b.inFlight)
	}
	text := fmt.Sprintf("companies:\n  - id: %s\n    name: Bench\n    source: %s\n    target: %s\n", company, end(source), end(target))
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return err
	}
	loop, err := b.loop("websak", target)
	if err != nil {
		return err
	}
	return b.nights(settings, data, source, target, loop.wall)
}

// nights runs the first sync, an unchanged one and one with 100 changed people.
func (b *bench) nights(settings, data, source, target string, loop time.Duration) error {
	name := fmt.Sprintf("Websak to Websak, %d people", b.people)
	paper := time.Duration(b.people/b.inFlight) * b.delay
	first, err := b.sync(settings, data, syncCounts{UsersFound: b.people, UsersCreated: b.people})
	if err != nil {
		return err
	}
	sent, err := counted(target)
	if err != nil {
		return err
	}
	if _, err := counted(source); err != nil {
		return err
	}
	ratio := first.wall.Seconds() / loop.Seconds()
	b.table.add(name+", first", "time", seconds(first.wall), "≤ 1.1 × loop", fmt.Sprintf("bare loop %s, on paper %s: × %.2f", seconds(loop), seconds(paper), ratio), ratio <= 1.1)
	b.table.add(name+", first", "peak memory", megabytes(first.peak), "≤ 64 MB", "resident, whole process", first.peak <= 64)
	b.table.add(name+", first", "upserts", fmt.Sprint(sent.Posts), fmt.Sprint(b.people), "one a person", sent.Posts == int64(b.people))

	unchanged, err := b.sync(settings, data, syncCounts{UsersFound: b.people, UsersUnchanged: b.people})
	if err != nil {
		return err
	}
	if sent, err = counted(target); err != nil {
		return err
	}
	read, err := counted(source)
	if err != nil {
		return err
	}
	pages := int64(b.people/500 + 1)
	b.table.add(name+", unchanged", "time", seconds(unchanged.wall), "≤ 1.00 s", "whole process", unchanged.wall <= time.Second)
	b.table.add(name+", unchanged", "target requests", fmt.Sprint(sent.Posts), "0", "", sent.Posts == 0)
	b.table.add(name+", unchanged", "source requests", fmt.Sprint(read.Lists), fmt.Sprintf("≤ %d", pages), "500 people a page", read.Lists <= pages)

	changed := min(100, b.people)
	resp, err := http.Post(fmt.Sprintf("%s/bench/changed/%d", source, changed), "", nil)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	few, err := b.sync(settings, data, syncCounts{UsersFound: b.people, UsersUpdated: changed, UsersUnchanged: b.people - changed})
	if err != nil {
		return err
	}
	if sent, err = counted(target); err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("%s, %d changed", name, changed), "target requests", fmt.Sprint(sent.Posts), fmt.Sprint(changed), seconds(few.wall), sent.Posts == int64(changed))
	return nil
}

// fileToDirectory compares ten times the people with once, each as the median of three first syncs.
func (b *bench) fileToDirectory() error {
	once, err := b.firstSyncs(b.people)
	if err != nil {
		return err
	}
	tenfold, err := b.firstSyncs(10 * b.people)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("file to directory, %d people", 10*b.people)
	memory, wall := tenfold.peak/once.peak, tenfold.wall.Seconds()/once.wall.Seconds()
	b.table.add(name, "peak memory", megabytes(tenfold.peak), "≤ 1.3 × tenth", fmt.Sprintf("%s with %d people: × %.2f", megabytes(once.peak), b.people, memory), memory <= 1.3)
	b.table.add(name, "time", seconds(tenfold.wall), "≤ 12 × tenth", fmt.Sprintf("%s with %d people: × %.1f", seconds(once.wall), b.people, wall), wall <= 12)
	return nil
}

// firstSyncs syncs a file into an empty directory three times: the median time and the largest peak.
func (b *bench) firstSyncs(people int) (usage, error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("file-%d", people))
	if err := writePeople(dir, people); err != nil {
		return usage{}, err
	}
	var runs []usage
	for range 3 {
		data := filepath.Join(dir, "data")
		if err := os.RemoveAll(data); err != nil {
			return usage{}, err
		}
		u, err := b.sync(filepath.Join(dir, "usersync.yaml"), data, syncCounts{UsersFound: people, UsersCreated: people})
		if err != nil {
			return usage{}, err
		}
		runs = append(runs, u)
	}
	slices.SortFunc(runs, func(a, b usage) int { return cmp.Compare(a.wall, b.wall) })
	median := runs[1]
	median.peak = max(runs[0].peak, runs[1].peak, runs[2].peak)
	return median, nil
}

// serveStart is the median of eleven starts on a data folder that exists.
func (b *bench) serveStart() error {
	dir := filepath.Join(b.dir, "serve")
	if err := writePeople(dir, 10); err != nil {
		return err
	}
	var took []time.Duration
	for range 11 {
		d, err := b.firstAnswer(filepath.Join(dir, "usersync.yaml"), filepath.Join(dir, "data"))
		if err != nil {
			return err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	median := took[len(took)/2]
	b.table.add("serve", "start to first answer", fmt.Sprintf("%d ms", median.Milliseconds()), "≤ 100 ms", "median of 11 starts", median <= 100*time.Millisecond)
	return nil
}

// writePeople writes a folder with a file of people and settings that sync it to the directory.
func writePeople(dir string, people int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	settings := fmt.Sprintf("companies:\n  - id: %s\n    name: Bench\n    source: {type: file, path: people.csv}\n    target: {type: directory}\n", company)
	if err := os.WriteFile(filepath.Join(dir, "usersync.yaml"), []byte(settings), 0o600); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "people.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,userName,name.givenName,name.familyName,title,emails.work,phones.work,departmentCode")
	for n := range people {
		fmt.Fprintf(w, "P%07d,user%07d,Bjørn,Ødegård,Adviser,user%07d@kommune.example,08-465 004 %02d,ADM\n", n, n, n, n%100)
	}
	return w.Flush()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(mb float64) string { return fmt.Sprintf("%.0f MB", mb) }
