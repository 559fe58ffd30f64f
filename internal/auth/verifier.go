package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/usersync/usersync/internal/usersync"
)

const (
	// DefaultAudience is what tokens are made for where nothing else was said.
	DefaultAudience = "usersync"
	// DefaultCompanyClaim is the claim that holds the caller's company.
	DefaultCompanyClaim = "companyId"

	maxToken = 16 << 10 // bytes
)

// algorithms are the signatures that are accepted. `none` and every HMAC are not among them: a shared
// secret must never be mistaken for a published key.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

// VerifierConfig says whose tokens are accepted.
type VerifierConfig struct {
	Issuer       string       // as in the tokens' `iss`, letter for letter; without InlineKeys an http(s) address
	Audience     string       // empty: DefaultAudience
	CompanyClaim string       // empty: DefaultCompanyClaim
	HTTPClient   *http.Client // for the issuer's keys; nil: http.DefaultClient
	Clock        usersync.Clock
	InlineKeys   []byte // a JWKS; where it is given nobody is asked for keys
}

// NewVerifier makes a verifier that is safe for concurrent use. It asks nobody yet: a configuration
// that cannot work shows as Unavailable at each Verify, so that a process with it still answers.
func NewVerifier(c VerifierConfig) Verifier {
	v := &verifier{
		issuers:      []string{c.Issuer},
		audience:     c.Audience,
		companyClaim: c.CompanyClaim,
		clock:        c.Clock,
	}
	if v.audience == "" {
		v.audience = DefaultAudience
	}
	if v.companyClaim == "" {
		v.companyClaim = DefaultCompanyClaim
	}
	if len(c.InlineKeys) > 0 {
		v.keys = inlineKeys(c.InlineKeys)
	} else {
		v.keys = newRemoteKeys(c.Issuer, c.HTTPClient, c.Clock)
	}
	return v
}

type verifier struct {
	issuers      []string
	audience     string
	companyClaim string
	clock        usersync.Clock
	keys         keySource
}

// Verify checks everything that needs no key first: a token that would be refused anyway never makes
// the issuer work.
func (v *verifier) Verify(ctx context.Context, authorization string) (Principal, error) {
	token, ok := bearer(authorization)
	if !ok {
		return Principal{}, notAuthenticated()
	}
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return Principal{}, notAuthenticated()
	}
	header := jws.Signatures[0].Protected
	var c claims
	if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c) != nil || !v.acceptable(c) {
		return Principal{}, notAuthenticated()
	}
	if err := v.checkSignature(ctx, jws, header); err != nil {
		return Principal{}, err
	}
	return c.principal(v.companyClaim), nil
}

// acceptable reports whether the claims would do, if their signature does.
func (v *verifier) acceptable(c claims) bool {
	issuer := c.text("iss")
	return issuer != "" && slices.Contains(v.issuers, issuer) && c.meantFor(v.audience) && c.inTime(v.clock.Now())
}

// checkSignature tries the keys at hand; for a token whose key is not among them it looks once
// whether the issuer has new ones.
func (v *verifier) checkSignature(ctx context.Context, jws *jose.JSONWebSignature, header jose.Header) error {
	keys, err := v.keys.current(ctx)
	if err != nil {
		return err
	}
	if signedByOneOf(jws, header, keys) {
		return nil
	}
	if header.KeyID != "" && slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return k.KeyID == header.KeyID }) {
		return notAuthenticated()
	}
	if keys, err = v.keys.renewed(ctx); err != nil {
		return err
	}
	if !signedByOneOf(jws, header, keys) {
		return notAuthenticated()
	}
	return nil
}

// signedByOneOf reports whether one of the keys made the signature. A key is tried only for the
// algorithm that it names, if any, and under its own id where both it and the token name one. Verify
// sees to it that a key is of the algorithm's kind, and refuses critical headers that it does not know.
func signedByOneOf(jws *jose.JSONWebSignature, header jose.Header, keys []jose.JSONWebKey) bool {
	return slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool {
		if header.KeyID != "" && k.KeyID != "" && k.KeyID != header.KeyID {
			return false
		}
		if k.Algorithm != "" && k.Algorithm != header.Algorithm {
			return false
		}
		_, err := jws.Verify(k.Key)
		return err == nil
	})
}

// bearer is the token of an Authorization header.
func bearer(authorization string) (string, bool) {
	scheme, token, ok := strings.Cut(authorization, " ")
	token = strings.Trim(token, " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= maxToken
}

// notAuthenticated is the one answer to every fault of a token: which one it was helps only a forger.
func notAuthenticated() error { return usersync.E(usersync.Unauthorized, "Not Authenticated") }
