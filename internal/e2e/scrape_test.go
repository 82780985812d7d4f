package e2e

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scrape is an answer of /metrics: values by the name of the series with its labels.
type scrape map[string]float64

// admin returns the address of the metrics.
func (p *process) admin(t testing.TB) string {
	t.Helper()
	lines := p.out.lines("msg", metricsLine)
	if len(lines) != 1 {
		t.Fatalf("%d lines of the log have the address of the metrics", len(lines))
	}
	return lines[0].text("address")
}

// askAdmin sends a request to the address of the metrics and returns everything that comes back.
func (p *process) askAdmin(t testing.TB, request string) []byte {
	t.Helper()
	c, err := net.Dial("tcp", p.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, request)
	received, _ := io.ReadAll(c)
	return received
}

// metrics returns the text of /metrics. It may not have a credential, nor anything of a caller or
// of an answer of Partner Center.
func (p *process) metrics(t testing.TB) []byte {
	t.Helper()
	a := parse(t, p.askAdmin(t, "GET /metrics HTTP/1.1\r\nHost: prometheus\r\nConnection: close\r\n\r\n"),
		http.MethodGet)
	if (a.status != 200) || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	if found := p.secrets.Find(a.body); found != "" {
		t.Errorf("the metrics have a credential: %s", found)
	}
	for _, private := range privateTexts {
		if strings.Contains(string(a.body), private) {
			t.Errorf("the metrics have %s", private)
		}
	}
	return a.body
}

// scrape reads the metrics.
func (p *process) scrape(t testing.TB) scrape {
	t.Helper()
	s := scrape{}
	for line := range strings.Lines(string(p.metrics(t))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if _, twice := s[line[:at]]; (err != nil) || twice {
			t.Fatalf("%q: %v, or the series occurs twice", line, err)
		}
		s[line[:at]] = value
	}
	return s
}

// series returns the names of all series, sorted.
func (s scrape) series() []string { return slices.Sorted(maps.Keys(s)) }

// sum returns the sum of all series of a metric.
func (s scrape) sum(name string) int {
	n := 0.0
	for series, value := range s {
		if family, _, _ := strings.Cut(series, "{"); family == name {
			n += value
		}
	}
	return int(n)
}

var timed = regexp.MustCompile(`^connector_.*(_bucket|_sum)(\{|$)`)

// since returns what has changed, a line for each series of the service. It leaves out those that
// depend on durations.
func (s scrape) since(before scrape) []string {
	var changes []string
	for _, name := range s.series() {
		if change := s[name] - before[name]; (change != 0) && strings.HasPrefix(name, "connector_") &&
			!timed.MatchString(name) {
			changes = append(changes, fmt.Sprintf("%s %+g", name, change))
		}
	}
	return changes
}

// called returns the changes, as since has them, of an answered call.
func called(operation string, status int, code string) []string {
	return []string{
		fmt.Sprintf(`connector_call_duration_seconds_count{operation="%s"} +1`, operation),
		fmt.Sprintf(`connector_calls_total{code="%s",operation="%s",status="%d",transport="rest"} +1`, code, operation,
			status),
	}
}

// calledUpstream returns the changes of calls of Partner Center.
func calledUpstream(operation, status string, times int) []string {
	return []string{
		fmt.Sprintf(`connector_upstream_calls_total{operation="%s",status="%s"} %+d`, operation, status, times),
		fmt.Sprintf(`connector_upstream_duration_seconds_count{operation="%s"} %+d`, operation, times),
	}
}

// decided returns the changes of a decision of the limiter.
func decided(decision string) []string {
	return []string{fmt.Sprintf(`connector_limiter_decisions_total{decision="%s"} +1`, decision)}
}

// requestedToken returns the changes of a request for a token or for signing keys.
func requestedToken(kind, result string) []string {
	return []string{fmt.Sprintf(`connector_token_requests_total{kind="%s",result="%s"} +1`, kind, result)}
}

// dropped returns the changes of values that were dropped from an answer.
func dropped(operation, place string, values int) []string {
	return []string{fmt.Sprintf(`connector_left_out_values_total{operation="%s",path="%s"} %+d`, operation, place,
		values)}
}

// expectChanges compares what has changed since a scrape with the changes of all events together.
func (p *process) expectChanges(t *testing.T, before scrape, events ...[]string) {
	t.Helper()
	want := slices.Sorted(slices.Values(slices.Concat(events...)))
	if got := p.scrape(t).since(before); !slices.Equal(got, want) {
		t.Errorf("changed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
