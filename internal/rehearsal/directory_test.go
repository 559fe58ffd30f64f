//go:build verify

package main

import (
	"net/http"
	"os"
)

// useDirectory does with the deployed directory what its clients do.
func useDirectory(c *chain) {
	token := c.token(dueAtNight, "--scope", "userapi")
	base := os.Getenv("USERSYNC_API") + "/directory/api/"
	var user struct{ GidID, Name, DepartmentCode string }
	want := func(status int, method, path string, body any) {
		c.t.Helper()
		if got := c.call(method, base+path, token, body, nil); got != status {
			c.t.Errorf("%s %s: %d, not %d", method, path, got, status)
		}
	}
	want(http.StatusNoContent, "GET", "Users", nil)
	want(http.StatusCreated, "POST", "Departments", map[string]any{"departmentName": "School", "departmentShortName": "SCH", "externalID": "x1"})
	if status := c.call("POST", base+"Users", token, map[string]any{"lookupField": "Code", "code": "anna", "name": "Anna"}, &user); status != http.StatusCreated || user.GidID == "" {
		c.t.Fatalf("a user: %d %+v", status, user)
	}
	want(http.StatusOK, "POST", "Users", map[string]any{"lookupField": "Code", "code": "anna", "name": "Anna B"})
	want(http.StatusCreated, "POST", "Users", map[string]any{"lookupField": "Code", "code": "bo", "name": "Bo"})
	want(http.StatusOK, "PUT", "Users/"+user.GidID, map[string]any{"code": "anna.b", "name": "Anna B"})
	want(http.StatusBadRequest, "PUT", "Users/"+user.GidID, map[string]any{"code": "bo"})
	want(http.StatusOK, "GET", "Users?limit=10&includeRoles=true", nil)
	want(http.StatusOK, "GET", "Users/"+user.GidID, nil)
	want(http.StatusOK, "GET", "Users/changes/2026-01-01", nil)
	want(http.StatusOK, "GET", "Users/"+user.GidID+"/Deactivate", nil)
	want(http.StatusOK, "GET", "Users/"+user.GidID+"/Activate", nil)
	want(http.StatusOK, "GET", "Departments", nil)
	want(http.StatusOK, "GET", "Departments/external/x1", nil)
	want(http.StatusNotFound, "GET", "Users/nobody", nil)
	want(http.StatusMethodNotAllowed, "DELETE", "Users", nil)
}
