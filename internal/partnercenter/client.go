// Package partnercenter is a client for the Partner Center REST API. Get returns one complete JSON
// response or a fault with a text for the caller; Open streams a PDF. The translation of statuses, of Partner Center's
// error codes and of connection failures is in this package only. A Get makes one upstream call, or
// two if the service's own token was rejected. It does not follow redirects, uses no proxy,
// requests no compression, sends nothing of the caller's except the tracking IDs, and ends within
// one deadline. The memory for large responses is bounded, however many arrive at once. The package
// parses no response but an error and the link to a next page: whether an answer is valid JSON is
// left to the reader.
package partnercenter

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
	"golang.org/x/sync/semaphore"
)

// A TokenSource returns a valid token for Partner Center other than refused, which Partner Center
// just rejected (empty: none). An error is a *fault.Error, or the context's error if the caller is
// gone. It must be safe for concurrent use.
type TokenSource func(ctx context.Context, refused string) (string, error)

// Config configures a Client. One of App and User may be nil, and both if every caller brings a
// token.
type Config struct {
	BaseURL string // Partner Center without /v1, such as https://api.partnercenter.microsoft.com
	Version string // of this service, for the User-Agent

	HTTP   *http.Client                 // only its Transport is used
	App    TokenSource                  // tokens of the app alone
	User   TokenSource                  // tokens of the app with a signed-in user (App+User)
	Caller func(context.Context) string // the token that the caller brought for Partner Center; may be nil

	// AppAnswered and UserAnswered are called with the status of the answer to a call with a token of
	// App or User; of two answers, with the second. They may be nil.
	AppAnswered, UserAnswered func(status int)

	Timeout time.Duration // for one Get, including the request of a token
	MaxBody int64         // largest response, in bytes
}

// A Client calls the Partner Center API. It is safe for concurrent use.
type Client struct {
	config Config
	base   string
	agent  string
	budget *semaphore.Weighted // bytes of large responses
}

// New returns a Client. It makes no request.
func New(c Config) *Client {
	if c.Caller == nil {
		c.Caller = func(context.Context) string { return "" }
	}
	return &Client{
		config: c,
		base:   strings.TrimSuffix(c.BaseURL, "/") + "/v1",
		agent:  "partner-center-connector/" + c.Version,
		budget: semaphore.NewWeighted(largeBodies),
	}
}

// Timeout returns the time that a call of the service has, from its start.
func (c *Client) Timeout() time.Duration { return c.config.Timeout }

// A Request describes one call of Partner Center.
type Request struct {
	Path         string     // below /v1, with its leading slash
	Query        url.Values // may be nil
	User         bool       // requires a signed-in user (App+User)
	Continuation string     // token of the page to get; empty: the first page
	accept       string     // media type; empty: application/json
}

// Get sends a request and returns its JSON response, which the caller must close. An error is a
// *fault.Error, or the context's error if the caller is gone.
func (c *Client) Get(ctx context.Context, r Request) (*Body, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := checkJSON(resp.Header); err != nil {
		return nil, &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	return c.readBody(ctx, resp)
}

// withDeadline ends ctx when the time of its call is over. That began with the call, which may have
// waited for something else before, such as the keys that its token was verified with.
func (c *Client) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, call.FromContext(ctx).Started.Add(c.config.Timeout))
}

// do sends a request and returns a response with status 200. The caller closes its body.
func (c *Client) do(ctx context.Context, r Request) (*http.Response, error) {
	send, refuse := c.sendObserved, refusal
	if token := c.config.Caller(ctx); token != "" {
		send = func(ctx context.Context, r Request) (*http.Response, error) { return c.send(ctx, r, token) }
		refuse = callerRefusal
	}
	resp, err := send(ctx, r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, refuse(resp, r.Path)
	}
	return resp, nil
}

// sendObserved is sendSignedIn, and reports the status of the answer.
func (c *Client) sendObserved(ctx context.Context, r Request) (*http.Response, error) {
	resp, err := c.sendSignedIn(ctx, r)
	observe := c.config.AppAnswered
	if c.asUser(r) {
		observe = c.config.UserAnswered
	}
	if status := call.FromContext(ctx).UpstreamStatus; (status != 0) && (observe != nil) {
		observe(status)
	}
	return resp, err
}

// refusalBodyTimeout bounds reading the body of a 401, so that there is time left to retry with
// another token.
const refusalBodyTimeout = 200 * time.Millisecond

// sendSignedIn sends a request with one of the service's own tokens, and again with a fresh one if
// that is rejected.
func (c *Client) sendSignedIn(ctx context.Context, r Request) (*http.Response, error) {
	tokens := c.tokens(r)
	token, err := tokens(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, r, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	timeout := time.AfterFunc(refusalBodyTimeout, func() { resp.Body.Close() })
	refused := refusal(resp, r.Path)
	timeout.Stop()
	resp.Body.Close()
	if refused.Code != fault.PartnerCenterUnauthorized {
		return nil, refused // another token of the same sign-in would be refused too
	}
	if token, err = tokens(ctx, token); err != nil {
		return nil, err
	}
	return c.send(ctx, r, token)
}

// tokens returns the token source for a request.
func (c *Client) tokens(r Request) TokenSource {
	if c.asUser(r) {
		return c.config.User
	}
	return c.config.App
}

// asUser reports whether a request is sent with a token of User. An app-only request is if there is
// no App.
func (c *Client) asUser(r Request) bool {
	return (c.config.App == nil) || (r.User && (c.config.User != nil))
}

// send makes one upstream call. It sends the headers of
// https://learn.microsoft.com/partner-center/developer/headers and no others.
func (c *Client) send(ctx context.Context, r Request, token string) (*http.Response, error) {
	target := c.base + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	info := call.FromContext(ctx)
	req.Header = newHeader(
		"Authorization", "Bearer "+token,
		"Accept", cmp.Or(r.accept, "application/json"),
		"Ms-Requestid", info.RequestID,
		"Ms-Correlationid", info.CorrelationID,
		"Ms-Cv", info.CV,
		"X-Locale", info.Locale,
		"Ms-Partnercenter-Application", "Partner Center Connector",
		"User-Agent", c.agent,
	)
	if r.Continuation != "" {
		req.Header["Ms-Continuationtoken"] = []string{r.Continuation}
	}
	resp, err := c.config.HTTP.Transport.RoundTrip(req) // Do would parse the Location of a redirect
	if err != nil {
		return nil, connectionFault(ctx, fault.PartnerCenterUnreachable, err)
	}
	info.UpstreamStatus = resp.StatusCode
	return resp, nil
}

// newHeader returns a header with fields, canonical names that are each followed by their value. It
// retains fields.
func newHeader(fields ...string) http.Header {
	h := make(http.Header, len(fields)/2)
	for i := 0; i < len(fields); i += 2 {
		h[fields[i]] = fields[i+1 : i+2 : i+2]
	}
	return h
}

// connectionFault returns the fault for a call whose connection failed with err:
// PartnerCenterTimeout if the deadline has passed, else code. If the caller is gone, it returns the
// context's error.
func connectionFault(ctx context.Context, code fault.Code, err error) error {
	var network net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout(): // dialing has the same deadline
		return &fault.Error{Code: fault.PartnerCenterTimeout}
	}
	return &fault.Error{Code: code, Cause: outbound.Describe(err)}
}
