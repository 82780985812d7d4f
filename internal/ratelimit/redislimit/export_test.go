package redislimit

import (
	"context"
	"net"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// At decides as Take does, and also returns when by the server's clock.
func (l *Limiter) At(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, time.Time, error) {
	v, err := l.ask(ctx, key, take)
	return v.Decision, time.UnixMicro(v.at), err
}

// PeekAt decides as Peek does, and also returns when by the server's clock.
func (l *Limiter) PeekAt(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, time.Time, error) {
	v, err := l.ask(ctx, key, peek)
	return v.Decision, time.UnixMicro(v.at), err
}

// SetFence sets the fence after a loss and that of an empty server. It is called before Start.
func (l *Limiter) SetFence(fence, settle time.Duration) {
	l.timing.fence, l.timing.settle = fence, settle
}

// BePatient makes a slow machine decide late rather than not. It is called before Start.
func (l *Limiter) BePatient() {
	const patience = 20 * time.Second
	l.timing.decision, l.timing.connect, l.timing.tolerance = patience, patience, patience
	l.dialer.timeout = patience
}

// SetDecision sets how long a decision may take. It is called before Start.
func (l *Limiter) SetDecision(d time.Duration) { l.timing.decision = d }

// SetTolerance sets by how much the server's clock may be off. It is called before Start.
func (l *Limiter) SetTolerance(d time.Duration) { l.timing.tolerance = d }

// SetDialer replaces the network. It is called before Start.
func (l *Limiter) SetDialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	l.dialer.dial = dial
}

// Connected reports whether a server is in use.
func (l *Limiter) Connected() bool { return l.state.Load().connection != nil }

// JoinDigest returns the digest by which join.lua is called.
func JoinDigest() string { return joinScript.digest }

// RenewBefore is how long before its credentials expire a connection is replaced.
const RenewBefore = renewBefore

// JoinSource and TakeSource are the scripts.
var JoinSource, TakeSource = joinSource, takeSource
