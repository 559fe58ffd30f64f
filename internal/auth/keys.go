package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	fetchEvery   = 5 * time.Second  // how often the issuer is asked at most in the long run, whatever tokens come in
	fetchBurst   = 5                // fetches that may follow each other at once, so that a new key is known at once
	fetchTimeOut = 10 * time.Second // for discovery and keys together
	refreshAfter = time.Hour        // keys older than this are fetched again, while they still serve
	discardAfter = 24 * time.Hour   // keys older than this no longer serve
	maxDocument  = 1 << 20          // bytes of a discovery document or a JWKS
	minRSABits   = 2048
)

// keySource has the issuer's public keys. Errors: Unavailable where they cannot be had.
type keySource interface {
	// current returns the keys at hand.
	current(ctx context.Context) ([]jose.JSONWebKey, error)
	// renewed asks the issuer first, as far as it may be asked.
	renewed(ctx context.Context) ([]jose.JSONWebKey, error)
}

// fixedKeys never change.
type fixedKeys []jose.JSONWebKey

func inlineKeys(jwks []byte) keySource {
	keys, err := parseKeys(jwks)
	if err != nil {
		return noKeys{keysUnavailable("the issuer's keys that are given inline are no JWKS with a usable key", err)}
	}
	return fixedKeys(keys)
}

func (k fixedKeys) current(context.Context) ([]jose.JSONWebKey, error) { return k, nil }
func (k fixedKeys) renewed(context.Context) ([]jose.JSONWebKey, error) { return k, nil }

// noKeys is a source that can never work.
type noKeys struct{ err error }

func (n noKeys) current(context.Context) ([]jose.JSONWebKey, error) { return nil, n.err }
func (n noKeys) renewed(context.Context) ([]jose.JSONWebKey, error) { return nil, n.err }

// remoteKeys are the keys that the issuer publishes. Callers at the same time share one fetch.
type remoteKeys struct {
	issuer  string
	client  *http.Client
	clock   usersync.Clock
	limiter *rate.Limiter
	flight  singleflight.Group

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time // when keys were fetched
	failure error     // of the last fetch
}

func newRemoteKeys(issuer string, client *http.Client, clock usersync.Clock) keySource {
	if _, err := webAddress(issuer); err != nil {
		return noKeys{keysUnavailable("the issuer is not configured as an http or https address", err)}
	}
	if client == nil {
		client = http.DefaultClient
	}
	return &remoteKeys{issuer: issuer, client: client, clock: clock, limiter: rate.NewLimiter(rate.Every(fetchEvery), fetchBurst)}
}

func (r *remoteKeys) current(ctx context.Context) ([]jose.JSONWebKey, error) {
	r.mu.Lock()
	keys, age := r.keys, r.clock.Now().Sub(r.fetched)
	r.mu.Unlock()
	if keys == nil || age > discardAfter {
		return r.renewed(ctx)
	}
	if age > refreshAfter {
		r.begin(ctx)
	}
	return keys, nil
}

func (r *remoteKeys) renewed(ctx context.Context) ([]jose.JSONWebKey, error) {
	select {
	case result := <-r.begin(ctx):
		keys, _ := result.Val.([]jose.JSONWebKey)
		return keys, result.Err
	case <-ctx.Done():
		return nil, keysUnavailable("the issuer's keys did not come in time", ctx.Err())
	}
}

// begin joins the fetch that is under way or starts one, which goes on when its caller leaves.
func (r *remoteKeys) begin(ctx context.Context) <-chan singleflight.Result {
	return r.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeOut)
		defer cancel()
		return r.fetch(ctx)
	})
}

// fetch asks the issuer, or repeats what its last answer was where it must not be asked again yet.
func (r *remoteKeys) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	if !r.limiter.AllowN(r.clock.Now(), 1) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.keys, r.failure
	}
	keys, err := r.download(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failure = err
	if err == nil {
		r.keys, r.fetched = keys, r.clock.Now()
	}
	return keys, err
}

// download follows the issuer's discovery document to its keys.
func (r *remoteKeys) download(ctx context.Context) ([]jose.JSONWebKey, error) {
	body, err := r.get(ctx, strings.TrimSuffix(r.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, keysUnavailable("the issuer's discovery document cannot be had", err)
	}
	var document struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, keysUnavailable("the issuer's discovery document is no such document", err)
	}
	if document.Issuer != "" && document.Issuer != r.issuer {
		return nil, keysUnavailable("the issuer's discovery document speaks for another issuer than the configured one", nil)
	}
	address, err := webAddress(document.JWKSURI)
	if err != nil || strings.HasPrefix(strings.ToLower(r.issuer), "https:") && address.Scheme != "https" {
		return nil, keysUnavailable("the issuer's discovery document has no usable jwks_uri", err)
	}
	if body, err = r.get(ctx, document.JWKSURI); err != nil {
		return nil, keysUnavailable("the issuer's keys cannot be had", err)
	}
	keys, err := parseKeys(body)
	if err != nil {
		return nil, keysUnavailable("the issuer publishes no usable keys", err)
	}
	return keys, nil
}

func (r *remoteKeys) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("the answer is " + response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err == nil && len(body) > maxDocument {
		err = errors.New("the answer is too long")
	}
	return body, err
}

func keysUnavailable(message string, cause error) error {
	return &usersync.Error{Code: usersync.Unavailable, Message: message, RetryAfter: fetchEvery, Cause: cause}
}

func webAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err == nil && (address.Host == "" || address.Scheme != "http" && address.Scheme != "https") {
		err = errors.New("no http or https address")
	}
	return address, err
}

// parseKeys reads a JWKS. Keys that are not understood or not fit to verify with are passed over, as
// RFC 7517 asks; a set without any usable key is an error.
func parseKeys(jwks []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no usable key")
	}
	return keys, nil
}

// usable reports whether the key is a public one for one of the accepted algorithms.
func usable(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return public.Curve == elliptic.P256()
	}
	return false
}
