package machine

import (
	"bytes"
	"io"
	"net/http"
)

// inProcess is a transport that hands requests to a handler of this process.
type inProcess struct{ handler http.Handler }

// RoundTrip serves the request and returns what was written.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	served := r.Clone(r.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	served.RequestURI = r.URL.RequestURI()
	w := &written{header: http.Header{}, status: http.StatusOK}
	p.handler.ServeHTTP(w, served)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// written gathers an answer.
type written struct {
	header  http.Header
	status  int
	decided bool
	body    bytes.Buffer
}

func (w *written) Header() http.Header { return w.header }

func (w *written) WriteHeader(status int) {
	if !w.decided {
		w.status, w.decided = status, true
	}
}

func (w *written) Write(p []byte) (int, error) {
	w.decided = true
	return w.body.Write(p)
}
