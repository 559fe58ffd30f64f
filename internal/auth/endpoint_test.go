package auth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
)

const secret = "s3cr+t %41/å"

// newEndpoint is a server with the built-in issuer and one client that has a secret.
func newEndpoint(t *testing.T) (*httptest.Server, *auth.Issuer) {
	issuer := openIssuer(t, t.TempDir(), usersync.SystemClock{})
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = issuer.Handler("http://"+server.Listener.Addr().String(), []auth.Client{
		{ID: "night:ly", Secret: secret, Company: company, Roles: []string{"r"}, Scopes: []string{"userapi", "more"}},
		{ID: "plain", Secret: secret, Scopes: []string{"userapi", "more"}},
		{ID: "open", Secret: ""},
	})
	server.Start()
	t.Cleanup(server.Close)
	return server, issuer
}

func TestOrdinaryClientsGetAndVerifyTokens(t *testing.T) {
	server, issuer := newEndpoint(t)
	foreign, err := oidc.NewProvider(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{
			ClientID: "night:ly", ClientSecret: secret, TokenURL: foreign.Endpoint().TokenURL, Scopes: []string{"userapi"}, AuthStyle: style,
		}
		token, err := config.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := foreign.Verifier(&oidc.Config{ClientID: "usersync"}).Verify(t.Context(), token.AccessToken); err != nil {
			t.Errorf("a foreign verifier: %v", err)
		}
		for name, v := range map[string]auth.Verifier{
			"its own":       issuer.Verifier(server.URL),
			"by its domain": auth.NewVerifier(auth.VerifierConfig{Issuer: server.URL, Clock: usersync.SystemClock{}}),
		} {
			who, err := v.Verify(t.Context(), "Bearer "+token.AccessToken)
			if err != nil || who.Subject != "night:ly" || who.Company != company || !who.HasRole("r") || !who.HasScope("userapi") || who.HasScope("more") {
				t.Errorf("%s verifier: %+v, %v", name, who, err)
			}
		}
		if _, err := issuer.Verifier("").Verify(t.Context(), "Bearer "+token.AccessToken); !usersync.Is(err, usersync.Unauthorized) {
			t.Errorf("a verifier that does not know the address: %v", err)
		}
	}
}

func TestTheTokenEndPointAnswersAsRFC6749Says(t *testing.T) {
	server, _ := newEndpoint(t)
	const id = "night%3Aly"
	s := url.QueryEscape(secret)
	both := "grant_type=client_credentials&client_id=" + id + "&client_secret=" + s
	tests := []struct {
		name, method, path, body, user, password string
		status                                   int
		code                                     string
	}{
		{"post", "POST", "", both, "", "", 200, ""},
		{"basic", "POST", "", "grant_type=client_credentials", id, s, 200, ""},
		{"basic as curl does it", "POST", "", "grant_type=client_credentials", "plain", secret, 200, ""},
		{"basic with the same id in the form", "POST", "", "grant_type=client_credentials&client_id=" + id, id, s, 200, ""},
		{"all scopes where none is asked for", "POST", "", both + "&scope=", "", "", 200, ""},
		{"wrong secret", "POST", "", both + "x", "", "", 401, "invalid_client"},
		{"wrong secret in the header", "POST", "", "grant_type=client_credentials", id, "x", 401, "invalid_client"},
		{"unknown client", "POST", "", "grant_type=client_credentials&client_id=x&client_secret=" + s, "", "", 401, "invalid_client"},
		{"a client without secret", "POST", "", "grant_type=client_credentials&client_id=open&client_secret=", "", "", 401, "invalid_client"},
		{"nobody", "POST", "", "grant_type=client_credentials", "", "", 401, "invalid_client"},
		{"secret in the address", "POST", "?client_id=" + id + "&client_secret=" + s, "grant_type=client_credentials", "", "", 401, "invalid_client"},
		{"both ways", "POST", "", both, id, s, 400, "invalid_request"},
		{"two ids", "POST", "", "grant_type=client_credentials&client_id=x", id, s, 400, "invalid_request"},
		{"a parameter twice", "POST", "", both + "&scope=a&scope=b", "", "", 400, "invalid_request"},
		{"no grant", "POST", "", strings.TrimPrefix(both, "grant_type=client_credentials&"), "", "", 400, "invalid_request"},
		{"bad encoding", "POST", "", both + "&x=%zz", "", "", 400, "invalid_request"},
		{"another grant", "POST", "", strings.Replace(both, "client_credentials", "password", 1), "", "", 400, "unsupported_grant_type"},
		{"a scope too much", "POST", "", both + "&scope=userapi+admin", "", "", 400, "invalid_scope"},
		{"too long", "POST", "", both + "&x=" + strings.Repeat("x", 64<<10), "", "", 413, "invalid_request"},
		{"GET", "GET", "", "", "", "", 405, "invalid_request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+auth.TokenPath+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			if test.user != "" {
				r.SetBasicAuth(test.user, test.password)
			}
			answer, body := ask(t, r)
			if answer.StatusCode != test.status || body["error"] != orNil(test.code) {
				t.Fatalf("%d %v", answer.StatusCode, body)
			}
			if h := answer.Header; test.status == 401 && h.Get("WWW-Authenticate") == "" || test.status == 405 && h.Get("Allow") != "POST" {
				t.Errorf("header %v", h)
			}
			if test.status != 200 {
				return
			}
			if body["token_type"] != "Bearer" || body["expires_in"] != 3600.0 || body["scope"] != "userapi more" || answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%v %v", answer.Header, body)
			}
		})
	}
}

func TestABodyThatIsNoFormGetsNoToken(t *testing.T) {
	server, _ := newEndpoint(t)
	for _, kind := range []string{"", "application/json", "multipart/form-data; boundary=x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+auth.TokenPath, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if answer, body := ask(t, r); answer.StatusCode != 400 || body["error"] != "invalid_request" {
			t.Errorf("%q: %d %v", kind, answer.StatusCode, body)
		}
	}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// ask also looks for the secret in the answer.
func ask(t *testing.T, r *http.Request) (*http.Response, map[string]any) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || strings.Contains(string(text), secret) {
		t.Fatalf("%s, %v", text, err)
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return answer, body
}
