package entra

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cli/browser"
	"github.com/partner-center/connector/internal/atomicfile"
	"golang.org/x/oauth2"
)

// ConsentOptions say how a user consents.
type ConsentOptions struct {
	Port      int       // of this machine, to which the browser comes back; 0: any
	NoBrowser bool      // opens none, so that the address can be taken elsewhere
	Out       io.Writer // for the user to read
}

const (
	consentWait   = 10 * time.Minute // for the user to sign in
	farewell      = time.Second      // for the browser to read the last page
	headerTimeout = 10 * time.Second
)

// Consent lets a user sign in and allow the app to act for them at Partner Center, and writes the refresh token that
// comes of it to RefreshTokenFile. It waits for ten minutes unless the context ends sooner. An error is one line for
// an administrator.
func Consent(ctx context.Context, c Config, o ConsentOptions) error {
	if err := c.validateApp(); err != nil {
		return err
	}
	if err := c.Writable(); err != nil {
		return err
	}
	prove := c.prover()
	if _, err := prove(ctx); err != nil { // rather now than when the user has signed in
		return errors.New(Explain(asFault(err)))
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil {
		return fmt.Errorf("cannot wait for the browser: %w: choose another port", err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // it has just listened there
	verifier := oauth2.GenerateVerifier()
	l := &landing{port: port, state: rand.Text(), answer: make(chan url.Values, 1)}
	request := oauth2.Config{
		ClientID:    c.ClientID,
		Endpoint:    oauth2.Endpoint{AuthURL: c.endpoint("authorize")},
		RedirectURL: "http://localhost:" + port,
		Scopes:      c.userScopes(),
	}
	address := request.AuthCodeURL(l.state, oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("response_mode", "query"), oauth2.SetAuthURLParam("prompt", "select_account"))

	fmt.Fprintf(o.Out, consentText, address, port)
	if !o.NoBrowser {
		go openBrowser(address) // some wait until it is closed; without one the address is there to read
	}
	answer, err := l.wait(ctx, listener)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	token, err := c.redeem(ctx, prove, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {answer.Get("code")},
		"redirect_uri":  {request.RedirectURL},
		"code_verifier": {verifier},
	})
	if err != nil {
		return errors.New(Explain(err))
	}
	return c.keepConsent(ctx, token, o.Out)
}

const consentText = `Sign in as a user of the partner's tenant with a role in Partner Center that may read customers and invoices, with
multifactor authentication. Open this address in a browser:

%s

The browser comes back to port %s of this machine within ten minutes. The app registration needs the redirect URI
http://localhost.
`

// openBrowser opens an address in the user's browser.
var openBrowser = func(address string) {
	browser.OpenURL(address)
}

// keepConsent writes the refresh token if it is for the right tenant, and says what the sign-in was like.
func (c Config) keepConsent(ctx context.Context, token *oauth2.Token, out io.Writer) error {
	if token.RefreshToken == "" {
		return errors.New("no refresh token came from Entra ID: see that the app may ask for offline_access")
	}
	claims, ok := Inspect(token.AccessToken)
	if ok && !strings.EqualFold(claims.Tenant, c.TenantID) {
		return fmt.Errorf("the user signed in to tenant %q, not to the partner's: sign in again with a user of CONNECTOR_TENANT_ID", claims.Tenant)
	}
	file := refreshFile{path: c.RefreshTokenFile, log: c.Log}
	unlock, err := file.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if ok && claims.Methods && !claims.MFA && file.consented() {
		return fmt.Errorf("the user signed in without multifactor authentication, and Partner Center has refused the calls of such users since April 2026: "+
			"%s keeps the refresh token that it holds; require multifactor authentication of this user and run connector consent again", c.RefreshTokenFile)
	}
	if err := atomicfile.Replace(c.RefreshTokenFile, []byte(token.RefreshToken+"\n")); err != nil {
		return c.unwritable(err)
	}
	fmt.Fprintf(out, "\nThe refresh token is in %s.\n", c.RefreshTokenFile)
	switch {
	case !ok:
		fmt.Fprintln(out, "Whether multifactor authentication was used cannot be seen.")
	case claims.MFA:
		fmt.Fprintf(out, "The user signed in to tenant %s with multifactor authentication.\n", claims.Tenant)
	default:
		fmt.Fprintf(out, "WARNING: the user signed in to tenant %s without multifactor authentication. Since April 2026 Partner Center\n"+
			"refuses the calls of such users: require it of this user and run connector consent again.\n", claims.Tenant)
	}
	return nil
}

// Writable says whether the refresh token can be replaced: whether a file can be made beside it. Without a refresh token
// file there is nothing to replace.
func (c Config) Writable() error {
	if c.RefreshTokenFile == "" {
		return nil
	}
	f, err := atomicfile.CreateTemp(atomicfile.Target(c.RefreshTokenFile))
	if err != nil {
		return c.unwritable(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (c Config) unwritable(err error) error {
	return &badFile{"CONNECTOR_REFRESH_TOKEN_FILE", c.RefreshTokenFile, reason(err), "name a file in a directory that can be written; a file that is mounted by itself cannot be replaced"}
}

// landing is where the browser comes back to with Entra ID's answer.
type landing struct {
	port   string
	state  string
	answer chan url.Values // room for one
}

// wait serves the landing until the answer has come and returns it, unless it is a refusal.
func (l *landing) wait(ctx context.Context, listener net.Listener) (url.Values, error) {
	server := &http.Server{Handler: l, ReadHeaderTimeout: headerTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(listener)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		server.Shutdown(ctx)
	}()
	timeout := time.NewTimer(consentWait)
	defer timeout.Stop()
	select {
	case answer := <-l.answer:
		if answer.Has("error") {
			return nil, errors.New(Explain(refusedSignIn(answer)))
		}
		return answer, nil
	case <-timeout.C:
		return nil, fmt.Errorf("nobody signed in for %v", consentWait)
	case <-ctx.Done():
		return nil, errors.New("stopped before anybody had signed in")
	}
}

const lastPage = `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Partner Center connector</title>
<p>You can close this window. The terminal says how it went.</p></html>
`

// ServeHTTP takes the answer that belongs to this sign-in and has nothing for any other request.
func (l *landing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ourHost := r.Host == "localhost:"+l.port || r.Host == "127.0.0.1:"+l.port
	ourState := subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(l.state)) == 1
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet || !ourHost || r.URL.Path != "/" || !ourState || query.Has("code") == query.Has("error") {
		http.NotFound(w, r)
		return
	}
	select {
	case l.answer <- query:
	default: // the page was loaded again
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	io.WriteString(w, lastPage)
}

// refusedSignIn is the refusal that the browser brings, whose number is in its description alone.
func refusedSignIn(answer url.Values) *Refused {
	r := &Refused{Peer: signInPage}
	if name := answer.Get("error"); errorName.MatchString(name) {
		r.Name = name
	}
	r.Codes = described(answer.Get("error_description"))
	return r
}
