// Package httpx is the one HTTP client through which usersync calls other systems: its time-outs,
// bounds, address rules, retries and logins are every connector's, and so are its errors.
//
// It follows no redirect and asks no proxy: credentials stay with the host that they were meant for,
// and the address rules are checked against the address that is really called.
package httpx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// MaxBody is the most that is read of an answer, in bytes after decompression.
const MaxBody = 16 << 20

// maxErrorBody is the most that is read of an answer that is an error.
const maxErrorBody = 64 << 10

// Config is what a Client is made from.
type Config struct {
	TimeOut     time.Duration  // of one request with its whole answer; 30 seconds if zero
	MaxInFlight int            // connections kept open to a host between requests; 50 if zero
	Network     Network        // which addresses may be called
	Clock       usersync.Clock // for waiting between attempts, and for logins that run out
	UserAgent   string         // "usersync" if empty
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	transport *http.Transport
	timeOut   time.Duration
	clock     usersync.Clock
	userAgent string
}

// New makes a client. Its idle connections are closed when it is no longer used.
func New(cfg Config) *Client {
	if cfg.TimeOut <= 0 {
		cfg.TimeOut = 30 * time.Second
	}
	if cfg.MaxInFlight <= 0 {
		cfg.MaxInFlight = 50
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "usersync"
	}
	connect := min(cfg.TimeOut, 10*time.Second)
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second, ControlContext: cfg.Network.control}
	c := &Client{
		transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           2 * cfg.MaxInFlight,
			MaxIdleConnsPerHost:    cfg.MaxInFlight,
			IdleConnTimeout:        30 * time.Second,
			TLSHandshakeTimeout:    connect,
			MaxResponseHeaderBytes: 256 << 10,
		},
		timeOut:   cfg.TimeOut,
		clock:     cfg.Clock,
		userAgent: cfg.UserAgent,
	}
	runtime.AddCleanup(c, (*http.Transport).CloseIdleConnections, c.transport)
	return c
}

// Request is one request to another system.
type Request struct {
	// Name is what errors call the request, for example "GET /api/Users": no host, no query, nobody's id.
	Name   string
	Method string
	URL    string
	Header http.Header // beyond Accept, Content-Type (both JSON unless given) and the login
	Body   []byte
	// Repeat says that the request changes nothing that matters: it is sent up to four times where that
	// makes sense, and an error of it never leaves anything in doubt.
	Repeat bool
	// Decode reads the answer while the request may still be repeated; its error becomes Do's. May be nil.
	Decode func(Answer) error
	// MaxBody bounds the answer's body in bytes; MaxBody (the constant) if zero.
	MaxBody int64

	bearer string
	read   func(io.Reader) error // of Stream
}

// Answer is another system's answer. With an error of Do it still has the status and up to 64 KiB
// of the body, where there were any.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends the request and reads the whole answer. An answer with a status of 2xx is returned; any
// other is an error of the code that statusError says. Errors are usersync.Errors, but for ctx's own,
// which is returned as it is:
//
//	Settings      the address is none that may be called; nothing was sent
//	Unauthorized  401
//	Forbidden     403
//	NotFound      404, 410
//	Throttled     429, with RetryAfter
//	Rejected      any other 4xx
//	Unavailable   5xx, no connection, a lost one, or no answer in time
//	Malformed     a redirect, or a body that is cut, too large or (by Decode) not what it should be
//
// InDoubt is set where a request other than GET and HEAD, or one to Repeat, may have been carried out.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	if r.Repeat {
		return c.repeated(ctx, &r)
	}
	tried, err := c.attempt(ctx, &r)
	return tried.Answer, err
}

// Stream sends a request that changes nothing and has read read the answer as it comes, however long it is; up to
// four times, as long as no answer with a status of 2xx has begun. While it is read, the time-out bounds the time
// between two parts. An error of read is returned as it is; other errors are those of Do.
func (c *Client) Stream(ctx context.Context, r Request, read func(io.Reader) error) error {
	r.read = read
	_, err := c.repeated(ctx, &r)
	return err
}

// attempted is what one attempt came to.
type attempted struct {
	Answer
	again bool // the error may be gone when the request is sent once more
}

// attempt sends the request once. An error that leaves it in doubt says when it was sent.
func (c *Client) attempt(ctx context.Context, r *Request) (attempted, error) {
	var sent atomic.Int64
	tried, err := c.send(ctx, r, &sent)
	if e, ok := errors.AsType[*usersync.Error](err); ok && e.InDoubt && sent.Load() != 0 {
		e.Sent = time.Unix(0, sent.Load())
	}
	return tried, err
}

// send sends the request; sent is when there was a connection to send it by, in nanoseconds since 1970.
func (c *Client) send(ctx context.Context, r *Request, sent *atomic.Int64) (attempted, error) {
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(c.timeOut, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(c.clock.Now().UnixNano()) }}
	req, err := c.request(httptrace.WithClientTrace(limited, trace), r)
	if err != nil {
		return attempted{}, err
	}
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return c.failed(ctx, r, err, sent.Load() != 0, false)
	}
	defer res.Body.Close()
	tried := attempted{Answer: Answer{Status: res.StatusCode, Header: res.Header}}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		tried.Body, _ = io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
		refusal := statusError(r, res.StatusCode, res.Header, c.clock.Now())
		tried.again = worthRepeating(refusal)
		return tried, refusal
	}
	if r.read != nil {
		body := &arriving{body: res.Body, late: late, every: c.timeOut}
		err = r.read(body)
		if body.err != nil && err != nil {
			failed, err := c.failed(ctx, r, body.err, true, true)
			failed.again = false
			return failed, err
		}
		return tried, err
	}
	limit := r.MaxBody
	if limit == 0 {
		limit = MaxBody
	}
	if tried.Body, err = readBody(res, limit); err != nil {
		if errors.Is(err, errTooLarge) {
			return attempted{Answer: Answer{Status: res.StatusCode, Header: res.Header}}, tooLarge(r, limit)
		}
		return c.failed(ctx, r, err, true, true)
	}
	if r.Decode != nil {
		err = r.Decode(tried.Answer)
		tried.again = err != nil
	}
	return tried, err
}

// request builds what net/http sends.
func (c *Client) request(ctx context.Context, r *Request) (*http.Request, error) {
	to, err := url.Parse(r.URL)
	if err != nil || (to.Scheme != "http" && to.Scheme != "https") || to.Host == "" || to.User != nil {
		return nil, usersync.E(usersync.Settings, r.Name+": the address is no http or https address")
	}
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, &usersync.Error{Code: usersync.Settings, Message: r.Name + ": the address cannot be used", Cause: err}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if r.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	return req, nil
}

// arriving is a body that is read as it comes: each part in time.
type arriving struct {
	body  io.Reader
	late  *time.Timer
	every time.Duration
	err   error // the first one of the connection's
}

func (a *arriving) Read(p []byte) (int, error) {
	a.late.Reset(a.every)
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF && a.err == nil {
		a.err = err
	}
	return n, err
}

var errTooLarge = errors.New("the body is too large")

// readBody reads a body to its end, so that its connection can be used again.
func readBody(res *http.Response, limit int64) ([]byte, error) {
	var body bytes.Buffer
	if n := res.ContentLength; n > 0 {
		body.Grow(int(min(n, 1<<20)) + bytes.MinRead)
	}
	if _, err := body.ReadFrom(io.LimitReader(res.Body, limit+1)); err != nil {
		return nil, err
	}
	if int64(body.Len()) > limit {
		return nil, errTooLarge
	}
	return body.Bytes(), nil
}
