package websak

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/httpx"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestAnUpdateClearsWhatTheMappingNamesAndKeepsTheRest(t *testing.T) {
	v := &vendor{}
	target := openTarget(t, start(t, v), usersynctest.NewClock())
	made, err := target.Create(t.Context(), append(record(1), usersync.Field{Name: "mobile", Value: "+47 1"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, sent := v.wrote[0]["phone"]; sent {
		t.Error("a create has sent a property that the record does not have")
	}
	v.stored(made.ID)["note"] = "written by hand"
	if _, err := target.Update(t.Context(), made.ID, record(1)); err != nil {
		t.Fatal(err)
	}
	user, sent := v.stored(made.ID), v.wrote[1]
	if user["mobile"] != nil || user["note"] != "written by hand" || sent["lookupField"] != "Id" || sent["id"] != made.ID {
		t.Errorf("sent %v", slices.Sorted(maps.Keys(sent)))
	}
	for _, rule := range target.Traits().Mapping {
		if _, ok := sent[rule.Field]; !ok {
			t.Errorf("%s was not sent", rule.Field)
		}
	}
}

func TestAnUpdateRepeatedAfterItsUserWasCreatedAnewSaysNotFound(t *testing.T) {
	v := &vendor{}
	target := openTarget(t, start(t, v), usersynctest.NewClock())
	made, err := target.Create(t.Context(), record(1))
	if err != nil {
		t.Fatal(err)
	}
	v.remove(made.ID)
	anew, err := target.Update(t.Context(), made.ID, record(1)) // and its answer was lost
	if err != nil || anew.Existed || anew.ID == made.ID {
		t.Fatalf("error %v, existed %v", err, anew.Existed)
	}
	if _, err := target.Update(t.Context(), made.ID, record(1)); !usersync.Is(err, usersync.NotFound) {
		t.Fatalf("error %v (code %s), want NotFound", err, usersync.CodeOf(err))
	}
	if again, err := target.Create(t.Context(), record(1)); err != nil || again.ID != anew.ID || v.count() != 1 {
		t.Errorf("error %v; %d users, want the one", err, v.count())
	}
}

func TestARefusedUpdateOfSomebodyWhoIsThereStaysARefusal(t *testing.T) {
	v := &vendor{}
	target := openTarget(t, start(t, v), usersynctest.NewClock())
	made, err := target.Create(t.Context(), record(1))
	if err == nil {
		_, err = target.Create(t.Context(), record(2))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.Update(t.Context(), made.ID, record(2)) // whose code is taken
	if !usersync.Is(err, usersync.Rejected) || strings.Contains(err.Error(), "kode") {
		t.Errorf("error %v (code %s), want Rejected", err, usersync.CodeOf(err))
	}
}

func TestByIDACreateNeverTouchesAUserWhoIsThere(t *testing.T) {
	v := &vendor{}
	target := openTarget(t, start(t, v), usersynctest.NewClock(), "lookupField", "Id")
	if _, err := target.Create(t.Context(), record(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Create(t.Context(), record(1)); !usersync.Is(err, usersync.Rejected) || v.count() != 1 {
		t.Errorf("error %v (code %s), %d users", err, usersync.CodeOf(err), v.count())
	}
	if target.Traits().UpsertsByKey || !target.Traits().CanLookUp {
		t.Error("a create in doubt would not be looked up")
	}
}

func TestALookUpAsksForTheCodeAsItWasWritten(t *testing.T) {
	var asked string
	target := openTarget(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		http.NotFound(w, r)
	})), usersynctest.NewClock())
	for code, path := range map[string]string{" Kari.Ødegård ": "Kari.%C3%98deg%C3%A5rd", "a/../b": "a%2F..%2Fb", ".": "%2E", "..": "%2E%2E"} {
		_, err := target.LookUp(t.Context(), usersync.Record{{Name: "code", Value: code}})
		if want := "/api/Users/" + path + "?lookupField=Code"; err != nil || asked != want {
			t.Errorf("asked for %q, want %q, error %v", asked, want, err)
		}
	}
}

func TestALookUpThatFindsAnotherCodeFindsNobody(t *testing.T) {
	target := openTarget(t, start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"gidId": "g", "code": "planted"})
	})), usersynctest.NewClock())
	id, err := target.LookUp(t.Context(), usersync.Record{{Name: "code", Value: "somebody"}})
	if id != "" || !usersync.Is(err, usersync.Malformed) || strings.Contains(err.Error(), "planted") {
		t.Errorf("id %q, error %v", id, err)
	}
}

func TestSettingsThatCannotBeUsedAreNamed(t *testing.T) {
	for _, bad := range [][2]string{
		{"url", ""}, {"url", "https://u:planted@example.test"}, {"url", "https://example.test/?q=planted"}, {"tokenUrl", ""}, {"clientId", ""},
		{"clientSecret", ""}, {"maxInFlight", "0"}, {"maxInFlight", "many"}, {"timeout", "planted"}, {"timeout", "-1s"},
	} {
		_, err := NewTarget(t.Context(), endpoint("https://example.test", bad[0], bad[1]), nil, secrets{}, httpx.Network{}, usersync.SystemClock{})
		if !usersync.Is(err, usersync.Settings) || !strings.Contains(err.Error(), bad[0]) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v (code %s)", bad[0], err, usersync.CodeOf(err))
		}
	}
	if _, err := NewSource(t.Context(), endpoint("https://example.test", "pageSize", "0"), secrets{}, httpx.Network{}, usersync.SystemClock{}); !usersync.Is(err, usersync.Settings) {
		t.Errorf("pageSize: %v", err)
	}
	target, err := NewTarget(t.Context(), endpoint("https://example.test/base/", "timeout", "1500ms"), nil, secrets{}, httpx.Network{}, usersync.SystemClock{})
	if err != nil || target.Traits().TimeOut != 2 || target.Traits().MaxInFlight != 50 {
		t.Errorf("error %v, traits %d s, %d in flight", err, target.Traits().TimeOut, target.Traits().MaxInFlight)
	}
}
