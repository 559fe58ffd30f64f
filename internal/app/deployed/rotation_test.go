package deployed

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/aws/secrets"
	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

// outside is a Websak that takes one secret, and the Secrets Manager that has another or the same.
type outside struct {
	taken, kept string   // the secret that the login takes, and the one that is kept
	happened    []string // since the last look
	throttled   bool     // Secrets Manager answers nothing else
}

func (o *outside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("X-Amz-Target") != "" && o.throttled:
		o.happened = append(o.happened, "throttled")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ThrottlingException"}`)
	case r.Header.Get("X-Amz-Target") != "":
		o.happened = append(o.happened, "read")
		fmt.Fprintf(w, `{"SecretString":%q}`, o.kept)
	case r.URL.Path == "/token" && r.PostFormValue("client_secret") == o.taken:
		o.happened = append(o.happened, "login")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, "for-"+o.taken)
	case r.URL.Path == "/token":
		o.happened = append(o.happened, "refused")
		w.WriteHeader(http.StatusUnauthorized)
	case r.Header.Get("Authorization") == "Bearer for-"+o.taken:
		w.WriteHeader(http.StatusNoContent) // nobody is registered
	default:
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// checking is an engine whose fetch opens the company's source and logs in, as that of every step does.
type checking struct {
	workflow.Engine
	systems usersync.Connectors
	company usersync.Company
}

func (c checking) Fetch(ctx context.Context, _ engine.Ref) (engine.Step, error) {
	source, err := c.systems.Source(ctx, c.company)
	if err != nil {
		return engine.Step{}, err
	}
	return engine.Step{Next: engine.NextUpsert}, source.Check(ctx)
}

func newRotation(t *testing.T) (o *outside, step func() (engine.Step, error)) {
	const id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	o = &outside{taken: "one", kept: "one"}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	clock := usersynctest.NewClock()
	login := aws.Config{Region: "eu-north-1", Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""), HTTPClient: server.Client()}
	kept := secrets.New(signed.New(login, clock), secrets.Endpoints{SecretsManager: server.URL}, clock, settings.TenantReferenceFault)
	company, err := settings.ParseTenant(id, fmt.Appendf(nil, `
id: %s
name: One
source: {type: websak, url: %[2]q, tokenUrl: %[2]s/token, clientId: a, clientSecret: "sm:/usersync/%[1]s/websak"}
target: {type: directory}
`, id, server.URL), app.Known())
	if err != nil {
		t.Fatal(err)
	}
	systems := app.NewConnectors(app.Systems{Secrets: kept.Of, AllowPrivate: true, Clock: clock})
	work := renewing{checking{systems: systems, company: company}, kept}
	return o, func() (engine.Step, error) {
		o.happened = nil
		return work.Fetch(t.Context(), engine.Ref{Company: id})
	}
}

func TestASystemIsOpenedAnewWithARotatedSecretAfterOneRefusedLogin(t *testing.T) {
	o, step := newRotation(t)
	for _, w := range []struct {
		why         string
		taken, kept string
		throttled   bool
		code        usersync.Code
		want        []string
	}{
		{"first", "one", "one", false, "", []string{"read", "login"}},
		{"again", "one", "one", false, "", nil},
		{"rotated", "two", "two", false, "", []string{"refused", "read", "login"}},
		{"taken up", "two", "two", false, "", nil},
		{"revoked", "three", "two", false, usersync.Unauthorized, []string{"refused", "read"}},
		{"not to be read", "three", "three", true, usersync.Throttled, []string{"refused", "throttled", "throttled", "throttled"}},
		{"to be read", "three", "three", false, "", []string{"refused", "read", "login"}},
		{"rotated to a wrong one", "five", "four", false, usersync.Unauthorized, []string{"refused", "read", "refused"}},
	} {
		o.taken, o.kept, o.throttled = w.taken, w.kept, w.throttled
		_, err := step()
		if (err != nil || w.code != "") && !usersync.Is(err, w.code) || !slices.Equal(o.happened, w.want) {
			t.Errorf("%s: %v after %v, want %q after %v", w.why, err, o.happened, w.code, w.want)
		}
	}
}
