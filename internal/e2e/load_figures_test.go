package e2e

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// loaded is a process under load with its measurements.
type loaded struct {
	pid     int
	url     string
	bytes   int      // of an answer
	steady  measured // at a constant rate
	flatOut measured // by callers that do not pause
}

// measured has the measurements of a number of calls.
type measured struct {
	latencies []time.Duration // of each call, to the last byte of its answer
	errors    int             // answers other than 200, incomplete or missing
	reasons   []string        // of the errors, distinct within a turn
	lasted    time.Duration   // from the first call to the last answer
	cpu       time.Duration   // of the process that was called
}

// add adds the calls of another turn.
func (m *measured) add(other measured) {
	m.latencies = append(m.latencies, other.latencies...)
	slices.Sort(m.latencies)
	m.errors += other.errors
	m.reasons = append(m.reasons, other.reasons...)
	m.lasted += other.lasted
	m.cpu += other.cpu
}

// percentile returns the latency that p percent of the calls did not exceed, by nearest rank.
func (m measured) percentile(p float64) time.Duration {
	rank := math.Ceil(p*float64(len(m.latencies))/100 - 1e-9) // 99.9 is a little more in binary
	return m.latencies[max(int(rank), 1)-1]
}

func (m measured) rate() float64 { return float64(len(m.latencies)) / m.lasted.Seconds() }

func (m measured) cpuPerCall() time.Duration { return m.cpu / time.Duration(len(m.latencies)) }

// loadReport is the result of a run, as printed and drawn.
type loadReport struct {
	Date, Machine  string
	Rate           int // calls a second
	Callers        int // of the calls flat out
	Service, Plain loaded
}

// title returns the title of the figures.
func (r loadReport) title() string {
	return fmt.Sprintf("Latency at a constant %d calls a second", r.Rate)
}

// note returns the line below the title.
func (r loadReport) note() string {
	return fmt.Sprintf("Get all customers, 500 of the sandbox's: %.0f kB in, %.0f kB out; the sandbox's time included",
		float64(r.Plain.bytes)/1e3, float64(r.Service.bytes)/1e3)
}

// foot returns the line below the figures.
func (r loadReport) foot() string {
	return fmt.Sprintf("%s, %s; peak: calls/s of %d callers without a pause", r.Date, r.Machine, r.Callers)
}

// percentiles lists the columns of the table.
var percentiles = []float64{50, 90, 99, 99.9, 100}

// rows returns the table of the figures, beginning with its header.
func (r loadReport) rows() [][]string {
	of := func(name string, l loaded) []string {
		row := []string{name}
		for _, p := range percentiles {
			row = append(row, milliseconds(l.steady.percentile(p)))
		}
		return append(row, microseconds(l.steady.cpuPerCall()), fmt.Sprintf("%.0f", l.steady.rate()),
			fmt.Sprintf("%.0f", l.flatOut.rate()), fmt.Sprint(l.steady.errors+l.flatOut.errors))
	}
	added := []string{"connector adds"}
	for _, p := range percentiles {
		added = append(added, milliseconds(r.Service.steady.percentile(p)-r.Plain.steady.percentile(p)))
	}
	return [][]string{
		{"", "p50", "p90", "p99", "p99.9", "max", "CPU/call", "calls/s", "peak", "errors"},
		of("connector", r.Service),
		of("plain reverse proxy", r.Plain),
		append(added, microseconds(r.Service.steady.cpuPerCall()-r.Plain.steady.cpuPerCall()), "", "", ""),
	}
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1e3) }

func microseconds(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

// table returns the report as text.
func (r loadReport) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n\n", r.title(), r.note(), r.foot())
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range r.rows() {
		fmt.Fprintln(w, strings.Join(row, "\t")+"\t")
	}
	w.Flush()
	return b.String()
}

// machine returns the processor, the number of its cores and the version of Go.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s", model, runtime.NumCPU(), runtime.Version())
}

// TestLoadFigures checks the arithmetic with calls that took 1 to 1000 ms.
func TestLoadFigures(t *testing.T) {
	m := loadedFor(time.Millisecond).steady
	for p, want := range map[float64]time.Duration{0: 1, 50: 500, 90: 900, 99: 990, 99.9: 999, 99.91: 1000, 100: 1000} {
		if got := m.percentile(p); got != want*time.Millisecond {
			t.Errorf("percentile %v is %v, want %d ms", p, got, int(want))
		}
	}
	if got := m.rate(); got != 500 {
		t.Errorf("%v calls a second, not 500", got)
	}
	if got := m.cpuPerCall(); got != 250*time.Microsecond {
		t.Errorf("%v of processor time for each call, not 250µs", got)
	}
	m.add(measured{latencies: []time.Duration{0}, errors: 1, lasted: time.Second, cpu: time.Second})
	if (m.percentile(0) != 0) || (len(m.latencies) != 1001) || (m.errors != 1) || (m.lasted != 3*time.Second) ||
		(m.cpu != 1250*time.Millisecond) {
		t.Errorf("with another turn:  %d calls, %d errors, %v, %v of processor time", len(m.latencies), m.errors,
			m.lasted, m.cpu)
	}
}

// loadedFor returns the measurements of a thousand calls that took 1 to 1000 units.
func loadedFor(unit time.Duration) loaded {
	m := measured{lasted: 2 * time.Second, cpu: 250 * time.Millisecond}
	for i := range 1000 {
		m.latencies = append(m.latencies, time.Duration(i+1)*unit)
	}
	return loaded{bytes: 100_000, steady: m, flatOut: m}
}
