package redislimit_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/limittest"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// fakeServer is a Redis server in memory, as far as the limiter uses one, whose time is that of the
// test. In the place of take.lua stands the model of the limit; TestScripts holds the scripts to
// it.
type fakeServer struct {
	mu       sync.Mutex
	clock    func() time.Time
	run      string // id of the process
	evicted  int    // number of keys
	policy   string
	ahead    time.Duration
	data     *fakeData
	saved    *fakeData
	primary  *fakeServer // nil: it is one itself
	scripts  map[string]bool
	conns    map[net.Conn]struct{}
	received map[string]int // bytes by command
	down     bool
	failure  string        // answer to all scripts; empty: none
	resumed  chan struct{} // closed unless the process is stopped
	restarts int
}

func newFakeServer(name string) *fakeServer {
	f := &fakeServer{
		clock:    time.Now,
		run:      name,
		policy:   "noeviction",
		data:     newFakeData(),
		saved:    newFakeData(),
		scripts:  map[string]bool{},
		conns:    map[net.Conn]struct{}{},
		received: map[string]int{},
		resumed:  make(chan struct{}),
	}
	close(f.resumed)
	return f
}

// fakeData is what a server stores.
type fakeData struct {
	record fakeRecord
	epochs map[string]*limittest.Model
}

// fakeRecord is the epoch's record. Its times are in us.
type fakeRecord struct {
	id, run string
	fence   int64
	evicted string // number of keys; empty: unknown
	writes  int64
	counted map[string]int64 // by instance

	calls, window int64 // of all instances; 0: unknown
	settings      map[string]fakeSetting
}

// fakeSetting is the setting of an instance, in us.
type fakeSetting struct{ calls, window, ends int64 }

func newFakeData() *fakeData {
	return &fakeData{
		record: fakeRecord{counted: map[string]int64{}, settings: map[string]fakeSetting{}},
		epochs: map[string]*limittest.Model{},
	}
}

func (d *fakeData) clone() *fakeData {
	c := &fakeData{record: d.record, epochs: map[string]*limittest.Model{}}
	c.record.counted, c.record.settings = maps.Clone(d.record.counted), maps.Clone(d.record.settings)
	for id, m := range d.epochs {
		c.epochs[id] = m.Clone()
	}
	return c
}

// now returns the time on the server's clock.
func (f *fakeServer) now() time.Time { return f.clock().Add(f.ahead) }

// kill ends the process.
func (f *fakeServer) kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = true
	for c := range f.conns {
		c.Close()
	}
	clear(f.conns)
}

// restart starts the process with what it saved.
func (f *fakeServer) restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.restarts++
	f.run = strings.TrimRight(f.run, "'") + strings.Repeat("'", f.restarts)
	f.data, f.scripts, f.evicted, f.down = f.saved.clone(), map[string]bool{}, 0, false
}

// change runs change while no command runs.
func (f *fakeServer) change(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// contents returns a copy of what the server stores.
func (f *fakeServer) contents() *fakeData {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.data.clone()
}

// accept adds a connection, or returns false if the process is down.
func (f *fakeServer) accept(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return false
	}
	f.conns[c] = struct{}{}
	return true
}

// fakeCommand is a command and when it was received.
type fakeCommand struct {
	received time.Time
	words    []string
}

// farAway is the round trip of a fakeNetwork that is far.
const farAway = 35 * time.Millisecond

// serve answers the commands of a connection until it ends. Commands are read ahead, as by a
// socket's buffer.
func (f *fakeServer) serve(c net.Conn, n *fakeNetwork) {
	defer c.Close()
	commands := make(chan fakeCommand, 4096)
	go func() {
		defer close(commands)
		for r := bufio.NewReader(c); ; {
			command, err := readCommand(r)
			if err != nil {
				return
			}
			commands <- fakeCommand{time.Now(), command}
		}
	}()
	for command := range commands {
		time.Sleep(20 * time.Microsecond) // on the way and at work
		f.mu.Lock()
		resumed := f.resumed
		f.mu.Unlock()
		<-resumed
		if n.current() == hang {
			continue
		}
		answer := f.answer(command.words)
		switch n.current() {
		case hang:
			continue
		case delay:
			time.Sleep(500 * time.Millisecond)
		case far:
			time.Sleep(time.Until(command.received.Add(farAway)))
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// readCommand reads an array of strings.
func readCommand(r *bufio.Reader) ([]string, error) {
	n, err := readSize(r)
	if err != nil {
		return nil, err
	}
	command := make([]string, n)
	for i := range command {
		size, err := readSize(r)
		if err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		command[i] = string(text[:size])
	}
	return command, nil
}

// encodeCommand is the inverse of readCommand.
func encodeCommand(words []string) string {
	text := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		text += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return text
}

// readSize reads the line before an array or a string.
func readSize(r *bufio.Reader) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// answer runs a command and returns the encoded answer.
func (f *fakeServer) answer(command []string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return ""
	}
	f.received[strings.ToUpper(command[0])] += len(encodeCommand(command))
	switch strings.ToUpper(command[0]) {
	case "INFO":
		text := fmt.Sprintf("run_id:%s\r\nmaxmemory_policy:%s\r\nevicted_keys:%d\r\n", f.run, f.policy, f.evicted)
		return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
	case "EVALSHA":
		if !f.scripts[command[1]] {
			return "-NOSCRIPT No matching script. Please use EVAL.\r\n"
		}
		return f.eval(command[1], command[2:])
	case "EVAL":
		sum := sha1.Sum([]byte(command[1]))
		digest := hex.EncodeToString(sum[:])
		f.scripts[digest] = true
		return f.eval(digest, command[2:])
	default:
		return "-ERR unknown command '" + command[0] + "'\r\n"
	}
}

// eval runs a script.
func (f *fakeServer) eval(digest string, args []string) string {
	if f.primary != nil {
		return "-READONLY You can't write against a read only replica.\r\n"
	}
	if f.failure != "" {
		return "-" + f.failure + "\r\n"
	}
	n, _ := strconv.Atoi(args[0])
	keys, argv := args[1:1+n], args[1+n:]
	if len(argv) == 0 { // allowed.lua
		return encode(nil)
	}
	if digest == redislimit.JoinDigest() {
		return encode(f.join(argv))
	}
	return encode(f.take(keys, argv))
}

// encode encodes an array of strings and numbers.
func encode(values []any) string {
	text := fmt.Sprintf("*%d\r\n", len(values))
	for _, v := range values {
		if s, ok := v.(string); ok {
			text += fmt.Sprintf("$%d\r\n%s\r\n", len(s), s)
		} else {
			text += fmt.Sprintf(":%d\r\n", v)
		}
	}
	return text
}

// join is join.lua.
func (f *fakeServer) join(argv []string) []any {
	now, r, instance := f.now().UnixMicro(), &f.data.record, argv[0]
	calls, own := toInt(argv[1]), toInt(argv[2])
	window := own
	settings := map[string]fakeSetting{instance: {calls, own, now + own + 1e6}}
	for name, its := range r.settings {
		if left := its.ends - now; (name != instance) && (left > 0) && (left <= its.window+1e6) {
			settings[name] = its
			calls, window = min(calls, its.calls), max(window, its.window)
		}
	}
	switch heartbeat := len(argv) == 3; {
	case !heartbeat:
		r.enter(argv[3:], now, window-own)
	case r.id == "":
		return []any{"", 0, now, 0, 0, calls, window}
	}
	r.calls, r.window, r.settings = calls, window, settings
	r.writes++
	return []any{r.id, r.fence, now, r.writes, r.counted[instance], calls, window}
}

// enter is the part of join.lua that changes the epoch.
func (r *fakeRecord) enter(argv []string, now, longer int64) {
	run, own, known := argv[0], argv[1], argv[2]
	silence, distrusted := toInt(argv[3]), argv[4] == "1"
	afterLoss, afterStart, evicted := toInt(argv[5])+longer, toInt(argv[6]), argv[7]
	safe := int64(0)
	if known != "" {
		safe = now - silence + afterLoss
	}
	evicts := (r.evicted != "") && (toInt(r.evicted) < toInt(evicted))
	switch {
	case r.id == "":
		r.id, r.fence = own, max(now+afterStart, safe)
	case (r.run != run) || evicts || (distrusted && (r.id == known)):
		r.id, r.fence = own, now+afterLoss
	case r.id != known:
		r.fence = max(r.fence, safe)
	}
	r.run, r.evicted = run, evicted
}

// take is take.lua.
func (f *fakeServer) take(keys, argv []string) []any {
	const refused, admitted, fenced, otherEpoch, evicted = 0, 1, 2, 3, 4
	now, r, instance := f.now(), f.data.record, argv[4]
	if (r.id == "") || (r.id != argv[0]) {
		return []any{otherEpoch, now.UnixMicro(), 0, 0, 0, 0, 0}
	}
	if now.UnixMicro() < r.fence {
		return []any{fenced, now.UnixMicro(), r.writes, 0, r.fence - now.UnixMicro(), 0, r.counted[instance]}
	}
	if (r.evicted != fmt.Sprint(f.evicted)) || (f.policy != "noeviction") {
		return []any{evicted, now.UnixMicro(), 0, 0, 0, 0, 0}
	}
	key := ratelimit.Key{Identity: keys[1]}
	if len(keys) > 2 {
		key = ratelimit.Key{Identity: keys[2], Name: argv[5]}
	}
	calls, window := toInt(argv[1]), toInt(argv[2])
	if r.calls > 0 {
		calls, window = min(calls, r.calls), max(window, r.window)
	}
	m := f.data.epochs[r.id]
	if m == nil {
		m = limittest.NewModel(0, 0)
		f.data.epochs[r.id] = m
	}
	m.Set(int(calls), time.Duration(window)*time.Microsecond)
	now = now.Truncate(time.Microsecond)
	shared, decide := 0, m.Peek
	if m.Counted(key, now) != key {
		shared = 1
	}
	if argv[3] == "1" {
		decide = m.Take
	}
	d := decide(key, now)
	result := refused
	if d.Allowed {
		result = admitted
		if argv[3] == "1" {
			f.data.record.writes++
			r.writes++
			r.counted[instance]++
		}
	}
	return []any{
		result, now.UnixMicro(), r.writes, d.Remaining, d.NextSlot.Microseconds(), shared, r.counted[instance],
	}
}

func toInt(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// fakeNetwork connects limiters to a fake server.
type fakeNetwork struct {
	world *fakeWorld

	mu     sync.Mutex
	mode   mode
	server *fakeServer
	conns  map[net.Conn]struct{}
}

func (n *fakeNetwork) current() mode {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.mode
}

// dial opens a connection to the server.
func (n *fakeNetwork) dial(context.Context, string, string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	near, far := net.Pipe()
	if (n.mode == reset) || !n.server.accept(far) {
		return nil, errors.New("connection refused")
	}
	n.conns[far] = struct{}{}
	go n.server.serve(far, n)
	return near, nil
}

// set changes how connections are treated.
func (n *fakeNetwork) set(m mode) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mode = m
	if m == reset {
		n.cut()
	}
}

// cut closes all connections.
func (n *fakeNetwork) cut() {
	for c := range n.conns {
		c.Close()
	}
	clear(n.conns)
}

func (n *fakeNetwork) toSecond() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = n.world.second
	n.cut()
}

func (n *fakeNetwork) limiter(t testing.TB) *redislimit.Limiter {
	l := newLimiter(t, "127.0.0.1:6379", chaosCalls, chaosWindow)
	l.SetDialer(n.dial)
	return l
}

// fakeWorld is a world in memory.
type fakeWorld struct {
	first, second *fakeServer
	one, others   *fakeNetwork
}

func newFakeWorld(t *testing.T) *fakeWorld {
	w := &fakeWorld{first: newFakeServer("first"), second: newFakeServer("second")}
	w.one = &fakeNetwork{world: w, server: w.first, conns: map[net.Conn]struct{}{}}
	w.others = &fakeNetwork{world: w, server: w.first, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() {
		w.one.set(reset)
		w.others.set(reset)
		time.Sleep(time.Second) // until answers that are late have ended
	})
	return w
}

func (w *fakeWorld) networks() (near, far network) { return w.one, w.others }
func (w *fakeWorld) kill()                         { w.first.kill() }
func (w *fakeWorld) restart()                      { w.first.restart() }

func (w *fakeWorld) save() {
	w.first.change(func() { w.first.saved = w.first.data.clone() })
}

func (w *fakeWorld) reload() {
	w.first.change(func() { w.first.data = w.first.saved.clone() })
}

func (w *fakeWorld) flush() {
	w.first.change(func() { w.first.data = newFakeData() })
}

func (w *fakeWorld) evict() {
	w.first.change(func() {
		w.first.evicted += len(w.first.data.epochs)
		clear(w.first.data.epochs)
	})
}

func (w *fakeWorld) forgetScripts() {
	w.first.change(func() { clear(w.first.scripts) })
}

func (w *fakeWorld) stop() {
	w.first.change(func() { w.first.resumed = make(chan struct{}) })
}

func (w *fakeWorld) resume() {
	w.first.change(func() { close(w.first.resumed) })
}

func (w *fakeWorld) step(d time.Duration) {
	w.first.change(func() { w.first.ahead += d })
}

// replicate makes the second server a replica. Its data is taken when replication ends.
func (w *fakeWorld) replicate() {
	w.second.change(func() { w.second.primary = w.first })
}

func (w *fakeWorld) lag() {
	data := w.first.contents()
	w.second.change(func() { w.second.data, w.second.primary = data, w.second })
}

func (w *fakeWorld) promote() {
	if w.second.primary == w.first {
		w.lag()
	}
	w.second.change(func() { w.second.primary = nil })
}

func (w *fakeWorld) demote() {
	data := w.second.contents()
	w.first.change(func() { w.first.primary = w.second })
	time.Sleep(5 * time.Millisecond)
	w.first.change(func() { w.first.data, w.first.primary = data, nil })
}
