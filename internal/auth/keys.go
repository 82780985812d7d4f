package auth

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type digest = [sha256.Size]byte

// Keys is a set of API keys by digest: fixed ones, and those in a file. The file is checked on
// every use and read again when it has changed, so a change takes effect with the next call. While
// it cannot be read or parsed, the last good content stays in force. The log reports when this
// begins and ends, and each change of the keys. Keys is safe for concurrent use.
type Keys struct {
	fixed map[digest]string
	path  string // empty: no file
	log   *slog.Logger

	lookups atomic.Uint64            // counts lookups in the order in which they began
	file    atomic.Pointer[contents] // the newest content; nil: no file

	mu        sync.Mutex
	published uint64 // the lookup that set file last
	failure   string // the failure that was logged last; empty: none since
}

// contents is what a keys file held at some time. It is never changed.
type contents struct {
	version fileVersion
	names   map[digest]string // in force; those of the content before if this one is broken
	broken  error             // why the file cannot be parsed; nil: it can
}

// fileVersion distinguishes contents of a file.
type fileVersion struct {
	changed time.Time
	size    int64
	settled bool // the file was so old when it was read that a later change shows in its time
}

// settling is how long a file's time may stand still across two changes: some file systems count
// whole seconds.
const settling = 3 * time.Second

// OpenKeys returns the keys of the file at path, which must be readable, and of plain, which holds
// keys by name. Both may be empty.
func OpenKeys(path string, plain map[string]string, log *slog.Logger) (*Keys, error) {
	k := &Keys{fixed: map[digest]string{}, path: path, log: log}
	for name, key := range plain {
		k.fixed[sha256.Sum256([]byte(key))] = name
	}
	k.file.Store(&contents{})
	if path == "" {
		return k, nil
	}
	file, err := k.read(k.file.Load())
	if err != nil {
		return nil, err
	}
	k.file.Store(file)
	return k, file.broken
}

// Len returns the number of keys.
func (k *Keys) Len() int { return len(k.fixed) + len(k.file.Load().names) }

// Names returns the names of the keys, each once, sorted.
func (k *Keys) Names() []string {
	names := slices.Concat(slices.Collect(maps.Values(k.fixed)), slices.Collect(maps.Values(k.file.Load().names)))
	slices.Sort(names)
	return slices.Compact(names)
}

// find returns the name of key, and whether it is one of the keys.
func (k *Keys) find(key string) (string, bool) {
	d := sha256.Sum256([]byte(key))
	if name, ok := k.fixed[d]; ok {
		return name, true
	}
	if k.path == "" {
		return "", false
	}
	name, ok := k.current().names[d]
	return name, ok
}

// current returns the content in force. It holds no lock while it uses the file, so that a slow
// file system does not make callers queue.
func (k *Keys) current() *contents {
	lookup := k.lookups.Add(1)
	file, err := k.read(k.file.Load())
	k.mu.Lock()
	defer k.mu.Unlock()
	newest := k.file.Load()
	if lookup < k.published { // a lookup that began later has published what it read
		return newest
	}
	k.published = lookup
	switch {
	case err != nil:
		file = newest
	case (file.broken != nil) && (file != newest):
		file.names = newest.names
	}
	if err == nil {
		err = file.broken
	}
	k.report(file, err)
	k.file.Store(file)
	return file
}

// read returns the content of the file, which is last itself if the file is known not to have
// changed since. Broken content has no names.
func (k *Keys) read(last *contents) (*contents, error) {
	now := time.Now()
	info, err := os.Stat(k.path)
	if err != nil {
		return nil, err
	}
	version := fileVersion{info.ModTime(), info.Size(), now.Sub(info.ModTime()).Abs() > settling}
	if last.version.settled && (version == last.version) {
		return last, nil
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return nil, err
	}
	names, err := parseKeys(text)
	if err != nil {
		return &contents{version: version, broken: fmt.Errorf("%s: %w", k.path, err)}, nil
	}
	return &contents{version: version, names: names}, nil
}

// report logs a failure to use the file once, however many calls meet it, its end, and a change of
// the keys. It needs the lock.
func (k *Keys) report(file *contents, err error) {
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	switch {
	case failure == k.failure:
	case failure == "":
		k.log.Info("the API keys file can be used again")
	default:
		k.log.Error("the API keys file cannot be used; the keys read last stay valid", "error", failure)
	}
	k.failure = failure
	if last := k.file.Load(); (file != last) && !maps.Equal(file.names, last.names) {
		k.log.Info("the API keys file has been read again", "keys", len(file.names))
	}
}
