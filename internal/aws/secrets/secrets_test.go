package secrets

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

const (
	company = usersync.CompanyID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")
	prefix  = "/usersync/" + string(company) + "/"
)

// vault answers as both services do, in their shapes.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string
	asked   int
	script  []func(http.ResponseWriter) // of the first calls
}

func (v *vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	if len(v.script) > 0 {
		answer := v.script[0]
		v.script = v.script[1:]
		answer(w)
		return
	}
	var in struct {
		SecretID       string `json:"SecretId"`
		Name           string
		WithDecryption bool
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=key/") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	name, shape := in.SecretID, `{"Name":"x","SecretString":%q}`
	if r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParameter" && in.WithDecryption {
		name, shape = in.Name, `{"Parameter":{"Type":"SecureString","Value":%q}}`
	}
	secret, ok := v.secrets[name]
	if !ok {
		refuse("com.amazonaws#ResourceNotFoundException")(w)
		return
	}
	fmt.Fprintf(w, shape, secret)
}

func refuse(kind string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":%q,"Message":"pl@nted-s3cret is not there"}`, kind)
	}
}

func newCache(t *testing.T, secrets map[string]string) (*vault, *Cache, *usersynctest.Clock) {
	v := &vault{secrets: secrets}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	clock := usersynctest.NewClock()
	config := aws.Config{Region: "eu-north-1", Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""), HTTPClient: server.Client()}
	fault := func(reference, prefix string) string {
		if _, name, _ := strings.Cut(reference, ":"); !strings.HasPrefix(name, prefix) {
			return "there must be a name under " + prefix
		}
		return ""
	}
	return v, New(signed.New(config, clock), Endpoints{server.URL, server.URL}, clock, fault), clock
}

func TestASecretIsReadOnceInFiveMinutes(t *testing.T) {
	for _, kind := range []string{"sm:", "ssm:"} {
		v, c, clock := newCache(t, map[string]string{prefix + "b/c": "old"})
		for _, step := range []struct {
			passes time.Duration
			want   string
			calls  int
		}{{0, "old", 1}, {time.Minute, "old", 1}, {4*time.Minute - time.Nanosecond, "old", 1}, {time.Nanosecond, "new", 2}, {time.Minute, "new", 2}} {
			clock.Advance(step.passes)
			if got, err := c.Of(company).Secret(t.Context(), kind+prefix+"b/c"); err != nil || got != step.want || v.asked != step.calls {
				t.Errorf("%s after another %v: %q %v after %d calls, want %q after %d", kind, step.passes, got, err, v.asked, step.want, step.calls)
			}
			v.secrets[prefix+"b/c"] = "new"
		}
	}
}

func TestARotatedSecretIsKnownAfterItIsRenewed(t *testing.T) {
	v, c, _ := newCache(t, map[string]string{prefix + "a": "one", prefix + "b": "same"})
	for _, name := range []string{"sm:" + prefix + "a", "sm:" + prefix + "b"} {
		if _, err := c.Of(company).Secret(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if changed, err := c.Renew(t.Context(), company); changed || err != nil {
		t.Errorf("nothing changed: %v %v", changed, err)
	}
	v.secrets[prefix+"a"] = "two"
	if changed, err := c.Renew(t.Context(), "another"); changed || err != nil {
		t.Errorf("another company: %v %v", changed, err)
	}
	if changed, err := c.Renew(t.Context(), company); !changed || err != nil {
		t.Errorf("rotated: %v %v", changed, err)
	}
	if got, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+"a"); got != "two" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

func TestASecretThatIsGoneHidesNoOtherThatWasRotated(t *testing.T) {
	v, c, _ := newCache(t, map[string]string{prefix + "a": "one", prefix + "gone": "x"})
	for _, name := range []string{"a", "gone"} {
		if _, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+name); err != nil {
			t.Fatal(err)
		}
	}
	delete(v.secrets, prefix+"gone")
	v.secrets[prefix+"a"] = "two"
	if changed, err := c.Renew(t.Context(), company); !changed || err != nil {
		t.Errorf("rotated, and one is gone: %v %v", changed, err)
	}
	if got, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+"a"); got != "two" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if _, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+"gone"); !usersync.Is(err, usersync.Settings) {
		t.Errorf("the one that is gone is still used: %v", err)
	}
	if changed, err := c.Renew(t.Context(), company); changed || err != nil {
		t.Errorf("nothing changed since: %v %v", changed, err)
	}
}

func TestSecretsThatCannotBeReadNowAreKeptUntilTheyCan(t *testing.T) {
	v, c, _ := newCache(t, map[string]string{prefix + "a": "one"})
	if _, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+"a"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		v.script = append(v.script, refuse("ThrottlingException"))
	}
	if changed, err := c.Renew(t.Context(), company); changed || !usersync.Is(err, usersync.Throttled) {
		t.Errorf("throttled: %v %v", changed, err)
	}
	if got, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+"a"); got != "one" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

func TestASecretThatCannotBeHadSaysWhichAndNothingElse(t *testing.T) {
	v, c, clock := newCache(t, map[string]string{prefix + "empty": "", prefix + "large": strings.Repeat("x", maxSecret+1)})
	for _, w := range []struct {
		why, reference string
		script         func(http.ResponseWriter)
		calls          int
		code           usersync.Code
		message        string
	}{
		{"not there", "a", nil, 1, usersync.Settings, "the secret sm:" + prefix + "a cannot be read: ResourceNotFoundException"},
		{"empty", "empty", nil, 1, usersync.Settings, "the secret sm:" + prefix + "empty is empty or no text"},
		{"large", "large", nil, 1, usersync.Settings, "the secret sm:" + prefix + "large is no text of at most 64 KiB"},
		{"refused", "a", refuse("AccessDeniedException"), 1, usersync.Settings, "the secret sm:" + prefix + "a cannot be read: AccessDeniedException"},
		{"an odd refusal", "a", refuse("#pl@nted-s3cret"), 1, usersync.Settings, "the secret sm:" + prefix + "a cannot be read: an unknown error"},
		{"throttled", "a", refuse("ThrottlingException"), 3, usersync.Throttled, "the secret sm:" + prefix + "a cannot be read: it is asked for too often at once"},
		{"down", "a", func(w http.ResponseWriter) { w.WriteHeader(503) }, 3, usersync.Unavailable, "the secret sm:" + prefix + "a cannot be read: there is no answer"},
		{"no JSON", "a", func(w http.ResponseWriter) { fmt.Fprint(w, "pl@nted-s3cret") }, 3, usersync.Unavailable, "the secret sm:" + prefix + "a cannot be read: there is no answer"},
	} {
		v.asked, v.script = 0, nil
		for range 3 {
			if w.script != nil {
				v.script = append(v.script, w.script)
			}
		}
		_, err := c.Of(company).Secret(t.Context(), "sm:"+prefix+w.reference)
		if !usersync.Is(err, w.code) || usersync.Public(err) != w.message || v.asked != w.calls {
			t.Errorf("%s: %v after %d calls, want %s", w.why, err, v.asked, w.message)
		}
	}
	v.asked = 0
	if _, err := c.Of(company).Secret(t.Context(), "sm:/usersync/another/a"); !usersync.Is(err, usersync.Settings) || v.asked != 0 {
		t.Errorf("another company's: %v after %d calls", err, v.asked)
	}
	if clock.Waited() > 10*time.Second {
		t.Errorf("waited %v", clock.Waited())
	}
}
