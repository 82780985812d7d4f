package entra

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/outbound"
)

// Peers that answer requests for a token, as errors name them.
const (
	EntraID         = "Entra ID"
	ManagedIdentity = "the managed identity endpoint"
	SignInPage      = "the sign-in page"
)

// A Client sends requests to Entra ID as the app of a Config. It is safe for concurrent use.
type Client struct {
	config       Config
	authenticate authenticator
}

// NewClient returns a client. It makes no request.
func NewClient(c Config) *Client { return &Client{config: c, authenticate: c.authenticator()} }

// A Grant is a successful response of the token endpoint.
type Grant struct {
	AccessToken  string
	RefreshToken string    // empty: the response has none
	ExpiresOn    time.Time // zero: the response does not state it
}

// CheckCredential obtains the app's credential as Redeem does, without sending it to Entra ID. For
// a managed identity, this makes a request to its endpoint.
func (c *Client) CheckCredential(ctx context.Context) error {
	_, err := c.authenticate(ctx)
	return err
}

// Redeem exchanges a grant for a token. It posts the parameters in grant, which include grant_type
// and scope, together with the app's credential to the token endpoint. An error is a *RefusedError,
// a *NoAnswerError or a *secretfile.Error.
func (c *Client) Redeem(ctx context.Context, grant url.Values) (Grant, error) {
	auth, err := c.authenticate(ctx)
	if err != nil {
		return Grant{}, err
	}
	endpoint := c.config.Endpoint("token")
	form, err := auth.parameters(endpoint, c.config.ClientID)
	if err != nil {
		return Grant{}, err
	}
	form.Set("client_id", c.config.ClientID)
	maps.Copy(form, grant)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return Grant{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := exchange(c.config.HTTP.Transport, req, origin{peer: EntraID, grant: grant.Get("grant_type")})
	if err != nil {
		return Grant{}, err
	}
	return parseGrant(resp.Body)
}

// Get sends a GET request and returns the response if its status is 200. An error is a
// *RefusedError or a *NoAnswerError.
func (c *Client) Get(ctx context.Context, address string) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Answer{}, err
	}
	return exchange(c.config.HTTP.Transport, req, origin{peer: EntraID})
}

// parseGrant parses a response of the token endpoint. It decodes members one by one, so that an
// unexpected type of a member that is not needed does not cost the token.
func parseGrant(body []byte) (Grant, error) {
	var answer struct {
		AccessToken  json.RawMessage `json:"access_token"`
		RefreshToken json.RawMessage `json:"refresh_token"`
		ExpiresIn    json.RawMessage `json:"expires_in"`
		Error        json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || text(answer.AccessToken) == "" || text(answer.Error) != "" {
		return Grant{}, &NoAnswerError{EntraID, errors.New("it holds no token")}
	}
	g := Grant{AccessToken: text(answer.AccessToken), RefreshToken: text(answer.RefreshToken)}
	if life := seconds(answer.ExpiresIn); life > 0 {
		g.ExpiresOn = time.Now().Add(life)
	}
	return g, nil
}

// seconds parses a number of seconds, which Entra ID's older endpoints put in quotes. It returns
// zero if member is not a positive number.
func seconds(member json.RawMessage) time.Duration {
	n, err := strconv.ParseFloat(strings.Trim(string(member), `"`), 64)
	if err != nil || !(n > 0) { // also true for NaN
		return 0
	}
	return time.Duration(min(n, math.MaxInt32)) * time.Second
}

// maxAnswer bounds a response, in bytes.
const maxAnswer = 1 << 20

// An Answer is a response with status 200, read completely.
type Answer struct {
	Header http.Header
	Body   []byte
}

// An origin describes where a response comes from, for errors.
type origin struct {
	peer  string
	grant string // the grant_type of the request; empty: none
}

// exchange sends a request and returns the response if its status is 200.
func exchange(transport http.RoundTripper, req *http.Request, from origin) (Answer, error) {
	resp, body, err := roundTrip(transport, req, from.peer)
	if err != nil {
		return Answer{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return Answer{}, newRefusedError(from, resp, body)
	}
	return Answer{resp.Header, body}, nil
}

// roundTrip sends a request and reads the whole response. It closes the response's Body and does
// not follow redirects. An error is a *NoAnswerError.
func roundTrip(transport http.RoundTripper, req *http.Request, peer string) (*http.Response, []byte, error) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, nil, &NoAnswerError{peer, outbound.Describe(err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, nil, &NoAnswerError{peer, outbound.Describe(err)}
	case len(body) > maxAnswer:
		return nil, nil, &NoAnswerError{peer, errors.New("it is longer than 1 MiB")}
	}
	return resp, body, nil
}
