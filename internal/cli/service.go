package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
	webconsole "github.com/partner-center/connector/internal/console"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/mcp"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"github.com/partner-center/connector/internal/sandbox"
	"github.com/partner-center/connector/internal/server"
	"github.com/partner-center/connector/internal/traces"
)

// A service holds the wired parts behind the listener. Parts that the settings do not enable are
// nil.
type service struct {
	sandbox   *sandbox.Sandbox
	handler   *server.Server
	keys      *auth.Keys
	tokens    *auth.Tokens  // of callers
	app, user *entra.Tokens // the service's own
	redis     *entra.Tokens // of the app, for Redis
	upstream  *partnercenter.Client
	limiter   gate.Limiter
	metrics   *metrics.Metrics
	traces    *traces.Traces
	admin     *http.Server // of the metrics; serve sets it

	appVerdict, userVerdict verdict // of Partner Center on tokens of app and user

	certificateEnd func() time.Time // of the app's certificate
}

// newService wires a service. The caller closes it. Its only side effects are those of the embedded
// sandbox: two ports on a loopback address.
func newService(c config.Config, log *slog.Logger) (*service, error) {
	s := &service{appVerdict: newVerdict(), userVerdict: newVerdict()}
	var plainKeys map[string]string
	var roots *x509.CertPool
	if c.Sandbox {
		var err error
		if s.sandbox, err = sandbox.Start(c.SandboxActivity); err != nil {
			return nil, err
		}
		c, plainKeys, roots = sandboxed(c, s.sandbox), map[string]string{"sandbox": sandboxKey}, s.sandbox.RootCAs
	}
	if err := s.assemble(c, plainKeys, roots, log); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// start connects to the Redis that counts calls, if one is configured. The error is a
// *redislimit.UnfitError if that Redis cannot count calls, or that of ctx.
func (s *service) start(ctx context.Context) error {
	shared, ok := s.limiter.(*redislimit.Limiter)
	if !ok {
		return nil
	}
	if s.redis != nil { // the first token takes longer than an attempt to connect may
		patient, cancel := context.WithTimeout(ctx, firstToken)
		s.redis.Get(patient, "") // the limiter reports an error
		cancel()
	}
	return shared.Start(ctx)
}

// firstToken bounds how long the start waits for a token for Redis.
const firstToken = 5 * time.Second

// close ends the parts of the service, whether or not they have been started. A call that is still in
// flight fails. The order matters: a part closes before those that it uses, and all close before the
// metrics server, so that their last values can be scraped.
func (s *service) close() error {
	var errs []error
	if shared, ok := s.limiter.(*redislimit.Limiter); ok {
		errs = append(errs, shared.Close())
	}
	if s.tokens != nil {
		s.tokens.Close()
	}
	if s.user != nil {
		s.user.Close() // waits for a fetch in flight; its response has a new refresh token, which must be stored
	}
	if s.app != nil {
		s.app.Close()
	}
	if s.redis != nil {
		s.redis.Close()
	}
	if s.traces != nil {
		s.traces.Close() // flushes the spans of everything above
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close())
	}
	if s.admin != nil {
		errs = append(errs, stopAdmin(s.admin))
	}
	return errors.Join(errs...)
}

// assemble wires the parts. plainKeys, by name, are API keys that are accepted in addition to those
// of the keys file. roots verify the certificates of peers; nil selects the roots of the system.
func (s *service) assemble(
	c config.Config, plainKeys map[string]string, roots *x509.CertPool, log *slog.Logger,
) error {
	spec, err := compiled()
	if err != nil {
		return err
	}
	client := outbound.NewClient(roots, c.UpstreamTimeout)
	tools, err := newTools(c)
	if err != nil {
		return err
	}
	s.metrics = newMetrics(outcomes(spec.operations, c, tools), spec.projections)
	if c.Traces {
		if s.traces, err = traces.New(version(), log); err != nil {
			return err
		}
	}
	if err := s.signInCallers(c, plainKeys, client, log); err != nil {
		return err
	}
	s.signInOurselves(c, client, log)
	limiter, err := s.newLimiter(c, client, log)
	if err != nil {
		return err
	}
	s.limiter = limiter // only without an error: with one, it is an interface that holds a nil pointer
	s.upstream = partnercenter.New(partnercenter.Config{
		BaseURL: c.UpstreamURL,
		Version: version(),
		HTTP:    outbound.Observe(s.traced(client, "Partner Center"), s.metrics.Upstream),
		App:     s.tokenSource(s.app, metrics.App),
		User:    s.tokenSource(s.user, metrics.User),
		Caller:  callerToken,
		Timeout: c.UpstreamTimeout,
		MaxBody: c.MaxBody,

		AppAnswered:  s.appVerdict.of(s.metrics.Answered(metrics.App)),
		UserAnswered: s.userVerdict.of(s.metrics.Answered(metrics.User)),
	})
	sealer, err := newSealer(c, log)
	if err != nil {
		return err
	}
	core := gate.New(gate.Config{
		Operations: spec.operations,
		Limiter:    s.limiter,
		Sealer:     sealer,
		Log:        log,
		Observer:   s.observer(),
	})
	actions := proxy.New(proxy.Config{
		Projections: spec.projections,
		Upstream:    s.upstream,
		Sealer:      sealer,
		Log:         log,
		OnDrop:      s.metrics.DroppedValues,
	})
	s.handler = server.New(server.Config{
		Gate:      core,
		Actions:   actions,
		SignIn:    auth.NewSignIn(auth.Config{Keys: s.keys, Tokens: s.tokens, PassOn: c.Accepts(config.Caller)}),
		PublicURL: c.PublicURL,
		Sandbox:   c.Sandbox,

		ConsolePath: strings.TrimSuffix(webconsole.Path, "/"),
		Console:     newConsole(c, spec, tools),

		EndpointPath: mcp.Path,
		MetadataPath: mcp.MetadataPath,
		Endpoint:     s.newEndpoint(c, tools, toolParts{core, actions, sealer, log}),
	})
	return nil
}
