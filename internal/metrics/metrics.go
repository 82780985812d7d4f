// Package metrics holds the service's Prometheus metrics.
//
// New, Watch and WatchCredential create all series; later events add none. The values of labels come from the spec,
// the error codes and constants: no caller, connection, customer or answer can choose one, so the
// number of series is bounded and no label contains private data. The package has its own registry
// instead of the process-wide one. Other packages report events to it; the only thing that it
// measures itself is the duration of calls to Partner Center.
package metrics

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Build identifies the binary.
type Build struct{ Version, Commit, Go string }

// Config determines the series.
type Config struct {
	Build    Build
	Outcomes []gate.Outcome      // all outcomes that a call can have
	Paths    map[string][]string // by operation: the answer paths at which values can be dropped
}

// Gauges holds functions that are called on each scrape. They must be safe for concurrent use.
type Gauges struct {
	InFlight    func() int  // requests in flight
	Draining    func() bool // whether the service is shutting down
	Dropped     func() int  // log lines dropped since the start
	Connections func() int  // connections with calls in the limiter's window; nil if the limiter cannot tell
	Overridden  func() bool // whether another instance's stricter limit applies

	CertificateEnd func() time.Time // end of the app's certificate; nil if it has none
}

// Metrics holds the metrics of one service. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	calls            *prometheus.CounterVec
	callSeconds      *prometheus.HistogramVec
	upstream         *prometheus.CounterVec
	upstreamSeconds  *prometheus.HistogramVec
	limiterDecisions *prometheus.CounterVec
	tokenRequests    *prometheus.CounterVec
	dropped          *prometheus.CounterVec

	credentials map[string]*credential // by kind
}

// seconds are the buckets of both histograms. They range from calls that do not reach Partner
// Center to the largest timeout that can be configured.
var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 100}

// New returns metrics in which every series is zero.
func New(c Config) *Metrics {
	m := &Metrics{
		registry:    prometheus.NewRegistry(),
		credentials: map[string]*credential{App: new(credential), User: new(credential)},

		calls: counter("calls_total",
			"Calls by transport (rest or mcp), operation (none: no action matched), status and error code "+
				"(-: success; CallerGone: the caller disconnected; BrokenOff: the answer was cut short).",
			"transport", "operation", "status", "code"),
		callSeconds: histogram("call_duration_seconds",
			"Time from the start of a call to the end of its answer.", "operation"),
		upstream: counter("upstream_calls_total",
			"Calls to Partner Center by operation and status "+
				"(none: no answer; canceled: the caller disconnected), without the service's own calls.",
			"operation", "status"),
		upstreamSeconds: histogram("upstream_duration_seconds",
			"Time from the start of a call to Partner Center to the end of its answer.", "operation"),
		limiterDecisions: counter("limiter_decisions_total",
			"Decisions of the limiter on valid calls: admitted, refused or unavailable.", "decision"),
		tokenRequests: counter("token_requests_total",
			"Requests to Entra ID for a token of the app (app), a token of the app with a user (user), a token of "+
				"the app for Redis (redis) or the keys that callers' tokens are signed with (signing_keys), by "+
				"result: ok, refused (the credential or "+
				"its file is not valid) or unavailable.",
			"kind", "result"),
		dropped: counter("left_out_values_total",
			"Values that were dropped from answers because their type is not the documented one, by operation and "+
				"path.",
			"operation", "path"),
	}
	build := prometheus.NewGaugeVec(
		prometheus.GaugeOpts{Name: prefix + "build_info", Help: "Version of the running binary; always 1."},
		[]string{"version", "commit", "goversion"})
	build.WithLabelValues(c.Build.Version, c.Build.Commit, c.Build.Go).Set(1)
	m.registry.MustRegister(build, m.calls, m.callSeconds, m.upstream, m.upstreamSeconds, m.limiterDecisions,
		m.tokenRequests, m.dropped,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.createSeries(c)
	return m
}

// prefix begins the name of every metric of this package.
const prefix = "connector_"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	opts := prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: seconds}
	return prometheus.NewHistogramVec(opts, labels)
}

// createSeries creates every series at zero. Prometheus's rate and increase miss the first event of
// a series that does not exist before it.
func (m *Metrics) createSeries(c Config) {
	for _, o := range c.Outcomes {
		m.calls.WithLabelValues(o.Transport, o.Operation, strconv.Itoa(o.Status), string(o.Code))
		m.callSeconds.WithLabelValues(o.Operation)
		if o.Operation == gate.NoOperation {
			continue // such calls do not reach Partner Center
		}
		m.upstreamSeconds.WithLabelValues(o.Operation)
		for _, status := range upstreamStatuses {
			m.upstream.WithLabelValues(o.Operation, status)
		}
	}
	for _, d := range []string{admitted, refused, unavailable} {
		m.limiterDecisions.WithLabelValues(d)
	}
	for kind, results := range map[string][]string{
		App:         {ok, refused, unavailable},
		User:        {ok, refused, unavailable},
		Redis:       {ok, refused, unavailable},
		SigningKeys: {ok, unavailable},
	} {
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

// Watch registers the metrics whose values g returns. It panics if it is called twice.
func (m *Metrics) Watch(g Gauges) {
	add := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, value))
	}
	add("requests_under_way", "Requests in flight.", func() float64 { return float64(g.InFlight()) })
	add("draining", "1 while the service is shutting down, else 0.", flag(g.Draining))
	add("limiter_overridden",
		"1 while a stricter limit of another instance applies in place of this instance's settings, else 0.",
		flag(g.Overridden))
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: prefix + "log_lines_dropped_total",
		Help: "Log lines that were dropped because the output was blocked or failed.",
	}, func() float64 { return float64(g.Dropped()) }))
	if g.Connections != nil {
		add("limiter_connections", "Connections with calls in the limiter's current window; absent with Redis.",
			func() float64 { return float64(g.Connections()) })
	}
	if g.CertificateEnd != nil {
		add("certificate_expiry_timestamp_seconds",
			"End of the app's certificate, in seconds since 1970; absent with another credential.",
			func() float64 { return float64(g.CertificateEnd().Unix()) })
	}
}

// flag converts a condition to the value of a gauge.
func flag(met func() bool) func() float64 {
	return func() float64 {
		if met() {
			return 1
		}
		return 0
	}
}

// Handler returns a handler for GET /metrics; it answers any other request with 404. It logs errors
// that occur while metrics are collected.
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

// Call counts a completed call. Its outcome must be one of Config.Outcomes.
func (m *Metrics) Call(o gate.Outcome, took time.Duration) {
	m.calls.WithLabelValues(o.Transport, o.Operation, strconv.Itoa(o.Status), string(o.Code)).Inc()
	m.callSeconds.WithLabelValues(o.Operation).Observe(took.Seconds())
}

// Values of the labels decision and result.
const (
	ok          = "ok"
	admitted    = "admitted"
	refused     = "refused"
	unavailable = "unavailable"
)

// Decide counts a decision of the limiter. A non-nil err means that the limiter could not decide.
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

// DroppedValues counts values that were dropped from an answer. The path must be one of
// Config.Paths.
func (m *Metrics) DroppedValues(operation, path string, values int) {
	m.dropped.WithLabelValues(operation, path).Add(float64(values))
}

// Kinds of token requests, the values of the label kind.
const (
	App         = "app"          // a token of the app alone
	User        = "user"         // a token of the app with a user
	Redis       = "redis"        // a token of the app for Redis
	SigningKeys = "signing_keys" // the keys that callers' tokens are signed with
)

// Token returns a function that counts a completed token request of a kind, given its error or nil.
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
		if c := m.credentials[kind]; c != nil {
			c.requested(result)
		}
	}
}
