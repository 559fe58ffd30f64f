package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progressEvery is how often a line of progress is written where there is no terminal.
const progressEvery = 5 * time.Second

// progress shows how jobs get on, on standard error: a bar each on a terminal, else a line every few seconds.
type progress struct {
	mu   sync.Mutex
	out  io.Writer
	bars *mpb.Progress // nil without a terminal
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func newProgress(s streams) *progress {
	p := &progress{out: s.err}
	if s.terminal {
		p.bars = mpb.New(mpb.WithOutput(s.err), mpb.WithWidth(40))
	}
	return p
}

// wait ends the bars.
func (p *progress) wait() {
	if p.bars != nil {
		p.bars.Wait()
	}
}

// track follows one job.
type track struct {
	p       *progress
	name    string
	bar     *mpb.Bar
	began   time.Time
	printed time.Time
	first   int // done when following began
}

func (p *progress) track(name string) *track {
	t := &track{p: p, name: name, began: time.Now(), printed: time.Now(), first: -1}
	if p.bars != nil {
		t.bar = p.bars.AddBar(0,
			mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d of %d")),
			mpb.AppendDecorators(decor.Percentage(), decor.AverageSpeed(0, " %.0f/s"), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
	}
	return t
}

// show takes what the job says of itself.
func (t *track) show(j job) {
	found := count(j.UsersFound)
	done := count(j.UsersCreated) + count(j.UsersUpdated) + count(j.UsersUnchanged) + count(j.UsersSkipped) + count(j.UsersFailed)
	if t.bar != nil {
		t.bar.SetTotal(int64(found), false)
		t.bar.SetCurrent(int64(min(done, found)))
		if jobEnded(j) {
			t.bar.SetTotal(int64(found), true)
		}
		return
	}
	if t.first < 0 {
		t.first = done
	}
	now := time.Now()
	if !jobEnded(j) && now.Sub(t.printed) < progressEvery {
		return
	}
	t.printed = now
	rate := float64(done-t.first) / now.Sub(t.began).Seconds()
	line := fmt.Sprintf("%s: %d of %d so far", t.name, done, found)
	switch {
	case rate > 0 && jobEnded(j):
		line = fmt.Sprintf("%s: %d of %d, %.0f a second", t.name, done, found, rate)
	case rate > 0:
		left := time.Duration(float64(found-done) / rate * float64(time.Second)).Round(time.Second)
		line += fmt.Sprintf(", %.0f a second, %v for the rest", rate, left)
	}
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	fmt.Fprintln(t.p.out, line)
}

// drop takes the bar away where following ended before the job.
func (t *track) drop() {
	if t.bar != nil && !t.bar.Completed() {
		t.bar.Abort(false)
	}
}
