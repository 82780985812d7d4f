// Package diagnose tries what a call needs and returns findings: what works, what does not, and
// what an administrator can do about it. It knows the remedies for errors of Entra ID, Partner
// Center, certificates and the public URL. It prints nothing, changes nothing and starts no
// service; the parts that it tries are functions that its caller wires. Texts of findings hold no
// secret and nothing that a peer sent but names and numbers that may be logged.
package diagnose

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/entra"
)

// Result is how serious a finding is.
type Result string

// The results. A call fails where one is Fail.
const (
	OK   Result = "ok"
	Warn Result = "warn"
	Fail Result = "FAIL"
	Skip Result = "skip"
)

// Finding is one thing that was tried.
type Finding struct {
	Result  Result
	Subject string // such as Entra ID
	Text    string // what was found, in one line without a full stop
	Remedy  string // what to do, in sentences; empty: nothing
}

// String returns the text and the remedy in one line.
func (f Finding) String() string {
	if f.Remedy == "" {
		return f.Text
	}
	return strings.TrimSuffix(f.Text, ".") + ". " + f.Remedy
}

// Config is what Run tries. Parts that are nil or empty are not in use and are left out.
type Config struct {
	Variables Variables

	Mistakes []error // in the files that settings name, each in one line
	APIKeys  *APIKeys
	Limit    func(context.Context) error // tries the Redis that calls are counted in

	Certificate *x509.Certificate // of the app
	EntraID     *EntraID
	SigningKeys func(context.Context) (int, error) // fetches those of callers' tokens and returns how many there are
	Connections []Connection                       // to Partner Center

	PublicURL string       // without a slash at the end
	HTTP      *http.Client // for the public URL; follows no redirect
}

// APIKeys are the keys that callers sign in with.
type APIKeys struct {
	Count int
	Names []string
	Only  bool // there is no other way to sign in
}

// EntraID is the tenant that tokens come from.
type EntraID struct {
	entra.Config
	Cloud        string // host of the cloud's authority without login., such as microsoftonline.com
	ChecksTokens bool   // this machine's clock decides whether callers' tokens are valid
}

// Connection is one kind of token for Partner Center.
type Connection struct {
	Name      string                                // app-only or App+User
	User      bool                                  // a user has signed in
	Audiences []string                              // that its tokens may have
	Token     func(context.Context) (string, error) // nil: its files cannot be used, as Mistakes has it
	Call      func(context.Context) error           // makes a small call of Partner Center
	Writable  func() error                          // reports why the refresh token cannot be replaced; nil: no need
}

// Run tries everything in c, in an order in which causes come before their effects, and calls
// report with each finding as soon as it is made.
func Run(ctx context.Context, c Config, report func(Finding)) {
	r := &run{Config: c, report: report}
	r.settings()
	r.apiKeys()
	r.limit(ctx)
	r.certificate()
	r.tokens(ctx)
	r.publicURL(ctx)
}

// run is one run.
type run struct {
	Config
	report func(Finding)
}

func (r *run) ok(subject, text string)           { r.report(Finding{OK, subject, text, ""}) }
func (r *run) skip(subject, text string)         { r.report(Finding{Skip, subject, text, ""}) }
func (r *run) warn(subject, text, remedy string) { r.report(Finding{Warn, subject, text, remedy}) }
func (r *run) fail(subject, text, remedy string) { r.report(Finding{Fail, subject, text, remedy}) }

func (r *run) settings() {
	for _, err := range r.Mistakes {
		r.fail("settings", err.Error(), "")
	}
	if len(r.Mistakes) == 0 {
		r.ok("settings", "complete")
	}
	r.ok("spec", "every answer can be projected")
}

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

func (r *run) limit(ctx context.Context) {
	const subject = "limit"
	if r.Limit == nil {
		return
	}
	if err := r.Limit(ctx); err != nil {
		r.fail(subject, err.Error(), "Check "+r.Variables.redisURL()+", and that this machine reaches Redis there.")
		return
	}
	r.ok(subject, "counted in Redis, which evicts nothing")
}

// CertificateNotice is how long before its end a certificate is worth a warning.
const CertificateNotice = 30 * 24 * time.Hour

// certificate reports when the app's certificate ends.
func (r *run) certificate() {
	if r.Certificate == nil {
		return
	}
	r.ends("certificate", r.Certificate, "Make a new one, upload it to the app registration and put it into the "+
		"file that CONNECTOR_CLIENT_CERTIFICATE_FILE names; no restart is needed.")
}

// ends reports when a certificate ends.
func (r *run) ends(subject string, certificate *x509.Certificate, remedy string) {
	day := certificate.NotAfter.UTC().Format(time.DateOnly)
	if left := time.Until(certificate.NotAfter); left < CertificateNotice {
		r.warn(subject, fmt.Sprintf("valid until %s, for %d more days", day, int(left/(24*time.Hour))), remedy)
		return
	}
	r.ok(subject, "valid until "+day)
}
