// Package partnercenter asks the Partner Center REST API. Get returns the bytes of one whole JSON answer or a
// fault that says what went wrong in the caller's words: every status, every code of Partner Center's that has
// a meaning of its own, and every way in which a connection breaks is translated here and nowhere else. One Get
// makes one upstream call, or two when the service's own token had gone stale; it follows no redirect, uses no
// proxy, asks for no compression, sends nothing of its caller's but the tracking ids, and ends within one
// deadline. However many answers come at once, the memory of large ones is bounded. The package does not look into answers: whether the bytes are JSON is for their reader to find out.
package partnercenter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
	"golang.org/x/sync/semaphore"
)

// TokenSource gives the service's own tokens for Partner Center.
type TokenSource interface {
	// Get returns a token other than the refused one, which Partner Center did not accept; empty: none was. An error is
	// a *fault.Error, or the context's where the caller has gone.
	Get(ctx context.Context, refused string) (string, error)
}

// Config is what a Client needs. Of App and User one can be nil, and both where every caller brings a token.
type Config struct {
	BaseURL string // Partner Center without /v1, such as https://api.partnercenter.microsoft.com
	Version string // of this service, for the User-Agent

	HTTP *http.Client // follows no redirect
	App  TokenSource  // signs in as the app
	User TokenSource  // signs in as the app with a user: App+User

	Timeout time.Duration // for one Get with all that it does
	MaxBody int64         // largest answer, in bytes
}

// Client is a Partner Center API client. It is safe for concurrent use.
type Client struct {
	config Config
	base   string
	agent  string
	large  *semaphore.Weighted // bytes of large answers
}

// New returns a client. It makes no call.
func New(c Config) *Client {
	return &Client{
		config: c,
		base:   strings.TrimSuffix(c.BaseURL, "/") + "/v1",
		agent:  "partner-center-connector/" + c.Version,
		large:  semaphore.NewWeighted(allLarge),
	}
}

// Request is one call of Partner Center.
type Request struct {
	Path         string     // below /v1, with its slash
	Query        url.Values // may be nil
	User         bool       // Partner Center answers it to a signed-in user alone
	Continuation string     // goes on after the page that gave this token; empty: from the start
	accept       string     // media type; empty: application/json
}

// Get makes a call and returns its JSON answer, in buffer where that is large enough, with the lease of its memory, which
// the caller ends. An error is a *fault.Error, or the context's where the caller has gone.
func (c *Client) Get(ctx context.Context, r Request, buffer []byte) ([]byte, Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, Lease{}, err
	}
	defer resp.Body.Close()
	if err := checkHeader(resp.Header); err != nil {
		return nil, Lease{}, &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	return c.read(ctx, resp, buffer[:0])
}

// do makes a call and returns an answer with status 200 whose body the caller closes.
func (c *Client) do(ctx context.Context, r Request) (*http.Response, error) {
	connection, _ := auth.FromContext(ctx)
	var resp *http.Response
	var err error
	if own := connection.Token(); own != "" {
		resp, err = c.send(ctx, r, own)
	} else {
		resp, err = c.sendSignedIn(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, refusal(resp, r.Path, connection.Token() != "")
	}
	return resp, nil
}

// hearing is how long a refusal of a token may take to say why, so that there is time left for another.
const hearing = 200 * time.Millisecond

// sendSignedIn makes a call with a token of the service's, once more with a fresh one where that is refused.
func (c *Client) sendSignedIn(ctx context.Context, r Request) (*http.Response, error) {
	tokens := c.config.App
	if tokens == nil || r.User && c.config.User != nil {
		tokens = c.config.User
	}
	token, err := tokens.Get(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, r, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	giveUp := time.AfterFunc(hearing, func() { resp.Body.Close() })
	refused := refusal(resp, r.Path, false)
	giveUp.Stop()
	resp.Body.Close()
	if refused.Code != fault.PartnerCenterUnauthorized {
		return nil, refused // which another token of the same sign-in does not change
	}
	if token, err = tokens.Get(ctx, token); err != nil {
		return nil, err
	}
	return c.send(ctx, r, token)
}

// send makes one upstream call with the headers of
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
	req.Header = http.Header{
		"Authorization":                {"Bearer " + token},
		"Accept":                       {cmp.Or(r.accept, "application/json")},
		"Ms-Requestid":                 {info.RequestID},
		"Ms-Correlationid":             {info.CorrelationID},
		"Ms-Cv":                        {info.CV},
		"X-Locale":                     {info.Locale},
		"Ms-Partnercenter-Application": {"Partner Center Connector"},
		"User-Agent":                   {c.agent},
	}
	if r.Continuation != "" {
		req.Header["Ms-Continuationtoken"] = []string{r.Continuation}
	}
	resp, err := c.config.HTTP.Transport.RoundTrip(req) // not Do, which reads where a redirect leads
	if err != nil {
		return nil, broken(ctx, fault.PartnerCenterUnreachable, err)
	}
	info.UpstreamStatus = resp.StatusCode
	return resp, nil
}

// read appends the body of a good answer, all of it, to buffer, which is empty.
func (c *Client) read(ctx context.Context, resp *http.Response, buffer []byte) (_ []byte, l Lease, err error) {
	if resp.ContentLength > c.config.MaxBody {
		return nil, Lease{}, &fault.Error{Code: fault.PartnerCenterTooLarge, Cause: fmt.Errorf("%d bytes announced", resp.ContentLength)}
	}
	if 0 < resp.ContentLength && resp.ContentLength < small {
		buffer = slices.Grow(buffer, int(resp.ContentLength)+1) // one more, so that the end is met without growing
	}
	buffer, err = readTo(resp.Body, buffer, small)
	if err == nil {
		largest := c.config.MaxBody
		if resp.ContentLength > 0 {
			largest = resp.ContentLength
		}
		if l, err = c.lease(ctx, largest); err != nil {
			return nil, Lease{}, broken(ctx, fault.PartnerCenterTimeout, err)
		}
		if resp.ContentLength > 0 {
			buffer = slices.Grow(buffer, int(largest)+1-len(buffer))
		}
		buffer, err = readTo(resp.Body, buffer, int(c.config.MaxBody)+1)
	}
	switch {
	case int64(len(buffer)) > c.config.MaxBody:
		err = &fault.Error{Code: fault.PartnerCenterTooLarge, Cause: fmt.Errorf("more than %d bytes", c.config.MaxBody)}
	case err == io.EOF:
		l.Keep(2 * len(buffer))
		return buffer, l, nil
	default:
		err = broken(ctx, fault.PartnerCenterInvalidResponse, err)
	}
	l.Keep(0)
	return nil, Lease{}, err
}

// broken is the fault of a call whose connection failed: of the given kind, unless its time was over.
func broken(ctx context.Context, kind fault.Code, err error) error {
	var network net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err() // the caller has gone
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout(): // connecting has the same deadline
		return &fault.Error{Code: fault.PartnerCenterTimeout}
	}
	return &fault.Error{Code: kind, Cause: outbound.Describe(err)}
}
