package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/usersync/usersync/internal/usersync"
)

// BuiltInIssuer is the `iss` of tokens that are made beside a server, when nobody knows yet at which
// address one will listen. It is a name and no address: whoever verifies such tokens has the key
// already, by the data folder or as an inline JWKS.
//
// Tokens that a running server hands out have that server's own address as `iss`, the same as its
// discovery document, so that any OIDC client can verify them. The server accepts both.
const BuiltInIssuer = "urn:usersync:built-in"

// DefaultTTL is how long a token is valid where nothing else was asked for.
const DefaultTTL = time.Hour

// Issuer makes and publishes tokens signed with one ES256 key. It is safe for concurrent use.
type Issuer struct {
	clock  usersync.Clock
	public jose.JSONWebKey
	signer jose.Signer
}

// OpenIssuer reads the issuer's key from the data folder; where there is none it makes the folder and
// the key. Processes that do so at the same time end with the same key. Errors: Settings.
func OpenIssuer(dir string, clock usersync.Clock) (*Issuer, error) {
	key, err := openKey(dir)
	if err != nil {
		return nil, err
	}
	return newIssuer(key, clock)
}

func newIssuer(key *ecdsa.PrivateKey, clock usersync.Clock) (*Issuer, error) {
	public := jose.JSONWebKey{Key: &key.PublicKey, Algorithm: string(jose.ES256), Use: "sig"}
	id, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, keyFault("the issuer's key has no thumbprint", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(id)
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: public.KeyID}},
		(&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return nil, keyFault("the issuer's key cannot sign", err)
	}
	return &Issuer{clock: clock, public: public, signer: signer}, nil
}

// TokenRequest says what a token is to hold.
type TokenRequest struct {
	Subject  string             // who it stands for; empty: usersync
	Company  usersync.CompanyID // any spelling of a guid, or empty
	Roles    []string
	Scopes   []string // words without spaces
	TTL      time.Duration
	Audience string // empty: DefaultAudience
}

// accessToken is the token's claims, those of RFC 9068 and our own. The company's claim is always
// the default one: whoever makes a token beside a server does not know the server's settings.
type accessToken struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	ClientID string   `json:"client_id"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
	Company  string   `json:"companyId,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Scope    string   `json:"scope,omitempty"`
}

// Token makes a signed token in the name of BuiltInIssuer. A TTL of zero is DefaultTTL; parts of a
// second are dropped. Errors: Validation, its Field being company, scope, ttl or role.
func (i *Issuer) Token(r TokenRequest) (string, error) {
	token, _, err := i.sign(BuiltInIssuer, r)
	return token, err
}

// sign also returns for how many seconds the token is valid.
func (i *Issuer) sign(issuer string, r TokenRequest) (token string, seconds int64, err error) {
	company, ok := usersync.CompanyGUID(string(r.Company))
	if !ok && r.Company != "" {
		return "", 0, tokenFault("company", "the company is no guid")
	}
	for _, scope := range r.Scopes {
		if len(strings.Fields(scope)) != 1 || strings.TrimSpace(scope) != scope {
			return "", 0, tokenFault("scope", "a scope must be one word")
		}
	}
	if slices.Contains(r.Roles, "") {
		return "", 0, tokenFault("role", "a role must not be empty")
	}
	if r.TTL == 0 {
		r.TTL = DefaultTTL
	}
	if r.TTL < time.Second {
		return "", 0, tokenFault("ttl", "a token must be valid for a second at least")
	}
	if r.Audience == "" {
		r.Audience = DefaultAudience
	}
	if r.Subject == "" {
		r.Subject = "usersync"
	}
	now := i.clock.Now().Unix()
	seconds = int64(r.TTL / time.Second)
	body, err := json.Marshal(accessToken{
		Issuer: issuer, Subject: r.Subject, Audience: r.Audience, ClientID: r.Subject,
		IssuedAt: now, Expires: now + seconds, ID: rand.Text(),
		Company: company, Roles: r.Roles, Scope: strings.Join(r.Scopes, " "),
	})
	if err != nil {
		return "", 0, err
	}
	signed, err := i.signer.Sign(body)
	if err != nil {
		return "", 0, err
	}
	if token, err = signed.CompactSerialize(); err == nil && len(token) > maxToken {
		return "", 0, tokenFault("role", "a token with all these roles and scopes is longer than any verifier takes")
	}
	return token, seconds, err
}

// JWKS is the issuer's public key, as VerifierConfig.InlineKeys takes it.
func (i *Issuer) JWKS() ([]byte, error) {
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
}

// Verifier accepts the issuer's own tokens for DefaultAudience: those of Token, and those that
// Handler hands out under the given address (empty: none).
func (i *Issuer) Verifier(address string) Verifier {
	issuers := []string{BuiltInIssuer}
	if address = strings.TrimSuffix(address, "/"); address != "" {
		issuers = append(issuers, address)
	}
	return &verifier{
		issuers:      issuers,
		audience:     DefaultAudience,
		companyClaim: DefaultCompanyClaim,
		clock:        i.clock,
		keys:         fixedKeys{i.public},
	}
}

func tokenFault(field, message string) error {
	return &usersync.Error{Code: usersync.Validation, Field: field, Message: message}
}
