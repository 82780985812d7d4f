package metrics

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// A credential is the state of one of the service's own credentials. The zero value is that of one
// that has not been tried.
type credential struct {
	issued   atomic.Bool // Entra ID issued the last token that was requested
	accepted atomic.Bool // Partner Center accepted the last token that it judged
}

// works reports whether calls with the credential can be expected to succeed.
func (c *credential) works() bool { return c.issued.Load() && c.accepted.Load() }

// WatchCredential registers the gauge of the credential of a kind, App or User. It panics if it is
// called twice for a kind.
func (m *Metrics) WatchCredential(kind string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: prefix + "credential_working",
		Help: "1 if Entra ID issued the last token that the service asked it for and Partner Center accepted the " +
			"last one that it judged, by answering 200 rather than 401, else 0: of the app (app) or of the app with " +
			"a user (user); absent for kinds that are not in use, and in the sandbox.",
		ConstLabels: prometheus.Labels{"kind": kind},
	}, flag(m.credentials[kind].works)))
}

// Answered returns a function that records the status with which Partner Center answered a call
// with a token of a kind, App or User. 200 means that it accepts the token and 401 that it does not;
// other statuses do not tell.
func (m *Metrics) Answered(kind string) func(status int) {
	return func(status int) {
		switch status {
		case http.StatusOK:
			m.credentials[kind].accepted.Store(true)
		case http.StatusUnauthorized:
			m.credentials[kind].accepted.Store(false)
		}
	}
}
