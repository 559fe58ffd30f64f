package api

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	jobs    = "/codelock/axema/usersync"
	oneJob  = jobs + "/" + string(ourJob)
	noJob   = jobs + "/0195a0b0-0000-7000-8000-000000000009"
	foreign = "CompanyId=" + string(theirs)
)

type answerTest struct {
	name string
	request
	status int
	code   string
	fields string // names in Errors
	header string // "Name: value" that must be there
}

var answerTests = []answerTest{
	{"unknown path", request{method: "GET", path: "/codelock/axema"}, 404, "NotFound", "", ""},
	{"root", request{method: "GET", path: "/"}, 404, "NotFound", "", ""},
	{"deeper path", request{method: "GET", path: oneJob + "/x"}, 404, "NotFound", "", ""},
	{"escaped slash", request{method: "GET", path: "/codelock%2Faxema/usersync"}, 404, "NotFound", "", ""},
	{"unknown operation", request{method: "POST", path: "/json/reply/DeleteEverything"}, 404, "NotFound", "", ""},
	{"method", request{method: "DELETE", path: jobs}, 405, "MethodNotAllowed", "", "Allow: GET, HEAD, POST"},
	{"method on a job", request{method: "POST", path: oneJob}, 405, "MethodNotAllowed", "", "Allow: GET, HEAD"},
	{"method on cancel", request{method: "HEAD", path: oneJob + "/cancel"}, 405, "MethodNotAllowed", "", "Allow: POST"},
	{"start by GET", request{method: "GET", path: "/api/CreateAxemaUserSync", as: "writer"}, 405, "MethodNotAllowed", "", "Allow: POST"},
	{"too long", request{method: "POST", path: jobs, body: strings.Repeat(" ", 64<<10+1)}, 413, "RequestTooLarge", "", ""},

	{"no token", request{method: "POST", path: jobs}, 401, "Unauthorized", "", `Www-Authenticate: Bearer realm="usersync"`},
	{"bad token", request{method: "GET", path: jobs, as: planted}, 401, "Unauthorized", "", ""},
	{"two tokens", request{method: "GET", path: jobs, as: "writer", header: []string{"Authorization", "Bearer super"}}, 401, "Unauthorized", "", ""},
	{"no keys", request{method: "GET", path: jobs, as: "down"}, 503, "ServiceUnavailable", "", "Retry-After: 5"},
	{"role", request{method: "GET", path: jobs, as: "nobody"}, 403, "Forbidden", "", ""},
	{"reader starts", request{method: "POST", path: jobs, as: "reader"}, 403, "Forbidden", "", ""},
	{"reader cancels", request{method: "POST", path: oneJob + "/cancel", as: "reader"}, 403, "Forbidden", "", ""},

	{"no JSON", request{method: "POST", path: jobs, as: "writer", body: `{"x":"` + planted}, 400, "ValidationError", "Body", ""},
	{"white space", request{method: "POST", path: jobs, as: "writer", body: " \n"}, 400, "ValidationError", "Body", ""},
	{"JSON list", request{method: "POST", path: jobs, as: "writer", body: `[]`}, 400, "ValidationError", "Body", ""},
	{"JSON null", request{method: "POST", path: jobs, as: "writer", body: `null`}, 400, "ValidationError", "Body", ""},
	{"two objects", request{method: "POST", path: jobs, as: "writer", body: `{}{}`}, 400, "ValidationError", "Body", ""},
	{"not UTF-8", request{method: "POST", path: jobs, as: "writer", body: "{\"x\":\"\xff\"}"}, 400, "ValidationError", "Body", ""},
	{"text sent as a form", request{method: "POST", path: jobs, as: "writer", body: `[1]`, header: []string{"Content-Type", "application/x-www-form-urlencoded"}}, 400, "ValidationError", "Body", ""},
	{"bad guid", request{method: "POST", path: jobs, as: "writer", body: `{"CompanyId":"` + planted + `"}`}, 400, "ValidationError", "CompanyId", ""},
	{"guid of a wrong type", request{method: "POST", path: jobs, as: "writer", body: `{"companyid":7}`}, 400, "ValidationError", "CompanyId", ""},
	{"a field twice", request{method: "POST", path: jobs, as: "writer", body: `{"Full":true,"full":true}`}, 400, "ValidationError", "Full", ""},
	{"a field in two places", request{method: "POST", path: jobs + "?full=true", as: "writer", body: `{"Full":true}`}, 400, "ValidationError", "Full", ""},
	{"flag as text", request{method: "POST", path: jobs, as: "writer", body: `{"Full":"true"}`}, 400, "ValidationError", "Full", ""},
	{"all faults at once", request{method: "GET", path: jobs + "?CompanyId=x&Status=9&Skip=-1&Take=0", as: "reader"}, 400, "ValidationError", "CompanyId Status Skip Take", ""},
	{"too much", request{method: "GET", path: jobs + "?Skip=10001&Take=101", as: "reader"}, 400, "ValidationError", "Skip Take", ""},
	{"empty values", request{method: "GET", path: jobs + "?Status=&Skip=&Take=", as: "reader"}, 400, "ValidationError", "Status Skip Take", ""},
	{"no whole number", request{method: "GET", path: jobs + "?Skip=%2B1&Take=1.5", as: "reader"}, 400, "ValidationError", "Skip Take", ""},
	{"bad encoding", request{method: "GET", path: jobs + "?CompanyId=%zz", as: "reader"}, 400, "ValidationError", "CompanyId", ""},
	{"another format", request{method: "GET", path: jobs + "?format=xml", as: "reader"}, 400, "ValidationError", "format", ""},
	{"another format without login", request{method: "GET", path: "/healthz?Format=csv"}, 400, "ValidationError", "format", ""},
	{"no company anywhere", request{method: "POST", path: jobs, as: "homely"}, 400, "ValidationError", "CompanyId", ""},
	{"no company for a superadmin", request{method: "GET", path: jobs, as: "rootly"}, 400, "ValidationError", "CompanyId", ""},
	{"bad Id", request{method: "GET", path: jobs + "/7", as: "reader"}, 400, "ValidationError", "Id", ""},
	{"no Id", request{method: "GET", path: "/api/GetAxemaUserSyncJob", as: "reader"}, 400, "ValidationError", "Id", ""},
	{"unknown action", request{method: "GET", path: oneJob + "/outcomes?Action=unchanged", as: "reader"}, 400, "ValidationError", "Action", ""},
	{"empty key", request{method: "POST", path: jobs, as: "writer", header: []string{"Idempotency-Key", ""}}, 400, "ValidationError", "Idempotency-Key", ""},
	{"key with a space", request{method: "POST", path: jobs, as: "writer", header: []string{"Idempotency-Key", "a b"}}, 400, "ValidationError", "Idempotency-Key", ""},
	{"long key", request{method: "POST", path: jobs, as: "writer", header: []string{"Idempotency-Key", strings.Repeat("k", 256)}}, 400, "ValidationError", "Idempotency-Key", ""},
	{"two keys", request{method: "POST", path: jobs, as: "writer", header: []string{"Idempotency-Key", "a", "Idempotency-Key", "a"}}, 400, "ValidationError", "Idempotency-Key", ""},

	{"dry run", request{method: "POST", path: jobs, as: "writer", body: `{"DryRun":true}`}, 400, "NotSupported", "DryRun", ""},
	{"approved removals", request{method: "POST", path: jobs, as: "writer", body: `{"ApproveRemovals":0}`}, 400, "NotSupported", "ApproveRemovals", ""},
	{"not supported and wrong", request{method: "POST", path: jobs, as: "writer", body: `{"DryRun":true,"Full":1}`}, 400, "ValidationError", "Full DryRun", ""},
	{"cancel", request{method: "POST", path: oneJob + "/cancel", as: "writer"}, 400, "NotSupported", "", ""},
	{"OpenAPI in another format", request{method: "GET", path: "/openapi.json?format=xml"}, 400, "ValidationError", "format", ""},
	{"types with an address that ends the comment", request{method: "GET", path: "/types/typescript?BaseUrl=*/"}, 400, "ValidationError", "BaseUrl", ""},

	{"start for others", request{method: "POST", path: jobs, as: "writer", body: `{"CompanyId":"` + string(theirs) + `"}`}, 403, "Forbidden", "", ""},
	{"list of others", request{method: "GET", path: jobs + "?" + foreign, as: "reader"}, 403, "Forbidden", "", ""},
	{"job of others, by its company", request{method: "GET", path: oneJob + "?" + foreign, as: "reader"}, 403, "Forbidden", "", ""},
	{"outcomes of others", request{method: "GET", path: oneJob + "/outcomes?" + foreign, as: "reader"}, 403, "Forbidden", "", ""},
	{"others, from nowhere", request{method: "GET", path: jobs + "?" + foreign, as: "homely"}, 403, "Forbidden", "", ""},
	{"unknown job", request{method: "GET", path: noJob, as: "reader"}, 404, "NotFound", "", ""},
	{"outcomes of an unknown job", request{method: "GET", path: noJob + "/outcomes", as: "super"}, 404, "NotFound", "", ""},

	{"start", request{method: "POST", path: jobs, as: "writer"}, 200, "", "", "Cache-Control: no-store"},
	{"start with unknown names", request{method: "POST", path: jobs + "?utm=1&utm=2&x=%zz", as: "writer", body: `{"X":[{}],"x":1,"CompanyId":null}`}, 200, "", "", ""},
	{"exactly 64 KiB", request{method: "POST", path: jobs, as: "writer", body: "{}" + strings.Repeat(" ", 64<<10-2)}, 200, "", "", ""},
	{"list", request{method: "GET", path: jobs, as: "reader"}, 200, "", "", "Content-Type: application/json; charset=utf-8"},
	{"list of others by a superadmin", request{method: "GET", path: jobs + "?CompanyId=" + string(ours), as: "super"}, 200, "", "", ""},
	{"job", request{method: "GET", path: oneJob, as: "reader"}, 200, "", "", ""},
	{"a GET with a body", request{method: "GET", path: oneJob, as: "reader", body: "["}, 200, "", "", ""},
	{"job of others by a superadmin", request{method: "GET", path: oneJob, as: "super"}, 200, "", "", ""},
	{"job by a superadmin without company", request{method: "GET", path: oneJob + "?" + foreign, as: "rootly"}, 200, "", "", ""},
	{"outcomes", request{method: "GET", path: oneJob + "/outcomes?Action=Failed&Skip=0&Take=1", as: "reader"}, 200, "", "", ""},
	{"health", request{method: "GET", path: "/healthz", as: "planted"}, 200, "", "", ""},
}

// check looks at an answer, and that nothing planted is in it or in the log.
func (a answerTest) check(t *testing.T, w *world, response *http.Response, text string) {
	t.Helper()
	if response.StatusCode != a.status {
		t.Errorf("status %d, want %d: %s", response.StatusCode, a.status, text)
	}
	if a.status != 200 && a.method != http.MethodHead {
		if r := readRefusal(t, text); r.ResponseStatus.ErrorCode != a.code || r.fields() != a.fields {
			t.Errorf("%s with fields %q, want %s with %q", r.ResponseStatus.ErrorCode, r.fields(), a.code, a.fields)
		}
	}
	if name, value, ok := strings.Cut(a.header, ": "); ok && response.Header.Get(name) != value {
		t.Errorf("header %s is %q, want %q", name, response.Header.Get(name), value)
	}
	if strings.Contains(text+w.log.String(), planted) {
		t.Errorf("something planted came out: %s\n%s", text, w.log.String())
	}
}

func TestTheTableOfAnswers(t *testing.T) {
	for _, test := range answerTests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			response, text := test.send(t, w)
			test.check(t, w, response, text)
			if test.status != 200 && len(w.started) > 0 {
				t.Error("a refused request started a job")
			}
		})
	}
}

func TestJSONPWrapsEveryAnswerWithStatus200(t *testing.T) {
	for _, test := range answerTests {
		t.Run(test.name, func(t *testing.T) {
			_, want := test.send(t, newWorld())
			separator := "?"
			if strings.Contains(test.path, "?") {
				separator = "&"
			}
			test.path += separator + "Callback=a.b$c_1(%22%C3%A5"
			response, text := test.send(t, newWorld())
			if test.method == http.MethodHead {
				want = ""
			} else {
				want = "a.b$c_1___(" + want + ")"
			}
			if response.StatusCode != 200 || text != want || response.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
				t.Errorf("%d %v %q, want %q", response.StatusCode, response.Header, text, want)
			}
		})
	}
}

func TestTheStartersErrorsHaveTheirAnswers(t *testing.T) {
	cause := errors.New(planted)
	tests := []struct {
		err    error
		status int
		code   string
		meta   string // JobId
	}{
		{usersync.E(usersync.NotFound, "no such company"), 404, "NotFound", ""},
		{usersync.E(usersync.KeyReused, "used"), 422, "IdempotencyKeyReused", ""},
		{&usersync.Error{Code: usersync.Conflict, Message: "running", Holder: ourJob, Cause: cause}, 409, "Conflict", string(ourJob)},
		{&usersync.Error{Code: usersync.Unavailable, Message: "later", Cause: cause}, 503, "ServiceUnavailable", ""},
		{&usersync.Error{Code: usersync.Internal, Message: "store", Cause: cause}, 500, "InternalError", ""},
		{usersync.E(usersync.Unauthorized, "an outside system's"), 500, "InternalError", ""},
		{usersync.E(usersync.Settings, "settings"), 500, "InternalError", ""},
		{cause, 500, "InternalError", ""},
	}
	for _, test := range tests {
		w := newWorld()
		w.startErr = test.err
		response, text := request{method: "POST", path: jobs, as: "writer"}.send(t, w)
		r := readRefusal(t, text)
		if response.StatusCode != test.status || r.ResponseStatus.ErrorCode != test.code || r.ResponseStatus.Meta["JobId"] != test.meta {
			t.Errorf("%v: %d %s", test.err, response.StatusCode, text)
		}
		checkUnforeseen(t, w, response, r, text)
	}
}

// checkUnforeseen holds an answer with status 500 against the log.
func checkUnforeseen(t *testing.T, w *world, response *http.Response, r refusal, text string) {
	t.Helper()
	log := w.log.String()
	if strings.Contains(text+log, planted) {
		t.Errorf("something planted came out: %s\n%s", text, log)
	}
	if id := r.ResponseStatus.Meta["Id"]; response.StatusCode == 500 && (len(id) < 16 || strings.Count(log, "id="+id) != 2) {
		t.Errorf("the log does not have the id of %s:\n%s", text, log)
	}
}

func TestAPanicIsAnInternalErrorWithoutItsValue(t *testing.T) {
	for _, value := range []any{planted, errors.New(planted), http.ErrAbortHandler} {
		w := newWorld()
		w.panics = value
		response, text := request{method: "POST", path: jobs, as: "writer"}.send(t, w)
		r := readRefusal(t, text)
		if response.StatusCode != 500 || r.ResponseStatus.ErrorCode != "InternalError" || !strings.Contains(w.log.String(), "scripted_test.go") {
			t.Errorf("%d %s\n%s", response.StatusCode, text, w.log.String())
		}
		checkUnforeseen(t, w, response, r, text)
	}
}

func TestHealthIsTheStores(t *testing.T) {
	w := newWorld()
	w.pingErr = errors.New(planted)
	response, text := request{method: "GET", path: "/healthz"}.send(t, w)
	answerTest{request: request{method: "GET"}, status: 503, code: "ServiceUnavailable"}.check(t, w, response, text)
}

// TestTheFirstGateAnswers sends requests with any number of things wrong: the answer is that of the
// first in the order of the table.
func TestTheFirstGateAnswers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld()
		q := request{method: "POST", path: jobs, as: "writer", body: `{"CompanyId":"` + string(ours) + `"}`}
		want := 200
		wrong := func(name string, status int, spoil func()) {
			if rapid.Bool().Draw(rt, name) {
				want = status
				spoil()
			}
		}
		wrong("running", 409, func() { w.startErr = usersync.E(usersync.Conflict, "running") })
		wrong("foreign", 403, func() { q.body = `{"CompanyId":"` + string(theirs) + `"}` })
		wrong("input", 400, func() { q.path += "?ApproveRemovals=x" })
		wrong("role", 403, func() { q.as = "reader" })
		wrong("token", 401, func() { q.as = "x" })
		wrong("size", 413, func() { q.body += strings.Repeat(" ", 64<<10) })
		wrong("method", 405, func() { q.method = "PATCH" })
		wrong("path", 404, func() { q.path = strings.Replace(q.path, "axema", "axima", 1) })
		response, text := q.send(t, w)
		if response.StatusCode != want {
			rt.Fatalf("%d, want %d: %s", response.StatusCode, want, text)
		}
	})
}

func TestTheLogHasRoutesAndNoValues(t *testing.T) {
	w := newWorld()
	request{method: "GET", path: oneJob + "/outcomes?Action=created&CompanyId=" + string(ours) + "&x=secret", as: "reader"}.send(t, w)
	request{method: "SECRET", path: "/secret/"}.send(t, w)
	log := w.log.String()
	for _, piece := range []string{string(ours), string(ourJob), "secret", "SECRET", "reader"} {
		if strings.Contains(log, piece) {
			t.Errorf("the log has %q:\n%s", piece, log)
		}
	}
	line := regexp.MustCompile(`msg=request method=GET route=/codelock/axema/usersync/{Id}/outcomes status=200 duration=0s id=[A-Z0-9]{20,}\n.*method=other route=none status=404`)
	if !line.MatchString(log) {
		t.Errorf("the log:\n%s", log)
	}
}
