package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/usersync"
)

const pendingJSON = `{"Id":"` + string(ourJob) + `","CompanyId":"` + string(ours) + `","Status":0,"StatusName":"Pending",` +
	`"CreatedDate":"2026-03-01T02:15:00.000Z","UpdatedDate":"2026-03-01T02:15:01.500Z"}`

func TestAJobHasCountsFromProcessingOn(t *testing.T) {
	w := newWorld()
	if _, text := (request{method: "GET", path: oneJob, as: "reader"}).send(t, w); text != pendingJSON {
		t.Errorf("pending: %s", text)
	}
	w.status = usersync.Completed
	want := strings.Replace(pendingJSON, `0,"StatusName":"Pending"`, `2,"StatusName":"Completed","UsersFound":6,"UsersCreated":1,`+
		`"UsersUpdated":2,"UsersUnchanged":3,"UsersRemoved":4,"UsersFailed":0,"UsersSkipped":0`, 1)
	if _, text := (request{method: "GET", path: oneJob, as: "reader"}).send(t, w); text != want {
		t.Errorf("completed: %s", text)
	}
}

func TestListsHaveTheirEnvelopes(t *testing.T) {
	w := newWorld()
	tests := []struct{ path, want string }{
		{jobs, `{"Results":[` + pendingJSON + `]}`},
		{jobs + "?skip=1&TAKE=5&status=3", `{"Results":[]}`},
		{jobs + "?status=processing", `{"Results":[` + pendingJSON + `]}`},
		{oneJob + "/outcomes", `{"Offset":0,"Total":7,"Results":[{"Key":"u1","Action":"updated","Fields":["Phone"]},{"Key":"row:3","Action":"failed","Reason":"no id"}]}`},
		{oneJob + "/outcomes?action=FAILED&skip=2&take=1", `{"Offset":2,"Total":7,"Results":[{"Key":"u1","Action":"updated","Fields":["Phone"]},{"Key":"row:3","Action":"failed","Reason":"no id"}]}`},
	}
	for _, test := range tests {
		if _, text := (request{method: "GET", path: test.path, as: "reader"}).send(t, w); text != test.want {
			t.Errorf("%s: %s", test.path, text)
		}
	}
	asked, err := json.Marshal(w.queries)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`[{"Company":%[1]q,"Status":null,"Skip":0,"Take":100},{"Company":%[1]q,"Status":3,"Skip":1,"Take":5},{"Company":%[1]q,"Status":1,"Skip":0,"Take":100}]`, ours)
	if string(asked) != want {
		t.Errorf("asked for %s", asked)
	}
	if got := strings.Join(w.outcomes, " "); got != fmt.Sprintf(`[%[1]q,"",0,100] [%[1]q,"failed",2,1]`, ourJob) {
		t.Errorf("asked for outcomes %s", got)
	}
}

func TestOneOperationHasManyAddresses(t *testing.T) {
	bare := strings.ReplaceAll(string(ourJob), "-", "")
	for _, q := range []request{
		{method: "GET", path: oneJob},
		{method: "GET", path: oneJob + "/"},
		{method: "GET", path: oneJob + ".json"},
		{method: "GET", path: oneJob + ".JSON?format=JSON"},
		{method: "GET", path: oneJob + "?id=ignored&Format="},
		{method: "GET", path: "/CodeLock/AXEMA/userSync/" + strings.ToUpper(string(ourJob))},
		{method: "GET", path: jobs + "/%7B" + string(ourJob) + "%7D"},
		{method: "GET", path: jobs + "/" + bare + "?companyid=%7b" + string(ours) + "%7d"},
		{method: "GET", path: oneJob + "?CompanyId="},
		{method: "GET", path: oneJob + "?CompanyId=00000000-0000-0000-0000-000000000000"},
		{method: "GET", path: "/api/GetAxemaUserSyncJob?Id=" + bare},
		{method: "GET", path: "/JSON/reply/getaxemausersyncjob.json?id=" + bare},
		{method: "POST", path: "/json/reply/GetAxemaUserSyncJob", body: `{"id":"` + bare + `"}`},
		{method: "POST", path: "/api/GetAxemaUserSyncJob", body: "Id=" + bare, header: []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{method: "POST", path: "/api/CreateAxemaUserSync", body: "\xef\xbb\xbf{}"},
		{method: "POST", path: "/json/reply/CreateAxemaUserSync.json"},
		{method: "POST", path: jobs + ".json", body: `{"CompanyId":""}`},
	} {
		q.as = "writer"
		if response, text := q.send(t, newWorld()); response.StatusCode != 200 || text != pendingJSON {
			t.Errorf("%s %s: %d %s", q.method, q.path, response.StatusCode, text)
		}
	}
}

func TestWhateverAClientAcceptsItGetsJSON(t *testing.T) {
	for _, accept := range []string{
		"", "*/*", "application/json", "text/html, application/xml;q=0.9, */*;q=0.8", "application/xml", "text/csv;q=1, application/json;q=0.1",
		"application/json;q=0", "image/*", "garbage;;q=x,,", "application/jsonl",
	} {
		for _, path := range []string{oneJob, oneJob + "?format=json", oneJob + ".json"} {
			response, text := request{method: "GET", path: path, as: "reader", header: []string{"Accept", accept}}.send(t, newWorld())
			if response.StatusCode != 200 || text != pendingJSON || response.Header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("%s with Accept %q: %d %v %s", path, accept, response.StatusCode, response.Header, text)
			}
		}
	}
}

func TestHEADIsGETWithoutBody(t *testing.T) {
	for _, path := range []string{jobs, oneJob, oneJob + "/outcomes", noJob, "/healthz", "/api/QueryAxemaUserSyncJobs"} {
		get, text := request{method: "GET", path: path, as: "reader"}.send(t, newWorld())
		head, none := request{method: "HEAD", path: path, as: "reader"}.send(t, newWorld())
		if head.StatusCode != get.StatusCode || none != "" || head.Header.Get("Content-Length") != fmt.Sprint(len(text)) {
			t.Errorf("%s: %d %v %q", path, head.StatusCode, head.Header, none)
		}
	}
}

func TestTheSameRequestIsTheSameHoweverItIsSpelled(t *testing.T) {
	meant := map[string][32]byte{} // what was meant → the body that an Idempotency-Key stands for
	rapid.Check(t, func(rt *rapid.T) {
		company := rapid.SampledFrom([]usersync.CompanyID{ours, theirs}).Draw(rt, "company")
		full := rapid.Bool().Draw(rt, "full")
		guid := rapid.SampledFrom([]string{string(company), strings.ToUpper(string(company)), "{" + string(company) + "}", strings.ReplaceAll(string(company), "-", "")}).Draw(rt, "guid")
		names := rapid.SampledFrom([][2]string{{"CompanyId", "Full"}, {"companyId", "full"}, {"COMPANYID", "FULL"}}).Draw(rt, "names")
		q := request{method: "POST", path: jobs, as: "super", header: []string{"Idempotency-Key", "k!~"}}
		form := url.Values{names[0]: {guid}, names[1]: {fmt.Sprint(full)}}.Encode()
		switch rapid.SampledFrom([]string{"json", "form", "query"}).Draw(rt, "place") {
		case "json":
			q.body = fmt.Sprintf(`{%q: %q, "Unknown": {"Full": 7}, %q: %t}`, names[0], guid, names[1], full)
		case "form":
			q.body, q.header = form, append(q.header, "Content-Type", "application/x-www-form-urlencoded")
		case "query":
			q.path += "?" + form
		}
		w := newWorld()
		if response, text := q.send(t, w); response.StatusCode != http.StatusOK {
			rt.Fatalf("%d %s", response.StatusCode, text)
		}
		got := w.started[0]
		if got.Company != company || got.Full != full || got.IdempotencyKey != "k!~" {
			rt.Fatalf("started %+v", got)
		}
		key := fmt.Sprint(company, full)
		if before, ok := meant[key]; ok && before != got.Body {
			rt.Fatalf("%s has two bodies", key)
		}
		for other, body := range meant {
			if other != key && body == got.Body {
				rt.Fatalf("%s and %s have one body", key, other)
			}
		}
		meant[key] = got.Body
	})
}

func TestACompanyThatIsNotNamedIsTheLogins(t *testing.T) {
	for _, body := range []string{"", "\xef\xbb\xbf", "{}", `{"CompanyId":null}`, `{"CompanyId":""}`, `{"CompanyId":"00000000000000000000000000000000"}`, `{"DryRun":false,"ApproveRemovals":null}`} {
		w := newWorld()
		response, text := request{method: "POST", path: jobs, as: "writer", body: body}.send(t, w)
		if response.StatusCode != 200 || len(w.started) != 1 || w.started[0] != (usersync.StartRequest{Company: ours}) {
			t.Errorf("%q: %d %s, started %+v", body, response.StatusCode, text, w.started)
		}
	}
}

func FuzzABodyIsTakenOrRefusedWithItsFields(f *testing.F) {
	f.Add([]byte(`{"CompanyId":"`+string(ours)+`","Full":true}`), "application/json", "")
	f.Add([]byte(`CompanyId=x&Full=true`), "application/x-www-form-urlencoded", "Full=1")
	f.Add([]byte("\xef\xbb\xbf[]"), "", "callback=x&%zz=1")
	f.Fuzz(func(t *testing.T, body []byte, contentType, rawQuery string) {
		in := &input{takes: createJob.takes, values: map[string]value{}}
		in.addQuery(readQuery(rawQuery))
		in.addBody(body, contentType)
		in.company("CompanyId")
		in.flag("Full")
		in.number("ApproveRemovals", 0, 10, 0)
		in.status("DryRun")
		in.action("DryRun")
		err := in.err()
		if err == nil {
			return
		}
		refused, ok := err.(*failure)
		if !ok || refused.status != http.StatusBadRequest {
			t.Fatalf("%v", err)
		}
		for _, e := range refused.Errors {
			if in.name(e.FieldName) == "" && e.FieldName != "Body" {
				t.Errorf("a fault of %q", e.FieldName)
			}
		}
	})
}
