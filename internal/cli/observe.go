package cli

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/server"
)

// newMetrics returns the metrics of a service that answers a spec.
func newMetrics(spec *openapi3.T) (*metrics.Metrics, error) {
	outcomes, err := server.Outcomes(spec)
	if err != nil {
		return nil, err
	}
	paths, err := proxy.DroppablePaths(spec)
	if err != nil {
		return nil, err
	}
	c := metrics.Config{Build: metrics.Build{Version: version(), Commit: commit(), Go: runtime.Version()}, Paths: paths}
	for _, o := range outcomes {
		c.Outcomes = append(c.Outcomes, metrics.Outcome(o))
	}
	return metrics.New(c), nil
}

// watch adds what is looked at when the metrics are read, the lines that the log has dropped among it. It is called once.
func (s *service) watch(log serviceLog) {
	g := metrics.Gauges{UnderWay: s.handler.UnderWay, Draining: s.handler.Draining, Dropped: log.sink.Dropped}
	if local, ok := s.limiter.(*ratelimit.Limiter); ok { // what Redis holds would have to be looked for in all of it
		g.Connections = local.Live
	}
	s.metrics.Watch(g)
}

// observer is what the server tells of calls.
func (s *service) observer() server.Observer {
	o := server.Observer{Decide: s.metrics.Decide}
	if s.traces != nil {
		o.Begin = s.traces.Begin
	}
	o.End = func(ctx context.Context, outcome server.Outcome, took time.Duration) {
		s.metrics.Call(metrics.Outcome(outcome), took)
		if s.traces != nil {
			s.traces.End(ctx, outcome.Status, outcome.Code, outcome.Code != server.Good)
		}
	}
	return o
}

// traced is a client whose requests are traced, if anybody wants traces.
func (s *service) traced(client *http.Client, what string) *http.Client {
	if s.traces == nil {
		return client
	}
	return outbound.Observe(client, s.traces.Request(what))
}
