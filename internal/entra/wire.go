package entra

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/partner-center/connector/internal/outbound"
	"golang.org/x/oauth2"
)

// The peers that are asked on the way to a token.
const (
	entraID         = "Entra ID"
	managedIdentity = "the managed identity endpoint"
	signInPage      = "the sign-in page"
)

// maxAnswer is the most that is read of an answer, in bytes.
const maxAnswer = 1 << 20

// wire carries the requests for one token to one peer. It remembers how the last one went wrong, because what the
// libraries make of that repeats what the peer said.
type wire struct {
	peer string
	base http.RoundTripper
	err  error
}

func (c Config) wire(peer string) *wire { return &wire{peer: peer, base: c.HTTP.Transport} }

// RoundTrip makes a request and reads the whole answer.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(req)
	if err != nil {
		w.err = &silence{w.peer, outbound.Describe(err)}
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		w.err = &silence{w.peer, outbound.Describe(err)}
		return nil, err
	case len(body) > maxAnswer:
		w.err = &silence{w.peer, errors.New("it is longer than 1 MiB")}
		return nil, w.err
	}
	w.err = nil
	if resp.StatusCode != http.StatusOK {
		w.err = refused(w.peer, resp, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// client is an HTTP client on the wire.
func (w *wire) client() *http.Client {
	return &http.Client{
		Transport:     w,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// context carries the wire to golang.org/x/oauth2.
func (w *wire) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, w.client())
}

// options carry the wire to azidentity, which shall neither retry nor tell Microsoft about this machine.
func (w *wire) options(authority string) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority},
		Transport: w.client(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
}

// failure is why there is no token, once a library has said that there is none.
func (w *wire) failure() error {
	if w.err == nil {
		return &silence{w.peer, errors.New("it holds no token")}
	}
	return w.err
}
