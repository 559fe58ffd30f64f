package bokamera

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestARefusalIsToldByTheVendorsCodesAndFieldsAlone(t *testing.T) {
	for body, want := range map[string]string{
		`{"ResponseStatus":{"ErrorCode":"ValidationException","Message":"'pl@nted' is no e-mail","Errors":[{"ErrorCode":"Email","FieldName":"Email","Message":"pl@nted"},{"ErrorCode":"pl@nted","FieldName":"Phone"}]}}`: "POST /customers was answered with status 400: ValidationException (Email: Email)",
		`{"ResponseStatus":{"ErrorCode":"pl@nted"}}`: "POST /customers was answered with status 400",
		`<html>pl@nted`: "POST /customers was answered with status 400",
	} {
		v := &vendor{refuse: func(map[string]any) string { return body }}
		_, err := open(t, v).Create(t.Context(), record(1))
		if !usersync.Is(err, usersync.Rejected) || err.Error() != want {
			t.Errorf("%v (%s), want %s", err, usersync.CodeOf(err), want)
		}
	}
}

func TestEveryFieldOfAMappingGoesWhereTheVendorHasIt(t *testing.T) {
	rules := []usersync.Rule{
		{Field: "Firstname", Expr: "name.givenName"}, {Field: "SubscribedToNewsletter", Expr: "true"}, {Field: "CustomFields.12", Expr: "attributes.apartmentId"},
		{Field: "CustomFields.13", Expr: "title"}, {Field: "AccessKeys.3", Expr: "attributes.card"}, {Field: "InvoiceAddress.InvoiceCity", Expr: "addresses.work.locality"},
		{Field: "InvoiceAddress.InvoicePostalCode", Expr: "addresses.work.postalCode"},
	}
	v := &vendor{}
	target := open(t, v, rules...)
	made, err := target.Create(t.Context(), usersync.Record{
		{Name: "AccessKeys.3", Value: "4711"}, {Name: "CustomFields.12", Value: "1001"}, {Name: "CustomFields.13", Value: "x"}, {Name: "Firstname", Value: "Åsa"},
		{Name: "InvoiceAddress.InvoiceCity", Value: "Malmö"}, {Name: "InvoiceAddress.InvoicePostalCode", Value: "211 20"}, {Name: "SubscribedToNewsletter", Value: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	stored := func() string { text, _ := json.Marshal(v.customers[made.ID]); return string(text) }
	want := `{"AccessKeys":[{"AccessKeyTypeId":3,"Value":"4711"}],"CustomFields":[{"Id":12,"Value":"1001"},{"Id":13,"Value":"x"}],"Firstname":"Åsa","InvoiceAddress":{"InvoiceCity":"Malmö","InvoicePostalCode":"211 20"},"SubscribedToNewsletter":true}`
	if stored() != want {
		t.Errorf("created as %s", stored())
	}
	if _, err := target.Update(t.Context(), made.ID, usersync.Record{{Name: "CustomFields.13", Value: "y"}, {Name: "Firstname", Value: "Åsa"}}); err != nil {
		t.Fatal(err)
	}
	want = `{"AccessKeys":[{"AccessKeyTypeId":3,"Value":"4711"}],"CustomFields":[{"Id":12,"Value":null},{"Id":13,"Value":"y"}],"Firstname":"Åsa","InvoiceAddress":{"InvoiceCity":null,"InvoicePostalCode":null},"SubscribedToNewsletter":null}`
	if stored() != want {
		t.Errorf("updated to %s", stored())
	}
}

func TestPeopleOfOneHouseholdAreDifferentCustomersAndOnePersonIsOne(t *testing.T) {
	v := &vendor{}
	target := open(t, v)
	of := func(first, email, phone string) usersync.Record {
		return usersync.Record{{Name: "Email", Value: email}, {Name: "Firstname", Value: first}, {Name: "Lastname", Value: "Ek"}, {Name: "Phone", Value: phone}}
	}
	made, err := target.Create(t.Context(), of("Åsa", "ek@example.test", "070-174 06 05"))
	if err != nil {
		t.Fatal(err)
	}
	look := func(r usersync.Record) (string, error) { return target.LookUp(t.Context(), r) }
	if id, err := look(of("åsa ", " EK@Example.test", "+46701740605")); err != nil || id != made.ID {
		t.Errorf("another spelling: %q %v", id, err)
	}
	if id, err := look(of("Bo", "ek@example.test", "070-174 06 05")); err != nil || id != "" {
		t.Errorf("another of the household: %q %v", id, err)
	}
	if _, err := target.Create(t.Context(), of("Åsa", "ek@example.test", "+46 70 174 06 05")); err != nil {
		t.Fatal(err)
	}
	if id, err := look(of("Åsa", "ek@example.test", "070-174 06 05")); !usersync.Is(err, usersync.Rejected) || id != "" {
		t.Errorf("two of one kind: %q %v", id, err)
	}
	keys := target.MatchKeys(of("Åsa", " EK@Example.TEST ", "0701740605"))
	if len(keys) != 2 || keys[0] != (usersync.MatchKey{Kind: "email", Value: "ek@example.test"}) || keys[1] != (usersync.MatchKey{Kind: "phone", Value: "+46701740605"}) {
		t.Errorf("matched by %+v", keys)
	}
	for _, email := range []string{"", "this is none", "@x", "x@", "a@b@c", "a b@c"} {
		if keys := target.MatchKeys(of("Åsa", email, "none")); len(keys) != 0 {
			t.Errorf("%q matches by %+v", email, keys)
		}
	}
}

func TestALoginThatTellsItsRolesIsHeldToTheOneThatWritingNeeds(t *testing.T) {
	for claims, lacks := range map[string]string{
		`{"realm_access":{"roles":["bookingsupplier-administrator-read","offline_access"]}}`:                           roleWrite,
		`{"realm_access":{"roles":["bookingsupplier-administrator-write"]}}`:                                           "",
		`{"realm_access":{"roles":["superadmin"]}}`:                                                                    "",
		`{"realm_access":{"roles":["x"]},"resource_access":{"api":{"roles":["bookingsupplier-administrator-write"]}}}`: "",
		`{"realm_access":{"roles":[]}}`:                                                                                roleWrite, `{"sub":"x"}`: "", `{"realm_access":7}`: "", `no JSON`: "",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			say(w, http.StatusOK, `{"access_token":"h.`+base64.RawURLEncoding.EncodeToString([]byte(claims))+`.s","expires_in":300}`)
		}))
		got, err := openAt(t, server.URL, usersynctest.NewClock()).Lacks(t.Context())
		server.Close()
		if err != nil || strings.Join(got, " ") != lacks {
			t.Errorf("%s: lacks %q, error %v", claims, got, err)
		}
	}
}

func TestATotalThatIsThePagesOwnEndsNoList(t *testing.T) {
	v := &vendor{most: 2, ownTotal: true}
	target := open(t, v)
	var last string
	for i := range 5 {
		made, err := target.Create(t.Context(), record(i))
		if err != nil {
			t.Fatal(err)
		}
		last = made.ID
	}
	surveyed := 0
	for at := usersync.Cursor(""); ; {
		page, err := target.Survey(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		surveyed += len(page.Records)
		if page.Last {
			break
		}
		at = page.Next
	}
	if id, err := target.LookUp(t.Context(), record(4)); surveyed != 5 || err != nil || id != last {
		t.Errorf("%d customers surveyed; looked up %q, error %v", surveyed, id, err)
	}
}

func TestAnErrorWithStatus200IsOne(t *testing.T) {
	target := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, `{"ResponseStatus":{"ErrorCode":"Oops","Message":"pl@nted"},"Results":[]}`)
	}))
	if _, err := target.Survey(t.Context(), ""); !usersync.Is(err, usersync.Malformed) || !strings.Contains(err.Error(), "Oops") {
		t.Errorf("a list: %v", err)
	}
	if _, err := target.Create(t.Context(), record(1)); !usersync.Is(err, usersync.Rejected) || !strings.Contains(err.Error(), "Oops") {
		t.Errorf("a customer: %v", err)
	}
}

func TestAHostileListIsNoneAndEndsNobodysSurvey(t *testing.T) {
	for why, c := range map[string]struct {
		status     int
		body, says string
	}{
		"HTML":                {200, "<html>pl@nted", "HTML"},
		"no results":          {200, `{"Total":1}`, "without Results"},
		"results are null":    {200, `{"Results":null}`, "without Results"},
		"another type":        {200, `{"Results":[{"Id":7}]}`, "wrong type"},
		"a customer is null":  {200, `{"Results":[null]}`, "none"},
		"a customer of no id": {200, `{"Results":[{"Email":"pl@nted"}]}`, "id is missing"},
		"the same page again": {200, `{"Total":1000,"Results":[{"Id":"a"},{"Id":"b"}]}`, "same page again"},
		"another place":       {404, `pl@nted`, "url must be"},
		"a redirect":          {307, ``, "redirect"},
	} {
		target := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, c.status, c.body) }))
		var err error
		for at, pages := usersync.Cursor(""), 0; err == nil; pages++ {
			var page usersync.SurveyPage
			if page, err = target.Survey(t.Context(), at); page.Last || pages > 3 {
				break
			}
			at = page.Next
		}
		if !usersync.Is(err, usersync.Malformed) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "pl@nted") {
			t.Errorf("%s: %v (%s)", why, err, usersync.CodeOf(err))
		}
	}
}

func TestAListWhosePagesTakeTurnsIsNone(t *testing.T) {
	pages := 0
	target := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pages++
		say(w, 200, `{"Results":[{"Id":"a`+strconv.Itoa(pages%3)+`"},{"Id":"b"}]}`)
	}))
	var err error
	for at := usersync.Cursor(""); err == nil && pages < 100; {
		var page usersync.SurveyPage
		page, err = target.Survey(t.Context(), at)
		at = page.Next
	}
	if !usersync.Is(err, usersync.Malformed) || !strings.Contains(err.Error(), "same page again") {
		t.Errorf("%v after %d pages", err, pages)
	}
}

func TestSettingsThatCannotBeUsedAreNamed(t *testing.T) {
	server := httptest.NewServer(tokens(&vendor{}))
	defer server.Close()
	good := map[string]string{"url": server.URL, "tokenUrl": server.URL, "clientId": "a", "username": "b", "password": "c", "apiKey": "d"}
	for name, value := range map[string]string{"url": "http://x?y", "maxInFlight": "0", "timeout": "soon", "password": "", "apiKey": ""} {
		settings := map[string]string{}
		for k, v := range good {
			settings[k] = v
		}
		settings[name] = value
		_, err := NewTarget(t.Context(), usersync.Endpoint{Settings: settings}, nil, secrets{}, network, nil)
		if !usersync.Is(err, usersync.Settings) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACountryIsOneWhosePhoneNumbersAreKnown(t *testing.T) {
	i := slices.IndexFunc(Spec.Settings, func(s usersync.Setting) bool { return s.Name == "country" })
	country := Spec.Settings[i]
	for text, usable := range map[string]bool{country.Default: true, "NO": true, "XX": false, "se": false, "Sweden": false, `SE", "`: false} {
		if err := country.Usable(text); usable != (err == nil) || err != nil && !usersync.Is(err, usersync.Settings) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{"Total":1,"Results":[{"Id":"a","Email":"b@c","Phone":"070"}]}`, `{"Results":[]}`, `{"Results":{}}`, `{"ResponseStatus":{"ErrorCode":"A","Errors":[{"ErrorCode":"B","FieldName":"C"}]}}`, `[`} {
		f.Add([]byte(seed))
	}
	t := &target{country: "SE"}
	for _, text := range usersynctest.Corpus(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(tt *testing.T, body []byte) {
		if page, err := decodePage(body); err == nil {
			for _, c := range page.Results {
				t.keyOf(c.Email, c.Phone, c.Firstname, c.Lastname)
			}
		} else if !usersync.Is(err, usersync.Malformed) {
			tt.Fatal(err)
		}
		if text := refusal(body); len(text) > 1000 || strings.ContainsAny(text, "@\n<") {
			tt.Fatalf("%q", text)
		}
	})
}
