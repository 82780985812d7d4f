package redislimit_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit"
)

// BenchmarkRedisTake also reports how much of the server's time a decision takes.
func BenchmarkRedisTake(b *testing.B) {
	s := redisserver.Start(b)
	for _, c := range []struct {
		name          string
		keys, callers int
		flow          string // name of the keys
	}{
		{name: "1-key", keys: 1},
		{name: "1000-keys", keys: 1000},
		{name: "1000-names", keys: 1000, flow: "flow"},
		{name: "1000-keys-32-callers", keys: 1000, callers: 32},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := started(b, newLimiter(b, s.Address(), 100, time.Minute))
			keys := make([]ratelimit.Key, c.keys)
			for i := range keys {
				keys[i] = ratelimit.Key{Identity: fmt.Sprint(b.Name(), i), Name: c.flow}
			}
			s.Do("CONFIG", "RESETSTAT")
			b.ReportAllocs()
			var calls, failed atomic.Int64
			call := func() {
				if _, err := l.Take(context.Background(), keys[int(calls.Add(1))%len(keys)]); err != nil {
					failed.Add(1)
				}
			}
			if c.callers == 0 {
				for b.Loop() {
					call()
				}
			} else {
				b.SetParallelism(c.callers / runtime.GOMAXPROCS(0))
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						call()
					}
				})
			}
			b.ReportMetric(float64(failed.Load())/float64(b.N), "refused/op")
			_, rest, _ := strings.Cut(s.Info("commandstats", "cmdstat_evalsha"), "usec_per_call=")
			each, _, _ := strings.Cut(rest, ",")
			if us, err := strconv.ParseFloat(each, 64); err == nil {
				b.ReportMetric(us*1000, "server-ns/op")
			}
		})
	}
}
