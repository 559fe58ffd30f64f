package engine

import "time"

// pace steers how many requests are under way and when none may be sent:
//
//	success                  limit successes in a row → limit + 1, up to the setting
//	429, 503, no answer      limit → half, at least 1; once a round trip
//	Retry-After              nothing is sent until then
//	429 without Retry-After  where the limit is 1 already, nothing is sent for 0.5 s, doubling to
//	                         30 s until something succeeds
//
// Requests are numbered as they are sent. What was under way when the limit fell tells of the load
// before it: such answers change nothing any more.
type pace struct {
	limit, max int
	good       int    // successes since the limit last changed
	sent       uint64 // the number of the last request
	fell       uint64 // the last request sent when the limit last fell
	backoff    time.Duration
	until      time.Time // nothing is sent before
}

const (
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 30 * time.Second
)

func newPace(limit, most int) pace {
	most = max(most, 1)
	if limit < 1 || limit > most {
		limit = most
	}
	return pace{limit: limit, max: most}
}

// send numbers a request.
func (p *pace) send() uint64 {
	p.sent++
	return p.sent
}

// succeeded takes note of a proper answer to the numbered request.
func (p *pace) succeeded(request uint64) {
	if request <= p.fell {
		return
	}
	p.backoff = 0
	p.good++
	if p.good >= p.limit {
		p.good = 0
		p.limit = min(p.limit+1, p.max)
	}
}

// overloaded takes note of an answer that asks for less: throttled is a 429, wait its Retry-After.
func (p *pace) overloaded(request uint64, now time.Time, throttled bool, wait time.Duration) {
	again := request <= p.fell
	if throttled && wait <= 0 && !again && p.limit == 1 {
		p.backoff = min(max(2*p.backoff, firstBackoff), lastBackoff)
		wait = p.backoff
	}
	if until := now.Add(wait); until.After(p.until) {
		p.until = until
	}
	if again {
		return
	}
	p.limit = max(p.limit/2, 1)
	p.good = 0
	p.fell = p.sent
}
