package httpx

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"golang.org/x/sync/singleflight"
)

// tokenRequest is what errors call the request for a token.
const tokenRequest = "the token request"

const (
	maxToken    = 16 << 10
	defaultTerm = 5 * time.Minute // of a token whose answer says nothing about it
	longestTerm = 24 * time.Hour
)

// Login is a login by OAuth 2.0 client credentials.
type Login struct {
	TokenURL     string
	ClientID     string
	ClientSecret string
	Scope        string // may be empty
}

// Session sends requests with a token. The token is fetched when it is first needed, used until
// shortly before it runs out, and renewed by one of those who need it while the others wait.
type Session struct {
	client *Client
	login  Login
	flight singleflight.Group

	mu    sync.Mutex
	token string
	until time.Time
}

// Session makes a session with that login; it sends nothing yet.
func (c *Client) Session(login Login) *Session { return &Session{client: c, login: login} }

// Do is Client.Do with the session's token. After a 401 it takes a new token and sends the request
// once more. A token that is not to be had is Unauthorized (the login is refused), Malformed,
// Throttled, Unavailable or Settings, and never leaves anything in doubt.
func (s *Session) Do(ctx context.Context, r Request) (Answer, error) {
	var err error
	if r.bearer, err = s.bearer(ctx, ""); err != nil {
		return Answer{}, err
	}
	answer, err := s.client.Do(ctx, r)
	if !usersync.Is(err, usersync.Unauthorized) {
		return answer, err
	}
	if r.bearer, err = s.bearer(ctx, r.bearer); err != nil {
		return Answer{}, err
	}
	return s.client.Do(ctx, r)
}

// bearer is a token other than the refused one.
func (s *Session) bearer(ctx context.Context, refused string) (string, error) {
	if token := s.held(refused); token != "" {
		return token, nil
	}
	// One caller's end must not end the renewal for the others; it has time-outs of its own.
	lasting := context.WithoutCancel(ctx)
	renewed := s.flight.DoChan("", func() (any, error) {
		if token := s.held(refused); token != "" {
			return token, nil
		}
		return s.renew(lasting)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case result := <-renewed:
		token, _ := result.Val.(string)
		return token, result.Err
	}
}

// held is the token at hand if it still holds and is not the refused one, else empty.
func (s *Session) held(refused string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == refused || !s.client.clock.Now().Before(s.until) {
		return ""
	}
	return s.token
}

// renew fetches a token and keeps it.
func (s *Session) renew(ctx context.Context) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.login.ClientID}, "client_secret": {s.login.ClientSecret}}
	if s.login.Scope != "" {
		form.Set("scope", s.login.Scope)
	}
	asked := s.client.clock.Now()
	answer, err := s.client.Do(ctx, Request{
		Name: tokenRequest, Method: http.MethodPost, URL: s.login.TokenURL, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Repeat: true, MaxBody: 1 << 20,
	})
	if err != nil {
		return "", tokenError(answer, err)
	}
	token, term, err := readToken(answer.Body)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.until = token, asked.Add(term-min(term/10, time.Minute))
	return token, nil
}

// tokenError tells a refused login from an address that is no token endpoint: a NotFound or Rejected
// from there must not be taken for one of a person.
func tokenError(answer Answer, err error) error {
	switch usersync.CodeOf(err) {
	case usersync.Unauthorized, usersync.Forbidden:
		return refusedLogin(answer)
	case usersync.Rejected:
		if answer.Status == http.StatusBadRequest {
			return refusedLogin(answer)
		}
		fallthrough
	case usersync.NotFound:
		return usersync.E(usersync.Malformed, err.Error()+": there is no token endpoint at tokenUrl")
	}
	return err
}

// oauthErrors are the error codes of RFC 6749, section 5.2: the only text of an answer that is shown.
var oauthErrors = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}

func refusedLogin(answer Answer) error {
	var body struct {
		Error string `json:"error"`
	}
	message := tokenRequest + " was refused with status " + strconv.Itoa(answer.Status)
	if json.Unmarshal(answer.Body, &body) == nil && slices.Contains(oauthErrors, body.Error) {
		message += " (" + body.Error + ")"
	}
	return usersync.E(usersync.Unauthorized, message)
}

// readToken reads a token endpoint's answer: the token, and how long it holds.
func readToken(body []byte) (string, time.Duration, error) {
	var answer struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"` // seconds; some servers write them as text
	}
	if err := DecodeJSON(tokenRequest, body, &answer); err != nil {
		return "", 0, err
	}
	unprintable := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case answer.AccessToken == "":
		return "", 0, usersync.E(usersync.Malformed, tokenRequest+" was answered without an access_token")
	case len(answer.AccessToken) > maxToken, strings.ContainsFunc(answer.AccessToken, unprintable):
		return "", 0, usersync.E(usersync.Malformed, tokenRequest+" was answered with an access_token that is none")
	case answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "Bearer"):
		return "", 0, usersync.E(usersync.Malformed, tokenRequest+" was answered with a token_type other than Bearer")
	}
	term := defaultTerm
	if seconds, err := strconv.ParseFloat(strings.Trim(string(answer.ExpiresIn), `"`), 64); err == nil && seconds > 0 {
		term = time.Duration(min(seconds, longestTerm.Seconds()) * float64(time.Second))
	}
	return answer.AccessToken, term, nil
}
