package httpx

import (
	"context"
	"encoding/json"
	"io"
	"maps"
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

// Login is a login by OAuth 2.0: with a Username by the password grant and its refresh tokens, without one by
// client credentials.
type Login struct {
	TokenURL     string
	ClientID     string
	ClientSecret string // may be empty with a Username
	Scope        string // may be empty
	Username     string
	Password     string
	Header       http.Header // goes with every request but those for tokens
}

// Session sends requests with a token. The token is fetched when it is first needed, used until
// shortly before it runs out, and renewed by one of those who need it while the others wait.
type Session struct {
	client *Client
	login  Login
	flight singleflight.Group

	mu      sync.Mutex
	token   string
	until   time.Time
	refresh string // a refresh token; empty: none
}

// Session makes a session with that login; it sends nothing yet.
func (c *Client) Session(login Login) *Session { return &Session{client: c, login: login} }

// Do is Client.Do with the session's token. After a 401 it takes a new token and sends the request
// once more. A token that is not to be had is Unauthorized (the login is refused), Malformed,
// Throttled, Unavailable or Settings, and never leaves anything in doubt. Where the login has taken more than two
// seconds a request that changes something is not sent (Unavailable): the next one has the token.
func (s *Session) Do(ctx context.Context, r Request) (answer Answer, err error) {
	err = s.loggedIn(ctx, r, func(r Request) error {
		answer, err = s.client.Do(ctx, r)
		return err
	})
	return answer, err
}

// Stream is Client.Stream with the session's token, likewise.
func (s *Session) Stream(ctx context.Context, r Request, read func(io.Reader) error) error {
	return s.loggedIn(ctx, r, func(r Request) error { return s.client.Stream(ctx, r, read) })
}

// sendWithin is how long after Do was called a request that changes something may be sent: whoever looks after what
// became of it counts from there.
const sendWithin = 2 * time.Second

// loggedIn sends a request with a token, and once more with a new one where that is refused.
func (s *Session) loggedIn(ctx context.Context, r Request, send func(Request) error) (err error) {
	called := s.client.clock.Now()
	inTime := func(r Request) error {
		if r.changes() && s.client.clock.Now().Sub(called) > sendWithin {
			return usersync.E(usersync.Unavailable, r.Name+" was not sent: the login took too long")
		}
		return send(r)
	}
	if len(s.login.Header) > 0 {
		header := s.login.Header.Clone()
		maps.Copy(header, r.Header)
		r.Header = header
	}
	if r.bearer, err = s.bearer(ctx, ""); err != nil {
		return err
	}
	if err = inTime(r); !usersync.Is(err, usersync.Unauthorized) {
		return err
	}
	if r.bearer, err = s.bearer(ctx, r.bearer); err != nil {
		return err
	}
	return inTime(r)
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

// renew fetches a token and keeps it: by the refresh token at hand, if that is still taken, else by the login.
func (s *Session) renew(ctx context.Context) (string, error) {
	s.mu.Lock()
	refresh := s.refresh
	s.refresh = ""
	s.mu.Unlock()
	if refresh != "" {
		token, err := s.grant(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
		if !usersync.Is(err, usersync.Unauthorized) {
			return token, err
		}
	}
	if s.login.Username != "" {
		return s.grant(ctx, url.Values{"grant_type": {"password"}, "username": {s.login.Username}, "password": {s.login.Password}})
	}
	return s.grant(ctx, url.Values{"grant_type": {"client_credentials"}})
}

// grant asks for a token and keeps it.
func (s *Session) grant(ctx context.Context, form url.Values) (string, error) {
	for name, value := range map[string]string{"client_id": s.login.ClientID, "client_secret": s.login.ClientSecret, "scope": s.login.Scope} {
		if value != "" {
			form.Set(name, value)
		}
	}
	asked := s.client.clock.Now()
	answer, err := s.client.Do(ctx, Request{
		Name: tokenRequest, Method: http.MethodPost, URL: s.login.TokenURL, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Repeat: true, MaxBody: 1 << 20,
	})
	if err != nil {
		return "", tokenError(answer, err)
	}
	got, err := readToken(answer.Body)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.until, s.refresh = got.access, asked.Add(got.term-min(got.term/10, time.Minute)), got.refresh
	return got.access, nil
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

// tokens are what a token endpoint gives.
type tokens struct {
	access, refresh string
	term            time.Duration // of the access token
}

// readToken reads a token endpoint's answer. A refresh token that cannot be one is none.
func readToken(body []byte) (tokens, error) {
	var answer struct {
		AccessToken  string          `json:"access_token"`
		RefreshToken any             `json:"refresh_token"`
		TokenType    string          `json:"token_type"`
		ExpiresIn    json.RawMessage `json:"expires_in"` // seconds; some servers write them as text
	}
	if err := DecodeJSON(tokenRequest, body, &answer); err != nil {
		return tokens{}, err
	}
	unprintable := func(r rune) bool { return r <= ' ' || r > '~' }
	unusable := func(token string) bool { return len(token) > maxToken || strings.ContainsFunc(token, unprintable) }
	switch {
	case answer.AccessToken == "":
		return tokens{}, usersync.E(usersync.Malformed, tokenRequest+" was answered without an access_token")
	case unusable(answer.AccessToken):
		return tokens{}, usersync.E(usersync.Malformed, tokenRequest+" was answered with an access_token that is none")
	case answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "Bearer"):
		return tokens{}, usersync.E(usersync.Malformed, tokenRequest+" was answered with a token_type other than Bearer")
	}
	got := tokens{access: answer.AccessToken, term: defaultTerm}
	if seconds, err := strconv.ParseFloat(strings.Trim(string(answer.ExpiresIn), `"`), 64); err == nil && seconds > 0 {
		got.term = time.Duration(min(seconds, longestTerm.Seconds()) * float64(time.Second))
	}
	if refresh, _ := answer.RefreshToken.(string); !unusable(refresh) {
		got.refresh = refresh
	}
	return got, nil
}
