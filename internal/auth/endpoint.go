package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// The addresses of the built-in issuer.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	KeysPath      = "/.well-known/jwks.json"
	TokenPath     = "/connect/token"
)

const maxForm = 64 << 10 // bytes

// Client may get tokens by its id and secret, with what it is given here.
type Client struct {
	ID      string
	Secret  string // resolved; a client without one gets no token
	Company usersync.CompanyID
	Roles   []string
	Scopes  []string
}

// Handler serves discovery, keys and the token end point (grant client_credentials, RFC 6749) of an
// issuer that clients reach under the given address, such as http://127.0.0.1:8080.
func (i *Issuer) Handler(address string, clients []Client) http.Handler {
	return &endpoint{issuer: i, address: strings.TrimSuffix(address, "/"), clients: clients}
}

type endpoint struct {
	issuer  *Issuer
	address string
	clients []Client
}

// endpoints is the whole issuer by path: the router and the document are made from it.
var endpoints = map[string]struct {
	method string // where it is GET, HEAD is too
	serve  func(*endpoint, http.ResponseWriter, *http.Request)
	described
}{
	DiscoveryPath: {http.MethodGet, (*endpoint).discovery, described{name: "GetOpenIDConfiguration", does: "Describes the issuer (OpenID Connect Discovery)", answers: "OpenIDConfiguration"}},
	KeysPath:      {http.MethodGet, (*endpoint).keys, described{name: "GetJSONWebKeySet", does: "The keys that tokens are verified with (RFC 7517)", answers: "JSONWebKeySet", refuses: []int{http.StatusInternalServerError}}},
	TokenPath: {http.MethodPost, (*endpoint).token, described{
		name: "CreateToken", does: "A token for a client of the settings (RFC 6749)", takes: "TokenRequest", answers: "TokenResponse",
		refuses: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusInternalServerError},
	}},
}

// Serves reports whether a path is one of the issuer's.
func Serves(path string) bool {
	_, is := endpoints[path]
	return is
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, is := endpoints[r.URL.Path]
	if !is {
		answer(w, http.StatusNotFound, oauthError{Code: "not_found", Description: "there is nothing at this path"})
		return
	}
	methods := []string{found.method}
	if found.method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	if !slices.Contains(methods, r.Method) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		answer(w, http.StatusMethodNotAllowed, oauthError{Code: "invalid_request", Description: "the method is not known here"})
		return
	}
	found.serve(e, w, r)
}

func (e *endpoint) discovery(w http.ResponseWriter, _ *http.Request) {
	scopes := []string{}
	for _, c := range e.clients {
		scopes = append(scopes, c.Scopes...)
	}
	slices.Sort(scopes)
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                e.address,
		"jwks_uri":                              e.address + KeysPath,
		"token_endpoint":                        e.address + TokenPath,
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"none"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"scopes_supported":                      slices.Compact(scopes),
	})
}

func (e *endpoint) keys(w http.ResponseWriter, _ *http.Request) {
	jwks, err := e.issuer.JWKS()
	if err != nil {
		answer(w, http.StatusInternalServerError, oauthError{Code: "server_error"})
		return
	}
	answer(w, http.StatusOK, json.RawMessage(jwks))
}

// oauthError is RFC 6749's answer of a refused request.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func (e *endpoint) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	form, status, fault := readForm(w, r)
	if fault != "" {
		answer(w, status, oauthError{Code: "invalid_request", Description: fault})
		return
	}
	id, secrets, fault := credentials(r, form)
	if fault != "" {
		answer(w, http.StatusBadRequest, oauthError{Code: "invalid_request", Description: fault})
		return
	}
	client, ok := e.client(id, secrets)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="usersync"`)
		answer(w, http.StatusUnauthorized, oauthError{Code: "invalid_client"})
		return
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		answer(w, http.StatusBadRequest, oauthError{Code: "invalid_request", Description: "grant_type is missing"})
		return
	default:
		answer(w, http.StatusBadRequest, oauthError{Code: "unsupported_grant_type"})
		return
	}
	scopes := client.Scopes
	if asked := strings.Fields(form.Get("scope")); len(asked) > 0 {
		slices.Sort(asked)
		scopes = slices.Compact(asked)
	}
	if slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(client.Scopes, s) }) {
		answer(w, http.StatusBadRequest, oauthError{Code: "invalid_scope"})
		return
	}
	e.grant(w, client, scopes)
}

func (e *endpoint) grant(w http.ResponseWriter, client Client, scopes []string) {
	token, seconds, err := e.issuer.sign(e.address, TokenRequest{
		Subject: client.ID, Company: client.Company, Roles: client.Roles, Scopes: scopes,
	})
	if err != nil {
		answer(w, http.StatusInternalServerError, oauthError{Code: "server_error"})
		return
	}
	answer(w, http.StatusOK, struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int64  `json:"expires_in"`
		Scope   string `json:"scope,omitempty"`
	}{token, "Bearer", seconds, strings.Join(scopes, " ")})
}

// readForm reads the body's parameters, each at most once; those of the address do not count, since
// addresses are logged on their way.
func readForm(w http.ResponseWriter, r *http.Request) (form url.Values, status int, fault string) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, http.StatusBadRequest, "the body must be application/x-www-form-urlencoded"
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, http.StatusRequestEntityTooLarge, "the body is too long"
	}
	if err == nil {
		form, err = url.ParseQuery(string(body))
	}
	if err != nil {
		return nil, http.StatusBadRequest, "the body is no form"
	}
	for _, name := range []string{"grant_type", "scope", "client_id", "client_secret"} {
		if len(form[name]) > 1 {
			return nil, http.StatusBadRequest, name + " is given more than once"
		}
	}
	return form, 0, ""
}

// credentials reads the client's id and secret from the header or the form, not from both. In the
// header they should be form-encoded, which many clients leave out: a secret is tried either way.
func credentials(r *http.Request, form url.Values) (id string, secrets []string, fault string) {
	if r.Header.Get("Authorization") == "" {
		return form.Get("client_id"), []string{form.Get("client_secret")}, ""
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return "", nil, ""
	}
	id, secrets = name, []string{password}
	if decoded, err := url.QueryUnescape(name); err == nil {
		id = decoded
	}
	if decoded, err := url.QueryUnescape(password); err == nil {
		secrets = append(secrets, decoded)
	}
	if form.Get("client_secret") != "" || form.Get("client_id") != "" && form.Get("client_id") != id {
		return "", nil, "the client must use one way of authentication"
	}
	return id, secrets, ""
}

// client finds the client whose secret is among the given ones. It takes as long for a client that
// does not exist as for a wrong secret.
func (e *endpoint) client(id string, secrets []string) (Client, bool) {
	var found Client
	if at := slices.IndexFunc(e.clients, func(c Client) bool { return c.ID == id }); at >= 0 {
		found = e.clients[at]
	}
	want, match := sha256.Sum256([]byte(found.Secret)), 0
	for _, secret := range secrets {
		got := sha256.Sum256([]byte(secret))
		match |= subtle.ConstantTimeCompare(want[:], got[:])
	}
	return found, match == 1 && found.ID != "" && found.Secret != ""
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
