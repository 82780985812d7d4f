// Package metrics counts what the service does, for Prometheus to read. Every series is there from the start and none
// is added later: the values of labels come from the spec, from the table of faults and from constants, and nothing
// that a caller, a connection, a customer or an answer could choose is among them. The package keeps a registry of its
// own and counts what it is told; it measures nothing but the time that a call of Partner Center takes.
package metrics

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build is what the process was made from.
type Build struct{ Version, Commit, Go string }

// Outcome is a way in which a call can end.
type Outcome struct {
	Operation string // operationId, or NoOperation
	Status    int    // of HTTP
	Code      string // of the error, or a constant
}

// Config is what decides which series there are.
type Config struct {
	Build    Build
	Outcomes []Outcome           // all that calls can have
	Paths    map[string][]string // by operation: where values can be dropped
}

// Gauges are what is looked at when the metrics are read.
type Gauges struct {
	UnderWay    func() int  // requests
	Draining    func() bool // whether the service is about to end
	Dropped     func() int  // lines of the log, so far
	Connections func() int  // that the limiter counts calls of; nil: it cannot tell
}

// Metrics are the counters of one service. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	calls            *prometheus.CounterVec
	callSeconds      *prometheus.HistogramVec
	upstream         *prometheus.CounterVec
	upstreamSeconds  *prometheus.HistogramVec
	limiterDecisions *prometheus.CounterVec
	tokenRequests    *prometheus.CounterVec
	dropped          *prometheus.CounterVec
}

// seconds are the bounds of both histograms: from an answer of the service's own to the longest that can be set.
var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 100}

// New returns metrics whose series all stand at zero.
func New(c Config) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),

		calls:            counter("calls_total", "Calls, by operation (none: no action has the path), status and code of the answer (-: no error; CallerGone: nobody waited for it; BrokenOff: it ended before its end).", "operation", "status", "code"),
		callSeconds:      histogram("call_duration_seconds", "Time from a call to the end of its answer.", "operation"),
		upstream:         counter("upstream_calls_total", "Calls of Partner Center, by operation and status of the answer (none: no answer came; canceled: the caller did not wait for it).", "operation", "status"),
		upstreamSeconds:  histogram("upstream_duration_seconds", "Time from a call of Partner Center to the end of its answer.", "operation"),
		limiterDecisions: counter("limiter_decisions_total", "Decisions of the limiter on calls that would reach Partner Center: admitted, refused or unavailable.", "decision"),
		tokenRequests:    counter("token_requests_total", "Requests to Entra ID for a token of the app's, a token of App+User (user) or the signing keys of callers' tokens, by result: ok, refused (the credential is not accepted, or its file is of no use) or unavailable.", "kind", "result"),
		dropped:          counter("left_out_values_total", "Values that were left out of answers because Partner Center sent another type than the spec documents, by operation and place in the answer.", "operation", "path"),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "build_info", Help: "What the process was built from; always 1."}, []string{"version", "commit", "goversion"})
	build.WithLabelValues(c.Build.Version, c.Build.Commit, c.Build.Go).Set(1)
	m.registry.MustRegister(build, m.calls, m.callSeconds, m.upstream, m.upstreamSeconds, m.limiterDecisions, m.tokenRequests, m.dropped,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.begin(c)
	return m
}

const prefix = "connector_"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: seconds}, labels)
}

// begin makes every series, so that a first event is seen as an increase and no later one makes a series.
func (m *Metrics) begin(c Config) {
	for _, o := range c.Outcomes {
		m.calls.WithLabelValues(o.Operation, strconv.Itoa(o.Status), o.Code)
		m.callSeconds.WithLabelValues(o.Operation)
		if o.Operation == NoOperation {
			continue // which calls nobody
		}
		m.upstreamSeconds.WithLabelValues(o.Operation)
		for _, status := range upstreamStatuses {
			m.upstream.WithLabelValues(o.Operation, status)
		}
	}
	for _, d := range []string{admitted, refused, unavailable} {
		m.limiterDecisions.WithLabelValues(d)
	}
	for kind, results := range map[string][]string{App: {ok, refused, unavailable}, User: {ok, refused, unavailable}, SigningKeys: {ok, unavailable}} {
		for _, r := range results {
			m.tokenRequests.WithLabelValues(kind, r)
		}
	}
	for operation, paths := range c.Paths {
		for _, path := range paths {
			m.dropped.WithLabelValues(operation, path)
		}
	}
}

// Watch adds the gauges, and the counter that is kept elsewhere.
func (m *Metrics) Watch(g Gauges) {
	add := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, value))
	}
	add("requests_under_way", "Requests that have come and not been answered.", func() float64 { return float64(g.UnderWay()) })
	add("draining", "1 when the service has been told to end, else 0.", func() float64 {
		if g.Draining() {
			return 1
		}
		return 0
	})
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: prefix + "log_lines_dropped_total", Help: "Lines that are missing from the log because they could not be written fast enough, or at all.",
	}, func() float64 { return float64(g.Dropped()) }))
	if g.Connections != nil {
		add("limiter_connections", "Connections with a call in the limiter's window that ends now; not there where Redis counts calls.", func() float64 { return float64(g.Connections()) })
	}
}

// Handler answers GET /metrics and nothing else. What goes wrong is logged.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	h := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelError),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 8,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.EscapedPath() != "/metrics" {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Call counts a call that has ended.
func (m *Metrics) Call(o Outcome, took time.Duration) {
	m.calls.WithLabelValues(o.Operation, strconv.Itoa(o.Status), o.Code).Inc()
	m.callSeconds.WithLabelValues(o.Operation).Observe(took.Seconds())
}

// What becomes of decisions and requests.
const (
	ok          = "ok"
	admitted    = "admitted"
	refused     = "refused"
	unavailable = "unavailable"
)

// Decide counts a decision of the limiter, which err says that it could not make.
func (m *Metrics) Decide(admit bool, err error) {
	decision := refused
	switch {
	case err != nil:
		decision = unavailable
	case admit:
		decision = admitted
	}
	m.limiterDecisions.WithLabelValues(decision).Inc()
}

// DroppedValues counts values that were dropped from an answer.
func (m *Metrics) DroppedValues(operation, path string, values int) {
	m.dropped.WithLabelValues(operation, path).Add(float64(values))
}

// The kinds of token requests.
const (
	App         = "app"          // for a token of the app alone
	User        = "user"         // for a token of the app with a user
	SigningKeys = "signing_keys" // for the keys that callers' tokens are signed with
)

// Token counts the requests of a kind, as they end: with nil, or with the fault that they are.
func (m *Metrics) Token(kind string) func(error) {
	return func(err error) {
		result := unavailable
		var f *fault.Error
		switch {
		case err == nil:
			result = ok
		case errors.As(err, &f) && f.Code != fault.IdentityUnavailable:
			result = refused
		}
		m.tokenRequests.WithLabelValues(kind, result).Inc()
	}
}
