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
)

// newMetrics returns the metrics of a service with these operations and answers.
func newMetrics(operations gate.Operations, projections proxy.Projections) *metrics.Metrics {
	return metrics.New(metrics.Config{
		Build:    metrics.Build{Version: version(), Commit: commit(), Go: runtime.Version()},
		Outcomes: operations.Outcomes(),
		Paths:    projections.DroppablePaths(),
	})
}

// watch adds the gauges that are computed when the metrics are read. It is called once. Live
// connections are a gauge only if they are counted in memory: in Redis, counting them would mean a
// search through all keys.
func (s *service) watch(log serviceLog) {
	g := metrics.Gauges{
		InFlight:       s.handler.InFlight,
		Draining:       s.handler.Draining,
		Dropped:        log.sink.Dropped,
		CertificateEnd: s.certificateEnd,
	}
	if local, ok := s.limiter.(*ratelimit.Limiter); ok {
		g.Connections = local.Live
	}
	s.metrics.Watch(g)
}

// observer returns the functions that count and trace calls.
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
		s.traces.End(ctx, outcome.Status, code)
	}
	return o
}

// traced returns a client whose requests are traced as what, if the settings ask for traces.
func (s *service) traced(client *http.Client, what string) *http.Client {
	if s.traces == nil {
		return client
	}
	return outbound.Observe(client, s.traces.Request(what))
}
