// Package diagnose tries what a call needs and reports findings: what works, what does not, and how
// an administrator can fix it. It knows remedies for errors of Entra ID and Partner Center, for
// certificates and for the public URL. It prints nothing, changes no setting and starts no service;
// the caller supplies the parts to try as functions, which may renew a refresh token or join Redis
// as an instance does. Texts of findings contain no secrets, and of
// what peers send only names and numbers that may be logged.
package diagnose

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/entra"
)

// A Result is the severity of a finding.
type Result string

// Results. If one is Fail, calls fail.
const (
	OK   Result = "ok"
	Warn Result = "warn"
	Fail Result = "FAIL"
	Skip Result = "skip"
)

// A Finding is the result of one check.
type Finding struct {
	Result  Result
	Subject string // such as Entra ID
	Text    string // one line without a final period
	Remedy  string // what to do, in full sentences; empty: nothing
	Mistake bool   // the failure is a mistake in the settings
}

// String returns the text and the remedy in one line.
func (f Finding) String() string {
	if f.Remedy == "" {
		return f.Text
	}
	return strings.TrimSuffix(f.Text, ".") + ". " + f.Remedy
}

// Config selects what Run tries. It skips parts that are nil or empty.
type Config struct {
	Variables Variables

	Mistakes []error // errors of files that settings name, of one line each
	APIKeys  *APIKeys

	// Limit tries the Redis that counts calls. It returns the time for which calls still wait,
	// because Redis may have lost counts.
	Limit func(context.Context) (fence time.Duration, err error)

	Certificate *x509.Certificate // of the app
	EntraID     *EntraID
	SigningKeys func(context.Context) (int, error) // fetches the keys of callers' tokens and returns their number
	Connections []Connection                       // kinds of tokens for Partner Center

	PublicURL string       // without a slash at the end
	HTTP      *http.Client // for the public URL; must not follow redirects
	Listen    string       // address that the service listens on; empty: not known
	Sandbox   bool         // the service is a sandbox

	// LookUp returns the addresses of the host of the public URL. Nil selects the system's resolver.
	LookUp func(ctx context.Context, host string) ([]netip.Addr, error)
}

// APIKeys describes the keys that callers sign in with.
type APIKeys struct {
	Count int
	Names []string
	Only  bool // callers cannot sign in in any other way
}

// EntraID describes the tenant that issues tokens.
type EntraID struct {
	entra.Config
	Cloud        string // host of the cloud's authority without login., such as microsoftonline.com
	ChecksTokens bool   // callers' tokens are validated with this machine's clock
}

// A Connection is one kind of token for Partner Center.
type Connection struct {
	Name      string                                // app-only or App+User
	User      bool                                  // a user has signed in
	Audiences []string                              // valid audiences of its tokens
	Token     func(context.Context) (string, error) // nil: a file is unusable, see Config.Mistakes
	Call      func(context.Context) error           // sends a small request to Partner Center
	Writable  func() error                          // returns why the refresh token cannot be replaced; may be nil
}

// Run tries everything in c, causes before their effects, and calls report with each finding as
// soon as it has it.
func Run(ctx context.Context, c Config, report func(Finding)) {
	r := &run{Config: c, report: report}
	r.settings()
	r.apiKeys()
	r.limit(ctx)
	r.certificate()
	r.tokens(ctx)
	r.publicURL(ctx)
}

// A run is the state of one call of Run.
type run struct {
	Config
	report func(Finding)
}

func (r *run) ok(subject, text string) { r.report(Finding{Result: OK, Subject: subject, Text: text}) }
func (r *run) skip(subject, text string) {
	r.report(Finding{Result: Skip, Subject: subject, Text: text})
}

func (r *run) warn(subject, text, remedy string) {
	r.report(Finding{Result: Warn, Subject: subject, Text: text, Remedy: remedy})
}

func (r *run) fail(subject, text, remedy string) {
	r.report(Finding{Result: Fail, Subject: subject, Text: text, Remedy: remedy})
}

func (r *run) mistake(subject, text, remedy string) {
	r.report(Finding{Result: Fail, Subject: subject, Text: text, Remedy: remedy, Mistake: true})
}

// settings reports the mistakes that the caller found in files.
func (r *run) settings() {
	for _, err := range r.Mistakes {
		r.mistake("settings", err.Error(), "")
	}
	if len(r.Mistakes) == 0 {
		r.ok("settings", "complete")
	}
	r.ok("spec", "every answer can be projected") // the caller has compiled it
}

// apiKeys reports how many keys there are. Having none is a failure only if callers cannot sign in
// otherwise.
func (r *run) apiKeys() {
	const subject, addOne = "API keys", "Run connector keys add NAME"
	switch {
	case r.APIKeys == nil:
	case (r.APIKeys.Count == 0) && r.APIKeys.Only:
		r.fail(subject, "the file has no key, so no caller can sign in", addOne+".")
	case r.APIKeys.Count == 0:
		r.warn(subject, "the file has no key", addOne+", or leave api-key out of CONNECTOR_SIGN_IN.")
	default:
		r.ok(subject, fmt.Sprintf("%d in all, for %s", r.APIKeys.Count, strings.Join(r.APIKeys.Names, ", ")))
	}
}

// CertificateNotice is how long before its expiry a certificate is reported with a warning.
const CertificateNotice = 30 * 24 * time.Hour

// certificate reports when the app's certificate expires.
func (r *run) certificate() {
	if r.Certificate == nil {
		return
	}
	r.ends("certificate", r.Certificate, "Make a new one, upload it to the app registration and put it into the "+
		"file that CONNECTOR_CLIENT_CERTIFICATE_FILE names; no restart is needed.")
}

// ends reports when a certificate expires.
func (r *run) ends(subject string, certificate *x509.Certificate, remedy string) {
	day := certificate.NotAfter.UTC().Format(time.DateOnly)
	if left := time.Until(certificate.NotAfter); left < CertificateNotice {
		r.warn(subject, fmt.Sprintf("valid until %s, for %d more days", day, int(left/(24*time.Hour))), remedy)
		return
	}
	r.ok(subject, "valid until "+day)
}
