package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answering is a server that answers every request with a status, but for tokens, which it gives.
func answering(t *testing.T, status int) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			fmt.Fprint(w, `{"access_token":"planted-token-value","expires_in":300}`)
			return
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestCheckSaysOfEachCompanyWhatWasReachedAndWhatIsWrong(t *testing.T) {
	vaka, boka := newVAKA(t, 20), newBokaMera(t, 0)
	boka.add("planted@example.test", "")
	axema, bokamera := vaka.endpoint(), boka.endpoint("")
	reader := newBokaMera(t, 0)
	reader.token = "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"realm_access":{"roles":["bookingsupplier-administrator-read"]}}`)) + ".s"
	websak := func(url string) string {
		return fmt.Sprintf("{type: websak, url: %q, tokenUrl: %q, clientId: x, clientSecret: env:WEBSAK_SECRET}", url, url+"/token")
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, of := range map[string]struct {
		source, target, more string
		code                 int
		says                 []string
	}{
		"good": {axema, bokamera, "", exitDone, []string{
			"ok      Brf: match  by email (Email), then phone (Phone)\n",
			"ok      Brf: source axema  ", "the first page lists 20 people, 0 of them not usable", "ok      Brf: target bokamera  login works",
			"field Email  from trim(emails.work): 20 of 20 people have a value", "field Phone  from", "0 of 20 people have a value",
		}},
		"an unknown key":             {axema, bokamera, "    colour: red", exitUsage, []string{"usersync.yaml:6: companies[0].colour"}},
		"a secret in plain":          {strings.Replace(axema, "env:WEBSAK_SECRET", "planted-secret-value", 1), bokamera, "", exitUsage, []string{"usersync.yaml:4: companies[0].source.clientSecret"}},
		"a secret that is not there": {axema, strings.Replace(bokamera, "env:WEBSAK_SECRET", "env:NOT_SET", 1), "", exitUsage, []string{"companies[0].target.password", "NOT_SET"}},
		"a mapping that cannot be":   {axema, bokamera, "    mapping: {Firstname: name.nickname, Colour: title}", exitUsage, []string{"companies[0].mapping.Firstname", "companies[0].mapping.Colour"}},
		"a mapping that gives a number": {axema, bokamera, "    mapping:\n      Email: emails.work\n      Firstname: 5", exitUsage, []string{
			"usersync.yaml:8: companies[0].mapping.Firstname: the expression gives a number, and the field takes text",
		}},
		"a mapping that gives the person": {axema, bokamera, "    mapping: {Email: emails.work, Firstname: $env}", exitUsage, []string{"companies[0].mapping.Firstname: $env cannot be used"}},
		"a mapping of a bool":             {axema, bokamera, "    mapping: {Email: emails.work, SubscribedToNewsletter: true}", exitDone, []string{"field SubscribedToNewsletter  from true: 20 of 20"}},
		"a mapping that nobody is matched by": {axema, bokamera, "    match: [phone]\n    mapping: {Email: emails.work}", exitUsage, []string{
			"usersync.yaml:6: companies[0].match: people are matched by Phone, which the mapping does not fill; match: [] switches matching off",
		}},
		"a match by one of two": {axema, bokamera, "    match: [email, phone]\n    mapping: {Firstname: name.givenName, Phone: phones.mobile}", exitDone, []string{
			"ok      Brf: match  by phone (Phone); email has no rule for Email\n",
		}},
		"a match that is off":      {axema, bokamera, "    match: []\n    mapping: {Firstname: name.givenName}", exitDone, []string{"ok      Brf: match  nobody is matched with a record that exists\n"}},
		"a match in another order": {axema, bokamera, "    match: [phone, email]", exitDone, []string{"Brf: match  by phone (Phone), then email (Email)\n"}},
		"a mapping that some people fit": {axema, bokamera, `    mapping: {Email: emails.work, Firstname: 'name.givenName == "Förnamn3" ? 5 : name.givenName'}`, exitDone, []string{
			"field Firstname", ": 19 of 20 people have a value", "mapping  1 of 20 people cannot be mapped; each would be a failed outcome",
		}},
		"a country of no phone numbers":   {axema, strings.Replace(bokamera, "}", ", country: XX}", 1), "", exitUsage, []string{"usersync.yaml:5: companies[0].target.country: this must be a country"}},
		"a policy that is not offered":    {axema, bokamera, "    leavers: {then: deactivate}", exitUsage, []string{"companies[0].leavers.then"}},
		"a match that finds by key":       {axema, "{type: directory}", "    match: [email]", exitUsage, []string{"companies[0].match"}},
		"a target that takes no match":    {axema, "{type: directory}", "", exitDone, []string{"ok      Brf: target directory  login works\n", "field code  from userName"}},
		"a login that is refused":         {strings.Replace(axema, "apiKey: env:WEBSAK_SECRET", "apiKey: env:HOME", 1), bokamera, "", exitFailed, []string{"FAILED  Brf: source axema", "401", "ok      Brf: target"}},
		"a right that is missing":         {websak(answering(t, 403)), bokamera, "", exitFailed, []string{"FAILED  Brf: source websak", "GET /api/Users: the login lacks the right to do this (status 403)"}},
		"a role that is missing":          {axema, reader.endpoint(""), "", exitFailed, []string{"FAILED  Brf: target bokamera", "lacks the role bookingsupplier-administrator-write"}},
		"an address of something else":    {axema, websak(answering(t, 404)), "", exitFailed, []string{"FAILED  Brf: target websak", "url must be the address before /api/"}},
		"a system that does not answer":   {axema, websak(closed.URL), "", exitFailed, []string{"FAILED  Brf: target websak", "no connection"}},
		"an address that nobody may call": {strings.Replace(axema, vaka.URL+"/v1", "http://169.254.169.254/latest", 1), bokamera, "", exitFailed, []string{"FAILED  Brf: source axema", "none that may be called"}},
	} {
		settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    name: Brf\n    source: %s\n    target: %s\n%s\n", testCompany, of.source, of.target, of.more))
		r := runProgram(t, "check", "--config", settings, "--data", data)
		all := r.out + r.stderr
		if r.code != of.code {
			t.Errorf("%s: ended with %d, want %d:\n%s", name, r.code, of.code, all)
		}
		for _, says := range of.says {
			if !strings.Contains(all, says) {
				t.Errorf("%s: does not say %q:\n%s", name, says, all)
			}
		}
		if takesNone := !strings.HasPrefix(of.target, "{type: bokamera"); takesNone && strings.Contains(r.out, ": match  ") {
			t.Errorf("%s: tells of a match where the target takes none:\n%s", name, all)
		}
		if strings.Contains(all, "planted") || strings.Contains(all, "example.test") || strings.Contains(all, "Efternamn") {
			t.Errorf("%s: tells values:\n%s", name, all)
		}
	}
	if len(boka.customers) != 1 || boka.posts != 0 {
		t.Error("check has changed something")
	}
}

func TestAPersonWhoseValueTheFieldDoesNotTakeIsAFailedOutcomeAndNobodyElseIs(t *testing.T) {
	settings, data := settingsFile(t, fileToDirectory(testCompany)+"    mapping: {code: userName, name: 'displayName ?? 5', accessToZones: '[default(attributes.zone, 7)]'}\n")
	csv := "id,userName,displayName,attributes.zone\n1,a,Planted,\n2,b,,\n3,c,Planted,planted\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(settings), "people.csv"), []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runProgram(t, "sync", "--config", settings, "--data", data, "--json")
	j := r.jobLine(t)
	if r.code != exitPartly || count(j.UsersCreated) != 1 || count(j.UsersFailed) != 2 {
		t.Fatalf("ended with %d: %s %s", r.code, r.out, r.stderr)
	}
	outcomes := runProgram(t, "outcomes", j.ID, "--data", data, "--action", "failed")
	for _, says := range []string{
		"name: the mapping gives a number, and the field takes text",
		"accessToZones: the mapping gives a list with text in it, and the field takes a list of whole numbers",
	} {
		if !strings.Contains(outcomes.out, says) {
			t.Errorf("does not say %q:\n%s", says, outcomes.out)
		}
	}
	if all := r.out + r.stderr + outcomes.out; strings.Contains(strings.ToLower(all), "planted") {
		t.Errorf("tells values:\n%s", all)
	}
}
