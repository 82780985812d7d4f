package ratelimit

import (
	"context"
	"time"
)

// At decides as Take and Peek do, and says when by the server's clock.
func (r *Redis) At(ctx context.Context, key Key, count bool) (Decision, time.Time, error) {
	v, err := r.ask(ctx, key, count)
	return v.Decision, time.UnixMicro(v.at), err
}

// Fence sets how long a loss is fenced, and an empty store; before Start.
func (r *Redis) Fence(fence, settle time.Duration) { r.pace.fence, r.pace.settle = fence, settle }

// Patient has a slow machine decide late rather than not; before Start.
func (r *Redis) Patient() { r.pace.budget, r.pace.tolerance = 2*time.Second, 2*time.Second }

// Tolerate sets by how much the server's clock may be off; before Start.
func (r *Redis) Tolerate(d time.Duration) { r.pace.tolerance = d }

// Standing says whether the store is in use.
func (r *Redis) Standing() bool { return r.state.Load().link != nil }
