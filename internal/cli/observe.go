package cli

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// newMetrics returns the metrics for a service. The outcomes and projections determine the values
// of the metrics' labels, so that all series exist from the start.
func newMetrics(outcomes []gate.Outcome, projections proxy.Projections) *metrics.Metrics {
	return metrics.New(metrics.Config{
		Build:    metrics.Build{Version: version(), Commit: commit(), Go: runtime.Version()},
		Outcomes: outcomes,
		Paths:    projections.DroppablePaths(),
	})
}

// watch registers the gauges that are computed on each scrape. It must be called once. The number
// of live connections is only available if calls are counted in memory: in Redis, it would take a
// scan of all keys.
func (s *service) watch(log serviceLog) {
	g := metrics.Gauges{
		InFlight:       s.handler.InFlight,
		Draining:       s.handler.Draining,
		Dropped:        log.sink.Dropped,
		Overridden:     func() bool { return false },
		CertificateEnd: s.certificateEnd,
	}
	switch l := s.limiter.(type) {
	case *ratelimit.Limiter:
		g.Connections = l.Live
	case *redislimit.Limiter:
		g.Overridden = l.Overridden
	}
	s.metrics.Watch(g)
	if s.sandbox != nil {
		return // its credential always works and is not tried
	}
	if s.app != nil {
		s.metrics.WatchCredential(metrics.App)
	}
	if s.user != nil {
		s.metrics.WatchCredential(metrics.User)
	}
}

// observer returns the functions that record calls in metrics and traces.
func (s *service) observer() gate.Observer {
	o := gate.Observer{Decide: s.metrics.Decide}
	if s.traces != nil {
		o.Begin = s.traces.Begin
	}
	o.End = func(ctx context.Context, outcome gate.Outcome, duration time.Duration) {
		s.metrics.Call(outcome, duration)
		if s.traces == nil {
			return
		}
		code := string(outcome.Code)
		if outcome.Code == gate.Good {
			code = ""
		}
		s.traces.Name(ctx, outcome.Operation)
		s.traces.End(ctx, outcome.Status, code)
	}
	return o
}

// traced returns a client whose requests appear in traces under the name what. Without traces it
// returns client itself.
func (s *service) traced(client *http.Client, what string) *http.Client {
	if s.traces == nil {
		return client
	}
	return outbound.Observe(client, s.traces.Request(what))
}
