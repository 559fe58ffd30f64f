package auth_test

import (
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

func TestForgedKeyIDsDoNotHammerTheIssuer(t *testing.T) {
	clock := usersynctest.NewClock()
	key, forger, next := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
	p := newProvider(t, public("k", &key.PublicKey))
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	for i := range 200 {
		_, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, fmt.Sprint("forged", i), forger, good(p.URL, clock)))
		if !usersync.Is(err, usersync.Unauthorized) {
			t.Fatalf("forged token %d: %v", i, err)
		}
	}
	if n := p.fetches.Load(); n > 5 {
		t.Errorf("the issuer was asked %d times", n)
	}
	if _, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "k", key, good(p.URL, clock))); err != nil {
		t.Errorf("a good token among the forged ones: %v", err)
	}
	p.publish(public("next", &next.PublicKey))
	clock.Advance(5 * time.Second)
	if _, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "next", next, good(p.URL, clock))); err != nil {
		t.Errorf("the issuer's next key after the forged ones: %v", err)
	}
}

func TestATokenThatIsRefusedAnywayAsksForNoKeys(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	p := newProvider(t, public("k", &key.PublicKey))
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	ok := good(p.URL, clock)
	for _, c := range []claims{ok.with("iss", "x"), ok.with("aud", "x"), ok.with("exp", 1)} {
		_, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "k", key, c))
		if !usersync.Is(err, usersync.Unauthorized) {
			t.Errorf("Verify = %v", err)
		}
	}
	if n := p.fetches.Load(); n != 0 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

func TestANewKeyIsKnownAtOnceAndAnOldOneNotForLong(t *testing.T) {
	clock := usersynctest.NewClock()
	first, second := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
	p := newProvider(t, public("1", &first.PublicKey))
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	verify := func(kid string, key any) error {
		_, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, kid, key, good(p.URL, clock)))
		return err
	}
	if err := verify("1", first); err != nil {
		t.Fatal(err)
	}
	p.publish(public("2", &second.PublicKey))
	if err := verify("2", second); err != nil {
		t.Errorf("a new key: %v", err)
	}
	if err := verify("1", first); !usersync.Is(err, usersync.Unauthorized) {
		t.Errorf("a key that is gone: %v", err)
	}
	p.publish(public("1", &first.PublicKey))
	clock.Advance(25 * time.Hour)
	if err := verify("2", second); !usersync.Is(err, usersync.Unauthorized) {
		t.Errorf("a key that went while nobody looked: %v", err)
	}
}

func TestKnownKeysServeForADayWithoutTheIssuer(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	p := newProvider(t, public("k", &key.PublicKey))
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	verify := func() error {
		_, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "k", key, good(p.URL, clock)))
		return err
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	p.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	clock.Advance(23 * time.Hour)
	if err := verify(); err != nil {
		t.Errorf("after 23 hours: %v", err)
	}
	clock.Advance(2 * time.Hour)
	if err := verify(); !usersync.Is(err, usersync.Unavailable) {
		t.Errorf("after 25 hours: %v", err)
	}
}

func TestKeysThatCannotBeHadAreNoFaultOfTheToken(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	text := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	answers := map[string]http.HandlerFunc{
		"down":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no JSON":   text("<html>"),
		"no keys":   text(`{"keys":[]}`),
		"too long":  text(`{"pad":"` + strings.Repeat("x", 2<<20) + `"}`),
		"symmetric": text(`{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}]}`),
		"endless redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			p.answerWith(answer)
			v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
			header := "Bearer " + signed(t, jose.ES256, "k", key, good(p.URL, clock))
			for range 20 {
				if _, err := v.Verify(t.Context(), header); !usersync.Is(err, usersync.Unavailable) {
					t.Fatalf("Verify = %v", err)
				}
			}
			p.publish(public("k", &key.PublicKey), public("small", &small.PublicKey))
			clock.Advance(5 * time.Second)
			if _, err := v.Verify(t.Context(), header); err != nil {
				t.Errorf("when the keys are there again: %v", err)
			}
			weak := "Bearer " + signed(t, jose.RS256, "small", small, good(p.URL, clock))
			if _, err := v.Verify(t.Context(), weak); !usersync.Is(err, usersync.Unauthorized) {
				t.Errorf("a key that is too small: %v", err)
			}
		})
	}
}

func TestADiscoveryDocumentThatLeadsAstrayIsNotFollowed(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	p := newProvider(t, public("k", &key.PublicKey))
	for name, document := range map[string]string{
		"another issuer": `{"issuer":"https://id.example","jwks_uri":"` + p.URL + `/keys"}`,
		"no address":     `{}`,
		"a file":         `{"jwks_uri":"file:///etc/keys"}`,
		"wrong types":    `{"jwks_uri":7}`,
	} {
		astray := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(document)) }))
		v := auth.NewVerifier(auth.VerifierConfig{Issuer: astray.URL, Clock: clock})
		_, err := v.Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "k", key, good(astray.URL, clock)))
		if !usersync.Is(err, usersync.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		astray.Close()
	}
	if n := p.fetches.Load(); n != 0 {
		t.Errorf("%d fetches of keys", n)
	}
}

func TestACallerWhoLeavesDoesNotWaitForTheIssuer(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	p := newProvider(t)
	asked, release := make(chan struct{}), make(chan struct{})
	p.answerWith(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	})
	defer close(release)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	_, err := v.Verify(ctx, "Bearer "+signed(t, jose.ES256, "k", key, good(p.URL, clock)))
	if !usersync.Is(err, usersync.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}
}

func TestAConfigurationThatCannotWorkIsUnavailableAndNoPanic(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	for name, config := range map[string]auth.VerifierConfig{
		"an issuer that is no address":    {Issuer: "usersync"},
		"inline keys that are no JWKS":    {Issuer: "https://id.example", InlineKeys: []byte("{")},
		"inline keys without usable ones": {Issuer: "https://id.example", InlineKeys: []byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)},
	} {
		config.Clock = clock
		_, err := auth.NewVerifier(config).Verify(t.Context(), "Bearer "+signed(t, jose.ES256, "k", key, good(config.Issuer, clock)))
		if !usersync.Is(err, usersync.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCallersAtTheSameTimeShareOneFetch(t *testing.T) {
	clock := usersynctest.NewClock()
	key := ecKey(t, elliptic.P256())
	p := newProvider(t, public("k", &key.PublicKey))
	asked, release := make(chan struct{}, 100), make(chan struct{})
	p.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-release
		_, _ = w.Write([]byte(`{"keys":[` + jwk(t, public("k", &key.PublicKey)) + `]}`))
	})
	v := auth.NewVerifier(auth.VerifierConfig{Issuer: p.URL, Clock: clock})
	header := "Bearer " + signed(t, jose.ES256, "k", key, good(p.URL, clock))
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			if _, err := v.Verify(t.Context(), header); err != nil {
				t.Errorf("Verify = %v", err)
			}
		})
	}
	<-asked
	close(release)
	callers.Wait()
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

func jwk(t *testing.T, key jose.JSONWebKey) string {
	t.Helper()
	text, err := key.MarshalJSON()
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
