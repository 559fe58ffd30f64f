package gateway

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"
)

// echo answers with all that a handler sees of a request.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Add("Vary", "A")
	w.Header().Add("Vary", "B")
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprintf(w, "%s %q %q %q %q %q %x", r.Method, r.URL.Path, r.URL.EscapedPath(), r.URL.RawQuery, r.Host, r.Header.Get("X-Name"), body)
}

// event is a request as API Gateway sends it.
func event(r *http.Request, body []byte, encoded bool) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery, Headers: map[string]string{}, Body: string(body)}
	for name := range r.Header {
		e.Headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	if encoded {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	e.RequestContext.Stage, e.RequestContext.DomainName, e.RequestContext.HTTP.Method = "$default", r.Host, r.Method
	return e
}

func TestAHandlerSeesTheSameRequestBehindTheGatewayAsBehindAServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "body")
		address := url.URL{Path: "/" + rapid.StringMatching(`[a-zA-Zåäö .%{}/-]{0,20}`).Draw(t, "path"), RawQuery: rapid.StringMatching(`([A-Za-z]{1,5}=[a-z0-9%20]{0,5}&?){0,3}`).Draw(t, "query")}
		r := httptest.NewRequest(rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE", "OPTIONS"}).Draw(t, "method"), address.String(), bytes.NewReader(body))
		r.Header.Set("X-Name", rapid.StringMatching(`[ -~]{0,10}`).Draw(t, "header"))
		want := httptest.NewRecorder()
		sent := r.Clone(t.Context())
		sent.Body = io.NopCloser(bytes.NewReader(body))
		echo(want, sent)
		got, err := Handler(http.HandlerFunc(echo))(t.Context(), event(r, body, rapid.Bool().Draw(t, "base64") || !strings.EqualFold(string(body), strings.ToValidUTF8(string(body), "?"))))
		if err != nil || got.StatusCode != want.Code || got.Body != want.Body.String() || got.Headers["Vary"] != "A, B" {
			t.Fatalf("%d %s, %v\nnot %d %s", got.StatusCode, got.Body, err, want.Code, want.Body)
		}
	})
}

func TestTheStageIsNoPartOfThePath(t *testing.T) {
	for path, want := range map[string]string{"/dev/a/b": `"/a/b"`, "/dev": `"/"`, "/develop": `"/develop"`} {
		e := event(httptest.NewRequest("GET", path, nil), nil, false)
		e.RequestContext.Stage = "dev"
		if got, err := Handler(http.HandlerFunc(echo))(t.Context(), e); err != nil || !strings.HasPrefix(got.Body, "GET "+want) {
			t.Errorf("%s: %s %v", path, got.Body, err)
		}
	}
}

func TestALargeAnswerIsCompressedOrRefusedAndNeverCut(t *testing.T) {
	large := strings.Repeat("[0123456789]", 1<<20) // 12 MiB
	h := Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, large) }))
	r := httptest.NewRequest("GET", "/", nil)
	if got, err := h(t.Context(), event(r, nil, false)); err != nil || got.StatusCode != http.StatusInternalServerError || !strings.Contains(got.Body, "too large") {
		t.Errorf("%d of %d bytes, %v", got.StatusCode, len(got.Body), err)
	}
	r.Header.Set("Accept-Encoding", "gzip, br")
	got, err := h(t.Context(), event(r, nil, false))
	packed, undecodable := base64.StdEncoding.DecodeString(got.Body)
	z, unzipped := gzip.NewReader(bytes.NewReader(packed))
	if err != nil || undecodable != nil || unzipped != nil || got.Headers["Content-Encoding"] != "gzip" {
		t.Fatal(got.StatusCode, err, undecodable, unzipped)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != large {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestAnEventThatIsNoRequestIsAnswered(t *testing.T) {
	e := event(httptest.NewRequest("GET", "/", nil), nil, false)
	e.Body, e.IsBase64Encoded = "%%%", true
	if got, err := Handler(http.HandlerFunc(echo))(t.Context(), e); err != nil || got.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %v", got.StatusCode, err)
	}
	got, err := Handler(http.HandlerFunc(echo))(t.Context(), events.APIGatewayV2HTTPRequest{})
	if err != nil || !strings.HasPrefix(got.Body, `GET "/"`) {
		t.Errorf("an empty one: %s %v", got.Body, err)
	}
	if got, err = Unready(`no "TABLE_NAME"`)(t.Context(), e); err != nil || got.StatusCode != 503 || got.Body != `{"ResponseStatus":{"ErrorCode":"ServiceUnavailable","Message":"no \"TABLE_NAME\""}}` {
		t.Errorf("%d %s %v", got.StatusCode, got.Body, err)
	}
}
