package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

var loadFor = flag.Duration("load", 0,
	"load the service for so long at a constant rate, print the figures and draw docs/load.svg anew")

const (
	loadRate = 500 // calls a second
	// the most that the service may add to the 99th percentile of a plain proxy at that rate
	loadAdds    = 5 * time.Millisecond
	loadCallers = 16 // that do not pause between their calls
	loadPicture = "../../docs/load.svg"
)

// TestLoad measures the service and a plain reverse proxy in front of the same Partner Center.
// Without -load it takes a moment and only checks that the measurement works.
func TestLoad(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc for the processor time of another process")
	}
	r := loadReport{Date: time.Now().UTC().Format(time.DateOnly), Machine: machine(), Rate: 100, Callers: loadCallers}
	turns, turn := 1, 100*time.Millisecond
	if *loadFor > 0 {
		r.Rate, turns, turn = loadRate, 10, *loadFor/10
	}
	// a test of its own, which shows the log of the service only if it fails itself
	if !t.Run("drive", func(t *testing.T) {
		l := newLoad(t)
		l.takeTurns(t, r.Rate, turns, turn)
		r.Service, r.Plain = l.service, l.plain
	}) {
		return
	}
	for _, p := range []loaded{r.Service, r.Plain} {
		if n := p.steady.errors + p.flatOut.errors; n > 0 {
			t.Errorf("%s failed %d calls: %q", p.url, n,
				slices.Compact(slices.Concat(p.steady.reasons, p.flatOut.reasons)))
		}
	}
	svg := r.picture()
	if *loadFor == 0 {
		wellFormed(t, svg)
		return
	}
	fmt.Fprint(t.Output(), r.table())
	if added := r.Service.steady.percentile(99) - r.Plain.steady.percentile(99); added >= loadAdds {
		t.Errorf(
			"the service adds %v to a plain proxy's 99th percentile; on a machine that does nothing else that is "+
				"below %v", added, loadAdds)
	}
	if t.Failed() { // the figures are not typical
		return
	}
	if err := os.WriteFile(loadPicture, svg, 0o644); err != nil {
		t.Fatal(err)
	}
}

// takeTurns calls both processes in turns, so that other load affects both.
func (l *load) takeTurns(t *testing.T, rate, turns int, turn time.Duration) {
	t.Helper()
	for n := range turns + 1 {
		for _, p := range []*loaded{&l.service, &l.plain} {
			if m := l.drive(t, p.pid, p.url, rate, turn); n > 0 { // the first turn warms up
				p.steady.add(m)
			}
		}
	}
	for range turns {
		for _, p := range []*loaded{&l.service, &l.plain} {
			p.flatOut.add(l.drive(t, p.pid, p.url, 0, turn/2))
		}
	}
}

// drive calls a process for a time: at a rate of calls a second, whether or not earlier calls have
// been answered, or at rate zero by callers that each wait for their answer.
func (l *load) drive(t *testing.T, pid int, address string, rate int, d time.Duration) measured {
	t.Helper()
	var targets []vegeta.Target
	for _, caller := range l.callers {
		targets = append(targets, vegeta.Target{Method: http.MethodGet, URL: address, Header: caller})
	}
	options := []func(*vegeta.Attacker){vegeta.Client(l.client), vegeta.MaxBody(0)}
	if rate == 0 {
		options = append(options, vegeta.Workers(loadCallers), vegeta.MaxWorkers(loadCallers))
	}
	attacker, metrics := vegeta.NewAttacker(options...), vegeta.Metrics{}
	m, before := measured{}, processorTime(t, pid)
	for result := range attacker.Attack(vegeta.NewStaticTargeter(targets...), vegeta.Rate{Freq: rate, Per: time.Second},
		d, "") {
		metrics.Add(result)
		m.latencies = append(m.latencies, result.Latency)
	}
	m.lasted, m.cpu = metrics.End.Sub(metrics.Earliest), processorTime(t, pid)-before
	metrics.Close()
	if len(m.latencies) == 0 {
		t.Fatalf("no call within %v", d)
	}
	m.errors, m.reasons = len(m.latencies)-metrics.StatusCodes["200"], metrics.Errors
	return m
}
