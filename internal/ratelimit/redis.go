package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisConfig is what a limiter on Redis or Valkey is made of.
type RedisConfig struct {
	URL    string        // redis:// or rediss://, with user, password and number of the database; no parameters
	Calls  int           // as for New
	Window time.Duration // as for New, rounded up to microseconds
	Local  bool          // while the store is away this replica keeps the limit by itself; else calls are refused
	Log    *slog.Logger  // nil: nothing is logged
}

// Unavailable says that a call was refused because the store that counts is away, or may have lost what it counted.
type Unavailable struct {
	RetryAfter time.Duration // whole seconds, at least one
	Cause      error
}

func (u *Unavailable) Error() string { return "ratelimit: no decision: " + u.Cause.Error() }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }

// EvictionError says that the store drops keys when it is full, and with them the limit.
type EvictionError struct {
	Policy string // empty where the server does not tell
}

func (e *EvictionError) Error() string {
	return fmt.Sprintf("ratelimit: Redis may evict what is counted (maxmemory-policy %q): set it to noeviction", e.Policy)
}

const (
	// budget is the time for a decision: within 50 ms, ten of which are for a crowd of callers to wake up.
	budget = 40 * time.Millisecond

	retryAway = 2 * time.Second // while the store is away; it is looked for every quarter of a second

	// prefix begins every key. The braces keep them together in a Redis Cluster.
	prefix = "{partner-center-connector}:"
)

// Redis counts calls per key in Redis or Valkey. It is safe for concurrent use.
type Redis struct {
	calls   int
	window  time.Duration
	log     *slog.Logger
	options redis.Options
	alone   *alone // nil: refuse
	pace    pace
	start   time.Time

	state  atomic.Pointer[state]
	wake   chan struct{} // the keeper is to look at the store now
	stop   context.CancelFunc
	keeper sync.WaitGroup
	away   bool // the keeper's: the log has been told that the store is away
	evicts bool // the keeper's: the log has been told that the store evicts
}

// NewRedis returns a limiter on the Redis or Valkey at c.URL. It makes no call: every decision is Unavailable until Start.
func NewRedis(c RedisConfig) (*Redis, error) {
	l, err := New(c.Calls, c.Window)
	if err != nil {
		return nil, err
	}
	options, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	r := &Redis{
		calls:   c.Calls,
		window:  (c.Window + time.Microsecond - 1).Truncate(time.Microsecond),
		log:     c.Log,
		options: options,
		pace:    standard(c.Window),
		start:   time.Now(),
		wake:    make(chan struct{}, 1),
		stop:    func() {},
	}
	if c.Local {
		r.alone = &alone{Limiter: l}
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.state.Store(&state{cause: errNotStarted, next: make(chan struct{})})
	return r, nil
}

// parse reads a URL; no error of it has a part of the URL, which holds the password.
func parse(text string) (redis.Options, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return redis.Options{}, errors.New("ratelimit: a Redis URL is redis://[user:password@]host[:port][/database], or rediss:// for TLS")
	}
	o, err := redis.ParseURL(text)
	if err != nil {
		return redis.Options{}, errors.New("ratelimit: the path of a Redis URL is the number of a database or nothing")
	}
	o.Protocol = 2 // what pushes messages is not needed
	o.DisableIdentity = true
	o.PoolSize = carriers + 1 // one for the keeper
	o.PipelinePoolSize = -1   // all calls are pipelines
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.DialTimeout = beat
	o.ReadTimeout = beat // behind the deadline that each call has
	o.ContextTimeoutEnabled = true
	o.ReadBufferSize = 4096
	o.WriteBufferSize = 4096
	return *o, nil
}

// Start connects, and keeps the limiter connected until Close. A store that cannot be reached is no error, for it is
// looked for from then on; the error is an EvictionError, of ctx, or nil. It is called once.
func (r *Redis) Start(ctx context.Context) error {
	if evicts, ok := errors.AsType[*EvictionError](r.beat(ctx)); ok {
		return evicts
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	keep, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.keeper.Go(func() { r.keep(keep) })

	// On an empty store the first calls wait for what older replicas know. Waiting here, none is refused.
	var opens time.Duration
	if s := r.state.Load(); s.link != nil {
		opens = s.link.opens - r.now()
	}
	if opens <= 0 || opens > r.pace.settle {
		return nil
	}
	select {
	case <-time.After(opens):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends every connection. Calls are Unavailable from then on.
func (r *Redis) Close() error {
	r.stop()
	r.keeper.Wait()
	s := r.state.Load()
	for !r.replace(s, &state{cause: redis.ErrClosed, next: make(chan struct{})}) {
		s = r.state.Load()
	}
	if s.link != nil {
		s.link.close()
	}
	return nil
}

// Calls returns the number of calls that a window admits.
func (r *Redis) Calls() int { return r.calls }

// Window returns the window's length.
func (r *Redis) Window() time.Duration { return r.window }

// Take decides on a call of key and, where it is admitted, counts it. The error is Unavailable, ErrFull or of ctx.
func (r *Redis) Take(ctx context.Context, key Key) (Decision, error) {
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	if r.alone == nil {
		v, err := r.ask(ctx, key, true)
		return v.Decision, err
	}
	if r.alone.binds() {
		if d, _ := r.alone.Peek(ctx, key); !d.Allowed {
			return d, nil
		}
	}
	v, err := r.ask(ctx, key, true)
	if err != nil {
		return r.alone.Take(ctx, key)
	}
	if v.Allowed && !r.alone.record(v.counted(key)) && r.alone.binds() {
		return r.alone.Peek(ctx, key)
	}
	return v.Decision, nil
}

// Peek says what is left to key without counting a call; Allowed is whether a call would be admitted. The error is
// Unavailable or of ctx.
func (r *Redis) Peek(ctx context.Context, key Key) (Decision, error) {
	if err := ctx.Err(); err != nil {
		return Decision{}, err
	}
	if r.alone == nil {
		v, err := r.ask(ctx, key, false)
		return v.Decision, err
	}
	if r.alone.binds() {
		if d, _ := r.alone.Peek(ctx, key); !d.Allowed {
			return d, nil
		}
	}
	v, err := r.ask(ctx, key, false)
	if err != nil {
		return r.alone.Peek(ctx, key)
	}
	return v.Decision, nil
}

// verdict is the store's word on a call.
type verdict struct {
	Decision
	at     int64 // us of the server's clock
	shared bool  // the log that the names of an identity share has decided
}

// counted is the key, joined, whose log has decided.
func (v verdict) counted(key Key) string {
	if v.shared {
		return key.Identity
	}
	return key.joined()
}

// ask has the store decide, within the budget, and on the generation that is in use when its answer comes. The error
// is Unavailable.
func (r *Redis) ask(ctx context.Context, key Key, count bool) (verdict, error) {
	// A caller that gives up must not look like a store that does not answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.pace.budget)
	defer cancel()
	q := r.question(key, count)
	for {
		s := r.state.Load()
		if s.link == nil {
			if s.cause != nil {
				return verdict{}, &Unavailable{RetryAfter: retryAway, Cause: s.cause}
			}
			select {
			case <-s.next:
				continue
			case <-ctx.Done():
				return verdict{}, &Unavailable{RetryAfter: retryAway, Cause: errAway}
			}
		}
		a, err := s.link.ask(ctx, q)
		if err == nil {
			err = r.trust(s.link, a.stamped)
		}
		if err != nil {
			r.doubt(s, err)
		}
		switch {
		case r.state.Load() != s:
			// What was answered may rest on what was counted before a loss.
		case err != nil:
			return verdict{}, &Unavailable{RetryAfter: retryAway, Cause: err}
		case a.verdict == fenced:
			return verdict{}, &Unavailable{RetryAfter: seconds(a.wait), Cause: errFenced}
		default:
			d := Decision{Allowed: a.verdict == admitted, Remaining: a.left, NextSlot: a.wait}
			return verdict{Decision: d, at: a.now, shared: a.shared}, nil
		}
	}
}

// seconds rounds up.
func seconds(d time.Duration) time.Duration {
	return max(1, (d+time.Second-1)/time.Second) * time.Second
}

// question is a call as the script wants it, but for the generation.
type question struct {
	keys []string // of the key and, where it has a name, of its identity
	args []any
}

func (r *Redis) question(key Key, count bool) question {
	looks := 0
	if count {
		looks = 1
	}
	ttl := (r.window + time.Millisecond - 1).Milliseconds() + 1000 // a second for a clock that is corrected
	own := digest(key.joined())
	q := question{keys: []string{encode(own)}, args: []any{r.calls, r.window.Microseconds(), ttl, looks}}
	if key.Name != "" {
		q.keys = append(q.keys, encode(digest(key.Identity)))
		q.args = append(q.args, own, MaxNames)
	}
	return q
}

// under completes a question for a generation.
func (q question) under(id string) ([]string, []any) {
	args := append([]any{id}, q.args...)
	keys := make([]string, 0, 4)
	keys = append(keys, generationKey)
	for _, d := range q.keys {
		keys = append(keys, prefix+id+":"+d)
	}
	if len(q.keys) > 1 {
		keys = append(keys, prefix+id+":"+q.keys[1]+":n")
	}
	return keys, args
}

// digest stands for a text in 16 bytes; nobody finds two texts with the same.
func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:16]
}

func encode(digest []byte) string { return base64.RawURLEncoding.EncodeToString(digest) }
