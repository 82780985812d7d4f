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

// patience bounds every wait of these tests. Nothing takes nearly that long but a test that fails.
const patience = time.Minute

// waitFor returns when a condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// process is a running connector.
type process struct {
	t       testing.TB
	address string // host:port that it listens on
	out     *transcript
	secrets *secret.Set // what must stand in no answer and in no output

	status    int  // that it must end with
	mayLookUp bool // names, in vain

	command *exec.Cmd
	ended   chan struct{}
}

// start runs connector serve with exactly these variables on a free port until the test ends. Then the process
// must end by SIGTERM, with status 0, and must have done nothing that no process may do.
func start(t testing.TB, program string, known *secret.Set, environment ...string) *process {
	t.Helper()
	p := &process{t: t, out: new(transcript), secrets: known, ended: make(chan struct{})}
	p.command = exec.Command(program, "serve", "--listen", "127.0.0.1:0")
	p.command.Env = slices.Concat(plainEnvironment(t), []string{"CONNECTOR_DRAIN=0s", "CONNECTOR_LOG_LEVEL=debug"}, environment)
	p.command.Stdout, p.command.Stderr = p.out, p.out
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // the state tells it
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
	return p
}

// plainEnvironment has no setting, but what keeps an instrumented binary from waiting for a second at its end and
// from complaining that nobody asks for its coverage.
func plainEnvironment(t testing.TB) []string {
	t.Helper()
	return []string{"GORACE=atexit_sleep_ms=0", "GOCOVERDIR=" + cmp.Or(os.Getenv("GOCOVERDIR"), t.TempDir())}
}

// terminate asks the process to end.
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

// stop ends the process if need be and judges its life.
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
	p.judge()
}

// lookup is the line of a process that looked up a name.
var lookup = regexp.MustCompile("(?m)^" + outside + ": name server .*\n")

// judge fails the test for anything in the output that no run may have.
func (p *process) judge() {
	output := p.out.String()
	if p.mayLookUp {
		output = lookup.ReplaceAllString(output, "")
	}
	for _, never := range []string{outside, leaked, "DATA RACE", `"msg":"panic"`, "goroutine "} {
		if strings.Contains(output, never) {
			p.t.Errorf("the output has %q", never)
		}
	}
	if found := p.secrets.Find([]byte(output)); found != "" {
		p.t.Errorf("the output has a credential: %s", found)
	}
	for line := range strings.Lines(output) {
		if !json.Valid([]byte(line)) {
			p.t.Errorf("a line of the output is no JSON: %s", line)
		}
	}
	if p.t.Failed() {
		p.t.Logf("output of the service:\n%s", output)
	}
}

// transcript is all that a process writes. It can be read while the process runs.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	read int       // bytes of text that are in log, if they are a log's
	log  []logLine // in their order
}

func (o *transcript) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	for {
		line, _, whole := bytes.Cut(o.text.Bytes()[o.read:], []byte("\n"))
		if !whole {
			return len(b), nil
		}
		o.read += len(line) + 1
		var l logLine
		if json.Unmarshal(line, &l) == nil {
			o.log = append(o.log, l)
		}
	}
}

func (o *transcript) String() string { return o.from(0) }

// from returns what was written behind the first n bytes.
func (o *transcript) from(n int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text.Bytes()[n:])
}

func (o *transcript) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Len()
}

// lines returns the lines of the log that have a value under a key.
func (o *transcript) lines(key, value string) []logLine {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []logLine
	for _, l := range o.log {
		if l.text(key) == value {
			found = append(found, l)
		}
	}
	return found
}

// logLine is one line of the log.
type logLine map[string]any

func (l logLine) text(key string) string {
	s, _ := l[key].(string)
	return s
}

func (l logLine) number(key string) float64 {
	n, _ := l[key].(float64)
	return n
}
