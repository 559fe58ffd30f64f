// Package gateway serves an http.Handler behind API Gateway's HTTP APIs (payload 2.0).
package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// maxAnswer is the longest body that fits into a function's answer of 6 MB, and zipAbove what is worth
// being compressed, both in bytes.
const (
	maxAnswer = 5 << 20
	zipAbove  = 1 << 20
)

// Handler makes a function's handler of an HTTP handler.
func Handler(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		r, err := request(ctx, &e)
		if err != nil {
			return plain(http.StatusBadRequest, "ValidationError", "the request is none of HTTP"), nil
		}
		w := &answer{header: http.Header{}}
		h.ServeHTTP(w, r)
		return w.response(r), nil
	}
}

// Unready makes the handler of a function that cannot serve anybody, and says why.
func Unready(message string) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		return plain(http.StatusServiceUnavailable, "ServiceUnavailable", message), nil
	}
}

// request is the HTTP request that the event stands for.
func request(ctx context.Context, e *events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, e.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.URL = address(e)
	r.RequestURI = r.URL.RequestURI()
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Host = e.RequestContext.DomainName
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
		r.Header.Del("Host")
	}
	r.RemoteAddr = e.RequestContext.HTTP.SourceIP
	return r, nil
}

// address is where the request goes to, below the stage. Whether a path comes decoded depends on who sends it.
func address(e *events.APIGatewayV2HTTPRequest) *url.URL {
	raw := e.RawPath
	if stage := e.RequestContext.Stage; stage != "" && stage != "$default" {
		if rest, below := strings.CutPrefix(raw, "/"+stage); below && (rest == "" || rest[0] == '/') {
			raw = rest
		}
	}
	if raw == "" {
		raw = "/"
	}
	u := &url.URL{Path: raw, RawQuery: e.RawQueryString}
	if path, err := url.PathUnescape(raw); err == nil && path != raw {
		u.Path, u.RawPath = path, raw
	}
	return u
}

// answer gathers what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// response is the function's answer. Text goes as text; what is large is compressed where the client
// takes that, and refused where it does not fit.
func (w *answer) response(r *http.Request) events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	body := w.body.Bytes()
	if r.Method == http.MethodHead {
		body = nil
	}
	zipped := false
	if len(body) > zipAbove && w.header.Get("Content-Encoding") == "" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // the level is a constant that exists
		_, _ = z.Write(body)                                 // a buffer takes everything
		_ = z.Close()
		body, zipped = packed.Bytes(), true
		w.header.Set("Content-Encoding", "gzip")
		w.header.Add("Vary", "Accept-Encoding")
	}
	w.header.Del("Content-Length")
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}}
	for name, values := range w.header {
		if name == "Set-Cookie" {
			out.Cookies = values
			continue
		}
		out.Headers[name] = strings.Join(values, ", ")
	}
	out.IsBase64Encoded = zipped || !utf8.Valid(body)
	out.Body = string(body)
	if out.IsBase64Encoded {
		out.Body = base64.StdEncoding.EncodeToString(body)
	}
	if len(out.Body) > maxAnswer {
		return plain(http.StatusInternalServerError, "InternalError", "the answer is too large for this deployment: ask for less at once, or take it compressed")
	}
	return out
}

// plain is an answer without a handler's.
func plain(status int, code, message string) events.APIGatewayV2HTTPResponse {
	type responseStatus struct{ ErrorCode, Message string }
	body, _ := json.Marshal(map[string]responseStatus{"ResponseStatus": {code, message}}) // two texts cannot fail
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status, Headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}, Body: string(body),
	}
}
