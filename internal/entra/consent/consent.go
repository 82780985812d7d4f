// Package consent signs a user in once, in a browser, and stores the refresh token with which the
// service then acts for that user. It uses the authorization code grant with PKCE: a page of Entra
// ID redirects the browser to a port of this machine. Only an answer with the random state of the
// sign-in is accepted, and no page repeats anything from it. A token of another tenant is rejected,
// and a token without multifactor authentication never replaces an existing one. The caller opens
// the browser and explains errors of Entra ID.
package consent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/entra/tokenfile"
)

// Options configures a sign-in.
type Options struct {
	Port int                  // local port that the browser is redirected to; 0: any free one
	Open func(address string) // opens the address in a browser; nil: the user opens it
	Out  io.Writer            // receives instructions and the result, for the user
}

// signInTimeout is how long the user may take to sign in.
const signInTimeout = 10 * time.Minute

// Run lets a user sign in and allow the app to act for them at Partner Center. It writes the
// resulting refresh token to the file of c. It waits for ten minutes unless ctx ends first. An
// error of a file of c is a *secretfile.Error; one of Entra ID is an *entra.RefusedError or an
// *entra.NoAnswerError.
func Run(ctx context.Context, c entra.Config, o Options) error {
	client := entra.NewClient(c)
	if err := check(ctx, c, client); err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil {
		return fmt.Errorf("cannot wait for the browser: %w: choose another port", err)
	}
	s := newSignIn(c, listener.Addr())
	fmt.Fprintf(o.Out, instructions, s.address(), s.port)
	if o.Open != nil {
		go o.Open(s.address()) // in the background: some browsers block until they are closed
	}
	answer, err := waitForAnswer(ctx, s, listener)
	if err != nil {
		return err
	}
	grant, err := redeem(ctx, c, client, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {answer.Get("code")},
		"redirect_uri":  {s.redirectURI()},
		"code_verifier": {s.verifier},
		"scope":         {c.UserScopes()},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout) // to wait for other instances
	defer cancel()
	return save(ctx, c, grant, o.Out)
}

// redeem exchanges the code of a sign-in within the timeout of one exchange.
func redeem(ctx context.Context, c entra.Config, client *entra.Client, code url.Values) (entra.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return client.Redeem(ctx, code)
}

// check fails early, before the user signs in, if the result could not be used or stored.
func check(ctx context.Context, c entra.Config, client *entra.Client) error {
	if err := c.ValidateApp(); err != nil {
		return err
	}
	if err := tokenfile.CheckWritable(c.RefreshTokenFile); err != nil {
		return err
	}
	return client.CheckCredential(ctx)
}

// A signIn holds what the request and the answer of one sign-in have in common.
type signIn struct {
	config   entra.Config
	port     string
	state    string
	verifier string // PKCE code verifier, RFC 7636
}

func newSignIn(c entra.Config, listening net.Addr) *signIn {
	_, port, _ := net.SplitHostPort(listening.String()) // a listener's address always has one
	return &signIn{config: c, port: port, state: rand.Text(), verifier: rand.Text() + rand.Text()}
}

// redirectURI returns the address of the callback. Entra ID ignores the port of a registered
// http://localhost.
func (s *signIn) redirectURI() string { return "http://localhost:" + s.port }

// address returns the URL of the page on which the user signs in.
func (s *signIn) address() string {
	challenge := sha256.Sum256([]byte(s.verifier))
	return s.config.Endpoint("authorize") + "?" + url.Values{
		"client_id":             {s.config.ClientID},
		"response_type":         {"code"},
		"response_mode":         {"query"},
		"redirect_uri":          {s.redirectURI()},
		"scope":                 {s.config.UserScopes()},
		"state":                 {s.state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
		"prompt":                {"select_account"},
	}.Encode()
}

const instructions = "Sign in as a user of the partner's tenant with a role in Partner Center that may read " +
	`customers and invoices. Use
multifactor authentication. Open this address in a browser:

%s

The browser comes back to port %s of this machine within ten minutes. The app registration needs the redirect URI
http://localhost.
`

// save stores the refresh token if it belongs to the right tenant, and tells the user how they
// signed in.
func save(ctx context.Context, c entra.Config, grant entra.Grant, out io.Writer) error {
	if grant.RefreshToken == "" {
		return errors.New("no refresh token came from Entra ID: check that the app may ask for offline_access")
	}
	claims, readable := entra.Inspect(grant.AccessToken)
	if readable && !strings.EqualFold(claims.Tenant, c.TenantID) {
		return fmt.Errorf("the user signed in to tenant %q, not to the partner's: sign in again with a user of "+
			"CONNECTOR_TENANT_ID", claims.Tenant)
	}
	file := tokenfile.New(c.RefreshTokenFile, c.Log)
	unlock, err := file.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	withoutMFA := readable && claims.Methods && !claims.MFA
	if withoutMFA && !file.IsEmpty() {
		return fmt.Errorf("the user signed in without multifactor authentication, and Partner Center has refused the "+
			"calls of such users since April 2026: %s keeps the refresh token that it holds; require multifactor "+
			"authentication of this user and run connector consent again", c.RefreshTokenFile)
	}
	if err := file.Replace(grant.RefreshToken); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe refresh token is in %s.\n", c.RefreshTokenFile)
	switch {
	case !readable:
		fmt.Fprintln(out, "Entra ID's answer does not show whether multifactor authentication was used.")
	case claims.MFA:
		fmt.Fprintf(out, "The user signed in to tenant %s with multifactor authentication.\n", claims.Tenant)
	default:
		fmt.Fprintf(out, noMFA, claims.Tenant)
	}
	return nil
}

const noMFA = "WARNING: the user signed in to tenant %s without multifactor authentication. " +
	`Since April 2026 Partner Center
refuses the calls of such users: require it of this user and run connector consent again.
`
