package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/secret"
)

// patience bounds every wait of these tests. Only a failing test takes that long, however busy the
// machine is.
const patience = time.Minute

// waitFor returns once a condition holds. It fails the test with what it waited for. The longer it
// waits the less often it looks, because many conditions take a call of the service.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for pause := 2 * time.Millisecond; !holds(); pause = min(pause*5/4, 100*time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(pause)
	}
}

// process is a running connector.
type process struct {
	t       testing.TB
	address string // host:port that it listens on
	out     *transcript
	secrets *secret.Set // must not appear in any output

	status    int  // that the process must end with
	mayLookUp bool // names, although every lookup fails

	startup time.Duration // from the start to the first line of the log
	command *exec.Cmd
	ended   chan struct{}
}

// start runs connector serve with exactly these variables on a free port until the test ends. Then
// the process must end by SIGTERM with status 0, and its output must pass checkOutput.
func start(t testing.TB, program string, known *secret.Set, environment ...string) *process {
	t.Helper()
	p := &process{t: t, out: new(transcript), secrets: known, ended: make(chan struct{})}
	p.command = exec.Command(program, "serve", "--listen", "127.0.0.1:0")
	p.command.Env = slices.Concat(plainEnvironment(t), []string{"CONNECTOR_DRAIN=0s", "CONNECTOR_LOG_LEVEL=debug"},
		environment)
	p.command.Stdout, p.command.Stderr = p.out, p.out
	began := time.Now()
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // stop looks at the state
		close(p.ended)
	}()
	t.Cleanup(p.stop)
	waitFor(t, "the service listens", func() bool {
		listening := p.out.lines("msg", "listening")
		if len(listening) == 0 {
			if p.hasEnded() {
				t.Fatalf("the service ended at once:\n%s", p.out)
			}
			return false
		}
		p.address = listening[0].text("address")
		return true
	})
	p.startup = time.Since(began)
	return p
}

// plainEnvironment returns an environment without settings. It keeps an instrumented binary from
// waiting for a second at its end, and from complaining that no directory for its coverage is set.
func plainEnvironment(t testing.TB) []string {
	t.Helper()
	return []string{"GORACE=atexit_sleep_ms=0", "GOCOVERDIR=" + cmp.Or(os.Getenv("GOCOVERDIR"), t.TempDir())}
}

// atMost returns a bound for something that takes d at most on an idle machine. On a busy one,
// everything takes longer by as much as the start of the process does.
func (p *process) atMost(d time.Duration) time.Duration { return d + 5*p.startup }

// terminate sends SIGTERM.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("SIGTERM: %v", err)
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stop ends the process if it still runs, and checks its status and output.
func (p *process) stop() {
	if !p.hasEnded() {
		p.terminate()
		select {
		case <-p.ended:
		case <-time.After(patience):
			p.t.Errorf("the service does not end by SIGTERM")
			p.command.Process.Kill()
			<-p.ended
		}
	}
	if status := p.command.ProcessState.ExitCode(); status != p.status {
		p.t.Errorf("the service ended with status %d, not %d", status, p.status)
	}
	p.checkOutput()
}

// lookup matches the line of a process that looked up a name.
var lookup = regexp.MustCompile("(?m)^" + outsideLine + ": name server .*\n")

// checkOutput fails the test for anything in the output that no run may have: a credential, a
// panic, a data race, a leaked goroutine, a connection to another machine or a line that is not
// JSON.
func (p *process) checkOutput() {
	output := p.out.String()
	if p.mayLookUp {
		output = lookup.ReplaceAllString(output, "")
	}
	for _, never := range []string{outsideLine, leakLine, "DATA RACE", `"msg":"panic"`, "goroutine "} {
		if strings.Contains(output, never) {
			p.t.Errorf("the output has %q", never)
		}
	}
	if found := p.secrets.Find([]byte(output)); found != "" {
		p.t.Errorf("the output has a credential: %s", found)
	}
	for line := range strings.Lines(output) {
		if !json.Valid([]byte(line)) {
			p.t.Errorf("a line of the output is not JSON: %s", line)
		}
	}
	if p.t.Failed() {
		p.t.Logf("output of the service:\n%s", output)
	}
}

// transcript collects the output of a process. It can be read while the process runs.
type transcript struct {
	mu     sync.Mutex
	text   bytes.Buffer
	parsed int       // bytes of text that log was made of
	log    []logLine // the lines that are JSON objects, in their order
}

func (o *transcript) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *transcript) String() string { return o.since(0) }

// since returns the output after the first n bytes.
func (o *transcript) since(n int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text.Bytes()[n:])
}

// size returns the number of bytes so far.
func (o *transcript) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Len()
}

// lines returns the lines of the log that have a value under a key.
func (o *transcript) lines(key, value string) []logLine {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parse()
	var found []logLine
	for _, l := range o.log {
		if l.text(key) == value {
			found = append(found, l)
		}
	}
	return found
}

// parse adds the whole lines that are new to the log.
func (o *transcript) parse() {
	for {
		line, _, whole := bytes.Cut(o.text.Bytes()[o.parsed:], []byte("\n"))
		if !whole {
			return
		}
		o.parsed += len(line) + 1
		var l logLine
		if json.Unmarshal(line, &l) == nil {
			o.log = append(o.log, l)
		}
	}
}

// logLine is one line of the log.
type logLine map[string]any

// text returns the text under a key, or "".
func (l logLine) text(key string) string {
	s, _ := l[key].(string)
	return s
}

// time returns when the line was written.
func (l logLine) time(t testing.TB) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, l.text("time"))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// number returns the number under a key, or 0.
func (l logLine) number(key string) float64 {
	n, _ := l[key].(float64)
	return n
}
