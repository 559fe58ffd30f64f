package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

const company = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// provider is an issuer that publishes what a test tells it to.
type provider struct {
	*httptest.Server
	fetches atomic.Int64 // of keys
	mu      sync.Mutex
	keys    []jose.JSONWebKey
	answer  http.HandlerFunc // instead of the keys, where it is set
}

func newProvider(t testing.TB, keys ...jose.JSONWebKey) *provider {
	p := &provider{keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		p.mu.Lock()
		keys, answer := p.keys, p.answer
		p.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: keys})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) publish(keys ...jose.JSONWebKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys, p.answer = keys, nil
}

func (p *provider) answerWith(answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func public(id string, key any) jose.JSONWebKey { return jose.JSONWebKey{KeyID: id, Key: key} }

// signed is a token with the claims, or with a payload of the test's own.
func signed(t testing.TB, alg jose.SignatureAlgorithm, kid string, key any, claims any, header ...any) string {
	t.Helper()
	payload, ok := claims.([]byte)
	if !ok {
		payload, _ = json.Marshal(claims)
	}
	options := &jose.SignerOptions{}
	if kid != "" {
		options.WithHeader("kid", kid)
	}
	for i := 0; i < len(header); i += 2 {
		options.WithHeader(jose.HeaderKey(header[i].(string)), header[i+1])
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := token.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type claims map[string]any

// good are claims that are accepted at the clock's moment.
func good(issuer string, clock usersync.Clock) claims {
	return claims{"iss": issuer, "aud": "usersync", "sub": "somebody", "exp": clock.Now().Add(time.Minute).Unix()}
}

func (c claims) with(name string, value any) claims {
	c = maps.Clone(c)
	c[name] = value
	return c
}

func (c claims) without(name string) claims {
	c = maps.Clone(c)
	delete(c, name)
	return c
}

func TestATokenIsAcceptedOnlyWhereEverythingHolds(t *testing.T) {
	clock := usersynctest.NewClock()
	ec, other, p384 := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384())
	p := newProvider(t, public("rsa", &rsaKey().PublicKey), public("ec", &ec.PublicKey), public("p384", &p384.PublicKey),
		jose.JSONWebKey{KeyID: "enc", Use: "enc", Key: &other.PublicKey})
	ok, now := good(p.URL, clock), clock.Now().Unix()
	es := func(c any, header ...any) string { return "Bearer " + signed(t, jose.ES256, "ec", ec, c, header...) }
	rsaPublic, err := json.Marshal(public("rsa", &rsaKey().PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	half := es(ok)
	tests := []struct {
		name, header string
		accepted     bool
	}{
		{"ES256", es(ok), true},
		{"RS256", "Bearer " + signed(t, jose.RS256, "rsa", rsaKey(), ok), true},
		{"without kid", "Bearer " + signed(t, jose.ES256, "", ec, ok), true},
		{"scheme in small letters", "bearer" + strings.TrimPrefix(half, "Bearer"), true},
		{"audience in a list", es(ok.with("aud", []string{"x", "usersync"})), true},
		{"client_id instead of aud", es(ok.without("aud").with("client_id", "usersync")), true},
		{"ended 4 s ago", es(ok.with("exp", now-4)), true},
		{"ends in a fraction", es(ok.with("exp", float64(now)+0.5)), true},
		{"begins in 5 s", es(ok.with("nbf", now+5)), true},

		{"nothing", "", false},
		{"no token", "Bearer ", false},
		{"no scheme", strings.TrimPrefix(half, "Bearer "), false},
		{"another scheme", "Basic " + strings.TrimPrefix(half, "Bearer "), false},
		{"two", half + "," + half, false},
		{"no signature", half[:strings.LastIndex(half, ".")+1], false},
		{"alg none", "Bearer eyJhbGciOiJub25lIn0." + strings.Split(half, ".")[1] + ".", false},
		{"HMAC with the public key", "Bearer " + signed(t, jose.HS256, "rsa", rsaPublic, ok), false},
		{"PS256", "Bearer " + signed(t, jose.PS256, "rsa", rsaKey(), ok), false},
		{"ES384", "Bearer " + signed(t, jose.ES384, "p384", p384, ok), false},
		{"another's signature", "Bearer " + signed(t, jose.ES256, "ec", other, ok), false},
		{"a key for encryption", "Bearer " + signed(t, jose.ES256, "enc", other, ok), false},
		{"another key's id", "Bearer " + signed(t, jose.ES256, "rsa", ec, ok), false},
		{"critical header", es(ok, "crit", []string{"exp"}, "exp", 1), false},
		{"another issuer", es(ok.with("iss", p.URL+"/")), false},
		{"no issuer", es(ok.without("iss")), false},
		{"issuer in a list", es(ok.with("iss", []string{p.URL})), false},
		{"another audience", es(ok.with("aud", "usersync2")), false},
		{"aud wins over client_id", es(ok.with("aud", "x").with("client_id", "usersync")), false},
		{"empty aud", es(ok.with("aud", []string{}).with("client_id", "usersync")), false},
		{"aud with a number", es(ok.with("aud", []any{"usersync", 1})), false},
		{"ended 6 s ago", es(ok.with("exp", now-6)), false},
		{"no end", es(ok.without("exp")), false},
		{"end as text", es(ok.with("exp", "9999999999")), false},
		{"end null", es(ok.with("exp", nil)), false},
		{"end beyond numbers", es([]byte(`{"iss":"` + p.URL + `","aud":"usersync","exp":1e999}`)), false},
		{"begins in 6 s", es(ok.with("nbf", now+6)), false},
		{"made in 6 s", es(ok.with("iat", now+6)), false},
		{"beginning as text", es(ok.with("nbf", "1")), false},
		{"claims in a list", es([]byte(`[]`)), false},
		{"claims null", es([]byte(`null`)), false},
		{"over 16 KiB", es(ok.with("pad", strings.Repeat("x", 16<<10))), false},
	}
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			who, err := v.Verify(t.Context(), test.header)
			if test.accepted && (err != nil || who.Subject != "somebody") {
				t.Errorf("Verify = %+v, %v", who, err)
			}
			if !test.accepted {
				mustBeRefused(t, err, test.header)
			}
		})
	}
}

// mustBeRefused also looks for pieces of the token in the error.
func mustBeRefused(t *testing.T, err error, header string) {
	t.Helper()
	if !usersync.Is(err, usersync.Unauthorized) {
		t.Fatalf("Verify = %v, want Unauthorized", err)
	}
	for piece := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == '.' || r == ' ' }) {
		if len(piece) > 8 && strings.Contains(err.Error(), piece) {
			t.Errorf("the error repeats the token: %v", err)
		}
	}
}

func TestRightsComeFromClaimsOfTheRightTypeAlone(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public("", &key.PublicKey)}})
	if err != nil {
		t.Fatal(err)
	}
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: "i", Audience: "a", CompanyClaim: "https://x/company", Clock: clock, InlineKeys: jwks})
	tests := []struct {
		name   string
		claims string
		want   auth.Principal
	}{
		{"none", `"x":1`, auth.Principal{}},
		{"all places of roles", `"roles":["a"],"realm_access":{"roles":["b"]},"cognito:groups":["c"]`, auth.Principal{Roles: []string{"a", "b", "c"}}},
		{"a role as text", `"roles":"superadmin","realm_access":{"roles":"superadmin"},"cognito:groups":"superadmin"`, auth.Principal{}},
		{"a role among other things", `"roles":["superadmin",1],"realm_access":["superadmin"],"cognito:groups":{"superadmin":true}`, auth.Principal{}},
		{"null", `"roles":null,"realm_access":null,"scope":null,"https://x/company":null,"sub":null`, auth.Principal{}},
		{"other letter case", `"Roles":["a"],"SCOPE":"s"`, auth.Principal{}},
		{"scope as text", `"scope":" a  b "`, auth.Principal{Scopes: []string{"a", "b"}}},
		{"scopes as lists", `"scope":["a"],"scp":["b"]`, auth.Principal{Scopes: []string{"a", "b"}}},
		{"scopes of wrong types", `"scope":[1],"scp":{"a":1}`, auth.Principal{}},
		{"company", `"https://x/company":"{3F2504E0-4F89-41D3-9A0C-0305E82C3301}"`, auth.Principal{Company: company}},
		{"company under another name", `"companyId":"` + company + `"`, auth.Principal{}},
		{"malformed company", `"https://x/company":"3f2504e0"`, auth.Principal{}},
		{"company of zeros", `"https://x/company":"00000000000000000000000000000000"`, auth.Principal{}},
		{"company of a wrong type", `"https://x/company":["` + company + `"]`, auth.Principal{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			payload := []byte(`{"iss":"i","aud":"a","exp":9999999999,` + test.claims + `}`)
			who, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "", key, payload))
			if err != nil {
				t.Fatal(err)
			}
			if who.Company != test.want.Company || !slices.Equal(who.Roles, test.want.Roles) || !slices.Equal(who.Scopes, test.want.Scopes) || who.Subject != "" {
				t.Errorf("got %+v, want %+v", who, test.want)
			}
		})
	}
}

func FuzzVerifyNeverAcceptsWhatNobodySigned(f *testing.F) {
	clock := usersynctest.NewClock()
	key := ecKey(f, elliptic.P256())
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public("k", &key.PublicKey)}})
	if err != nil {
		f.Fatal(err)
	}
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: "i", Clock: clock, InlineKeys: jwks})
	f.Add("Bearer " + signed(f, jose.ES256, "k", key, good("i", clock)))
	f.Add("Bearer eyJhbGciOiJub25lIn0.e30.")
	f.Add("bearer a.b.c")
	f.Fuzz(func(t *testing.T, header string) {
		who, err := v.Verify(context.Background(), header)
		if err == nil && (who.Subject != "somebody" || who.Company != "" || len(who.Roles)+len(who.Scopes) > 0) {
			t.Errorf("accepted as %+v", who)
		}
		if err != nil && !usersync.Is(err, usersync.Unauthorized) {
			t.Errorf("Verify = %v", err)
		}
	})
}
