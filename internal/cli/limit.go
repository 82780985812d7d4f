package cli

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// redisResource is the audience of tokens for Redis in Azure:
// https://learn.microsoft.com/azure/redis/entra-for-authentication.
const redisResource = "https://redis.azure.com"

// newLimiter returns a limiter that all instances share if a Redis is configured, else one for this
// process only.
func (s *service) newLimiter(c config.Config, client *http.Client, log *slog.Logger) (gate.Limiter, error) {
	if c.Redis == nil {
		return ratelimit.New(c.LimitCalls, c.LimitWindow)
	}
	credentials := func(context.Context) (redislimit.Credentials, error) {
		return redislimit.Credentials{Username: string(c.Redis.Username), Password: string(c.Redis.Password)}, nil
	}
	if c.Redis.Entra {
		own := entraConfig(c.Partner, s.traced(client, "access token"), c.UpstreamTimeout, log)
		own.Resource, own.RefreshTokenFile = redisResource, ""
		own.Observe = s.metrics.Token(metrics.Redis)
		s.redis = entra.NewApp(own)
		credentials = tokenCredentials(s.redis, string(c.Redis.Username))
	}
	return redislimit.New(redislimit.Config{
		Address:     c.Redis.Address,
		Sentinels:   c.Redis.Sentinels,
		Primary:     c.Redis.Primary,
		Credentials: credentials,
		Database:    c.Redis.Database,
		TLS:         c.Redis.TLS,
		Roots:       c.Redis.Roots,
		Calls:       c.LimitCalls,
		Window:      c.LimitWindow,
		Local:       c.LimitLocal,
		Log:         log,
	})
}

// tokenCredentials returns a function that signs in to Redis with a token. The user name is the
// object ID of the token's owner unless it is given.
func tokenCredentials(tokens *entra.Tokens, user string) func(context.Context) (redislimit.Credentials, error) {
	return func(ctx context.Context) (redislimit.Credentials, error) {
		token, err := tokens.Get(ctx, "")
		if err != nil {
			return redislimit.Credentials{}, err
		}
		claims, ok := entra.Inspect(token)
		if !ok || claims.Expires.IsZero() {
			return redislimit.Credentials{}, errors.New("the token for Redis does not state when it expires")
		}
		return redislimit.Credentials{
			Username: cmp.Or(user, claims.ObjectID),
			Password: token,
			Expires:  claims.Expires,
		}, nil
	}
}

// tryLimit connects to the Redis of the limiter and reads a counter. It changes none, and no setting of
// other instances. It returns the time for which calls still wait for the end of a fence.
func (s *service) tryLimit(ctx context.Context) (fence time.Duration, err error) {
	if shared, ok := s.limiter.(*redislimit.Limiter); ok {
		shared.Observe()
	}
	if err := s.start(ctx); err != nil {
		return 0, err
	}
	_, err = s.limiter.Peek(ctx, ratelimit.Key{Identity: "connector check"})
	if u, ok := errors.AsType[*ratelimit.Unavailable](err); ok && errors.Is(u.Cause, redislimit.ErrFenced) {
		return u.RetryAfter, nil
	}
	return 0, err
}
