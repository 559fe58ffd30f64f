package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhoLeftIsSwitchedOffAndOnAgainWhenTheyComeBack(t *testing.T) {
	settings, data := settingsFile(t, strings.TrimSuffix(fileToDirectory(testCompany), "\n")+"\n    leavers: {then: deactivate, atMost: 50%}\n")
	file := filepath.Join(filepath.Dir(settings), "people.csv")
	for _, night := range []struct{ people, created, updated, unchanged, removed int }{
		{10, 10, 0, 0, 0}, {7, 0, 0, 7, 3}, {7, 0, 0, 7, 0}, {10, 0, 3, 7, 0}, {2, 0, 0, 0, 0},
	} {
		writeCSV(t, file, night.people, func(int) string { return "Adviser" })
		r := runProgram(t, "sync", "--config", settings, "--data", data, "--json")
		j := r.jobLine(t)
		if night.people == 2 { // eight of ten left, and at most half may
			if j.StatusName != "Failed" || count(j.UsersRemoved) != 0 {
				t.Errorf("beyond the guard: %s", r.out)
			}
			continue
		}
		got := fmt.Sprint(count(j.UsersCreated), count(j.UsersUpdated), count(j.UsersUnchanged), count(j.UsersRemoved))
		if want := fmt.Sprint(night.created, night.updated, night.unchanged, night.removed); j.StatusName != "Completed" || got != want {
			t.Errorf("%d people: %s, want %s: %s", night.people, got, want, r.out)
		}
	}
}
