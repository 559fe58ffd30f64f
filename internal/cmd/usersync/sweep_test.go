package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A machine on which only sync runs, and never serve, has nobody else to remove what a survey has found.
func TestWhatASurveyHasFoundIsGoneAfterTheNextNights(t *testing.T) {
	vaka, boka := newVAKA(t, 20), newBokaMera(t, 0)
	for i := range 2000 {
		boka.add(fmt.Sprintf("kund.%d@example.test", i), "")
	}
	first, last := boka.customers[0]["Id"].(string), boka.customers[1999]["Id"].(string)
	settings, data := settingsFile(t, fmt.Sprintf("companies:\n  - id: %s\n    source: %s\n    target: %s\n", testCompany, vaka.endpoint(), boka.endpoint("")))
	has := func(file string, ids ...string) bool {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(data, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if bytes.Contains(content, []byte(id)) {
				return true
			}
		}
		return false
	}
	for night := range 50 {
		if r := runProgram(t, "sync", "--config", settings, "--data", data); r.code != exitDone {
			t.Fatalf("night %d ended with %d: %s", night+1, r.code, r.stderr)
		}
		if created := boka.customers[2000]["Id"].(string); !has("usersync.db", created) {
			t.Fatal("the search does not find even what is linked")
		}
		if left, err := filepath.Glob(filepath.Join(data, "*.db-*")); err != nil || len(left) > 0 {
			t.Fatalf("after night %d there is %q, error %v", night+1, left, err)
		}
		if night > 0 && !has("pages.db", first, last) {
			return
		}
	}
	t.Error("what the first night's survey has found is there after fifty nights")
}
