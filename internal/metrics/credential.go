package metrics

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/partner-center/connector/internal/fault"
	"github.com/prometheus/client_golang/prometheus"
)

// A credential is the state of one of the service's own credentials. The zero value is that of one
// that has not been tried.
type credential struct {
	accepted atomic.Bool // Partner Center accepted the last token that it judged
	refused  atomic.Bool // Entra ID has refused a token and issued none since
	missing  atomic.Bool // the last time that a token was needed, there was none
}

// works reports whether calls with the credential can be expected to succeed.
func (c *credential) works() bool { return c.accepted.Load() && !c.refused.Load() && !c.missing.Load() }

// requested records the result of a request for a token. A request that Entra ID did not answer
// changes nothing: the token before it may still be valid.
func (c *credential) requested(result string) {
	switch result {
	case ok:
		c.refused.Store(false)
		c.missing.Store(false)
	case refused:
		c.refused.Store(true)
	}
}

// WatchCredential registers the gauge of the credential of a kind, App or User. It panics if it is
// called twice for a kind.
func (m *Metrics) WatchCredential(kind string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: prefix + "credential_working",
		Help: "1 if Partner Center accepted the last token that it judged, by answering 200 rather than 401, Entra " +
			"ID has not refused one since it last issued one, and there was one when a call last needed it, else 0: " +
			"of the app (app) or of the app with a user (user); absent for kinds that are not in use, and in the " +
			"sandbox.",
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

// Needed returns a function that records whether a call that needed a token of a kind, App or User,
// got one. An error that is not a *fault.Error is that of a caller who is gone and does not tell.
func (m *Metrics) Needed(kind string) func(error) {
	return func(err error) {
		if (err == nil) || errors.As(err, new(*fault.Error)) {
			m.credentials[kind].missing.Store(err != nil)
		}
	}
}
