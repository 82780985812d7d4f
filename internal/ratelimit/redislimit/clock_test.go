package redislimit

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// someTime is an instant of the server's clock in us.
const someTime = int64(1e15)

// answered returns an exchange that began an hour after our clock did and took as long as took. The
// server's clock, which was at someTime when ours was at zero, is off by off.
func answered(took, off time.Duration) exchange {
	sent := time.Hour
	return exchange{sent: sent, received: sent + took, server: someTime + (sent + took/2 + off).Microseconds()}
}

func newOffset() *offset {
	o := new(offset)
	o.set(exchange{server: someTime})
	return o
}

func TestAccept(t *testing.T) {
	for name, c := range map[string]struct {
		took, off time.Duration
		want      error
	}{
		"uses an answer at once":                                  {0, 0, nil},
		"uses an answer after 40 ms":                              {40 * time.Millisecond, 0, nil},
		"refuses an answer after 41 ms":                           {41 * time.Millisecond, 0, ErrSlow},
		"uses an answer of a clock that is ahead by 50 ms":        {0, 50 * time.Millisecond, nil},
		"uses an answer of a clock that is behind by 50 ms":       {0, -50 * time.Millisecond, nil},
		"refuses an answer of a clock that is ahead by 51 ms":     {0, 51 * time.Millisecond, errClock},
		"refuses an answer of a clock that is behind by 51 ms":    {0, -51 * time.Millisecond, errClock},
		"uses an answer that was asymmetric on the longest way":   {40 * time.Millisecond, 40 * time.Millisecond, nil},
		"concludes nothing about the clock from a late answer":    {41 * time.Millisecond, time.Hour, ErrSlow},
		"concludes nothing when this process itself was stopped":  {10 * time.Second, 5 * time.Second, ErrSlow},
		"refuses an answer of a clock that was set by a full day": {0, 24 * time.Hour, errClock},
	} {
		t.Run(name, func(t *testing.T) {
			l, c2 := &Limiter{timing: standard(time.Minute)}, new(connection)
			c2.offset.set(exchange{server: someTime})
			x := answered(c.took, c.off)
			for i := range 2 { // the second answer shows that a set clock is not taken for the new normal
				if err := l.accept(c2, x); !errors.Is(err, c.want) {
					t.Errorf("answer %d: %v, want %v", i+1, err, c.want)
				}
			}
			if confirmed := c2.offset.silence(x.sent) == 0; confirmed != (c.want == nil) {
				t.Errorf("confirmed: %v", confirmed)
			}
		})
	}
}

func TestOffset(t *testing.T) {
	// firstDeviation returns after how long a clock that runs fast by ppm differs by more than is
	// tolerated.
	firstDeviation := func(ppm int64) time.Duration {
		o := newOffset()
		for at := heartbeatInterval; at < 24*time.Hour; at += heartbeatInterval {
			x := exchange{sent: at - time.Millisecond, received: at + time.Millisecond}
			x.server = someTime + at.Microseconds() + at.Microseconds()*ppm/1_000_000
			if o.deviation(x) > standard(time.Minute).tolerance {
				return at
			}
			o.follow(x)
		}
		return 0
	}
	for _, ppm := range []int64{1000, -1000} {
		t.Run(fmt.Sprintf("follows a clock that drifts by %d ppm for ever", ppm), func(t *testing.T) {
			if at := firstDeviation(ppm); at > 0 {
				t.Errorf("given up after %v", at)
			}
		})
	}
	for _, ppm := range []int64{10_000, -10_000} {
		t.Run(fmt.Sprintf("detects a clock that drifts by %d ppm within 6 s", ppm), func(t *testing.T) {
			if at := firstDeviation(ppm); (at == 0) || (at > 6*time.Second) {
				t.Errorf("detected after %v", at)
			}
		})
	}
	t.Run("measures silence from the latest question, in whatever order answers arrive", func(t *testing.T) {
		var o offset
		o.confirm(exchange{sent: 2 * time.Second})
		o.confirm(exchange{sent: time.Second})
		if silence := o.silence(3 * time.Second); silence != time.Second {
			t.Error(silence)
		}
	})
}
