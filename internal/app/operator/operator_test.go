package operator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
)

const planted = "pl@nted-s3cret"

// environment is that of an operator who has logged in, and of nobody else on this machine.
func environment(t *testing.T, changes map[string]string) {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "none")
	variables := map[string]string{
		"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": planted, "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
	}
	for name, value := range changes {
		variables[name] = value
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func TestWhatStandsInAnOperatorsWayIsSaidInOneLine(t *testing.T) {
	var asked atomic.Int32
	var kind atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": fmt.Sprint("com.amazonaws.dynamodb.v20120810#", kind.Load()), "message": planted})
	}))
	t.Cleanup(server.Close)
	for _, w := range []struct {
		kind    string // of the engine's error; empty: it is not asked
		changes map[string]string
		code    usersync.Code
		message string
	}{
		{"ResourceNotFoundException", nil, usersync.Settings, "the table people is not there"},
		{"ProvisionedThroughputExceededException", nil, usersync.Throttled, "the table people cannot be used: the store is asked too much at once (ProvisionedThroughputExceededException)"},
		{"AccessDeniedException", nil, usersync.Internal, "the table people cannot be used: the store refused a request (AccessDeniedException)"},
		{"ExpiredTokenException", nil, usersync.Internal, "the table people cannot be used: the store refused a request (ExpiredTokenException)"},
		{"", nil, usersync.Unavailable, "the table people cannot be used: the store does not answer"},
		{"", map[string]string{"AWS_REGION": ""}, usersync.Settings, "no region is set for AWS: set AWS_REGION, or a profile's"},
		{"", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, usersync.Settings, "there are no credentials for AWS: set AWS_PROFILE, or log in as for every AWS tool"},
		{"", map[string]string{"AWS_PROFILE": "absent"}, usersync.Settings, "the settings for AWS cannot be read: look at AWS_PROFILE, ~/.aws/config and ~/.aws/credentials"},
	} {
		t.Run(strings.ReplaceAll(w.message, "/", "_"), func(t *testing.T) {
			environment(t, w.changes)
			if asked.Store(0); w.kind != "" {
				kind.Store(w.kind)
				t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
			}
			_, err := Open(t.Context(), "people")
			if !usersync.Is(err, w.code) || usersync.Public(err) != w.message {
				t.Errorf("%s: %q", usersync.CodeOf(err), usersync.Public(err))
			}
			if (asked.Load() > 0) != (w.kind != "") {
				t.Errorf("the engine was asked %d times", asked.Load())
			}
		})
	}
}
