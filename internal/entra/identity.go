package entra

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// byManagedIdentity requests a token from the machine's managed identity endpoint. Through
// federation, it authenticates the app.
func (c Config) byManagedIdentity(ctx context.Context) (clientAuth, error) {
	r := &recorder{base: c.HTTP.Transport}
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: azcore.ClientOptions{
		Transport: &http.Client{Transport: r, CheckRedirect: refuseRedirect},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}}
	if c.ManagedIdentity != "system" {
		options.ID = azidentity.ClientID(c.ManagedIdentity)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	if err != nil {
		return clientAuth{}, err
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{
		Scopes: []string{c.ExchangeAudience + "/.default"},
		Claims: "{}", // bypasses the cache, which all credentials of a process share
	})
	if err != nil {
		return clientAuth{}, r.failure()
	}
	return clientAuth{assertion: token.Token}, nil
}

func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A recorder records how the last request failed, because azidentity's own errors repeat texts of
// the peer.
type recorder struct {
	base http.RoundTripper
	err  error
}

// RoundTrip sends a request, reads the whole response and records a failure.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var resp *http.Response
	var body []byte
	resp, body, r.err = roundTrip(r.base, req, ManagedIdentity)
	if r.err != nil {
		return nil, r.err
	}
	if resp.StatusCode != http.StatusOK {
		r.err = newRefusedError(origin{peer: ManagedIdentity}, resp, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// failure returns why there is no token after azidentity has failed.
func (r *recorder) failure() error {
	if r.err == nil {
		return &NoAnswerError{ManagedIdentity, errors.New("it holds no token")}
	}
	return r.err
}
