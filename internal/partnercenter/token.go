package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
	"golang.org/x/sync/singleflight"
)

// tokens keeps one access token at hand. However many callers need a new one, one request for it is under way;
// it is renewed when four fifths of its life are over, while calls go on with the old one.
type tokens struct {
	fetch   func(context.Context) (azcore.AccessToken, error)
	timeout time.Duration // of one fetch, which outlives the caller that began it
	log     *slog.Logger
	flight  singleflight.Group

	mu    sync.Mutex
	token string
	renew time.Time // when to ask for the next one
	ends  time.Time
}

// renewPause is how long a failed renewal waits for the next one while the old token lasts.
const renewPause = 10 * time.Second

// get returns a token that has not ended and is not the refused one, which upstream did not accept. An error is
// a *fault.Error, or the context's where the caller has gone.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	if refused != "" && t.token == refused {
		t.token = ""
	}
	now := time.Now()
	token := t.token
	valid, due := token != "" && now.Before(t.ends), !now.Before(t.renew)
	t.mu.Unlock()
	if valid && !due {
		return token, nil
	}
	result := t.flight.DoChan("", t.next)
	if valid {
		return token, nil
	}
	select {
	case r := <-result:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return "", ctx.Err()
		}
		return "", &fault.Error{Kind: fault.IdentityUnavailable, RetryAfter: fault.UsualRetry, Cause: errors.New("no token within the deadline")}
	}
}

// bearer is what a token may look like: https://www.rfc-editor.org/rfc/rfc6750#section-2.1, and more generously.
var bearer = regexp.MustCompile(`^[!-~]+$`)

// next fetches a token and keeps it.
func (t *tokens) next() (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), t.timeout)
	defer cancel()
	fetched, err := t.fetch(ctx)
	if err == nil && !bearer.MatchString(fetched.Token) {
		err = errors.New("a token that is none")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if err != nil {
		t.renew = now.Add(renewPause)
		f := identityFault(err)
		t.log.Warn("no token from Entra ID", "error", f)
		return nil, f
	}
	life := fetched.ExpiresOn.Sub(now) // in durations, so that a later step of the clock does not matter
	t.token, t.ends, t.renew = fetched.Token, now.Add(life), now.Add(life/5*4)
	return t.token, nil
}

// secretCredential returns a function that gets a new app-only token for a client secret. azidentity gives
// its cached token back for as long as the token's own clock says, refused or not; a new credential has no cache.
func secretCredential(c Config, client *http.Client) func(context.Context) (azcore.AccessToken, error) {
	return func(ctx context.Context) (azcore.AccessToken, error) {
		wire := &transport{client: client}
		credential, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret, &azidentity.ClientSecretCredentialOptions{
			DisableInstanceDiscovery: true, // the authority is the administrator's word
			ClientOptions: azcore.ClientOptions{
				Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority},
				Transport: wire,
				Retry:     policy.RetryOptions{MaxRetries: -1},
				Telemetry: policy.TelemetryOptions{Disabled: true},
			},
		})
		if err != nil {
			return azcore.AccessToken{}, err
		}
		token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.Scope}})
		if err != nil && wire.failure != nil {
			err = wire.failure
		}
		return token, err
	}
}

// transport is an HTTP client for one token. It reads at most 1 MiB of an answer, and remembers why there was
// none, which azidentity's error does not wrap.
type transport struct {
	client  *http.Client
	failure error
}

func (t *transport) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.client.Do(req)
	if err != nil {
		t.failure = err
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, 1<<20)
	return resp, nil
}

// identityFault tells a refused credential from an Entra ID that cannot answer.
func identityFault(err error) *fault.Error {
	unavailable := &fault.Error{Kind: fault.IdentityUnavailable, RetryAfter: fault.UsualRetry}
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		unavailable.Cause = outbound.Describe(err)
		return unavailable
	}
	cause := entraError(failed.RawResponse)
	switch failed.RawResponse.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return &fault.Error{Kind: fault.PartnerCenterUnauthorized, Cause: cause}
	}
	unavailable.Cause = cause
	return unavailable
}

var errorName = regexp.MustCompile(`^[a-z_]{1,40}$`)

// entraError is what of an error answer of Entra ID's may be logged: its codes, which
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes explains.
func entraError(resp *http.Response) error {
	var body struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	text, err := runtime.Payload(resp)
	if err != nil || json.Unmarshal(text, &body) != nil || !errorName.MatchString(body.Error) {
		return fmt.Errorf("answer %d of Entra ID", resp.StatusCode)
	}
	cause := fmt.Sprintf("answer %d of Entra ID: %s", resp.StatusCode, body.Error)
	for _, code := range body.Codes {
		cause += fmt.Sprintf(" AADSTS%d", code)
	}
	return errors.New(cause)
}
