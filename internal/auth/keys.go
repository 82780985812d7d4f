package auth

import (
	"bytes"
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

// Keys is a set of API keys, stored by digest: fixed ones and those in a file. The file is checked
// on every lookup and read again when it has changed, so a change takes effect with the next call.
// While the file cannot be read or parsed, its last good content stays in force. The log records
// when that state begins and ends, and each change of the keys. Keys is safe for concurrent use.
type Keys struct {
	fixed map[digest]string
	path  string // empty: no file
	log   *slog.Logger

	lookups atomic.Uint64            // numbers lookups in the order in which they begin
	file    atomic.Pointer[contents] // the newest content; never nil after OpenKeys
	failing atomic.Bool              // failure is not empty

	mu        sync.Mutex
	published uint64 // number of the lookup that set file last
	failure   string // the current failure, already logged; empty: none
}

// contents is what a keys file held at some point in time. It is immutable once published.
type contents struct {
	version fileVersion
	text    []byte
	names   map[digest]string // in force; if the file is broken, those of the previous content
	broken  error             // the parse error; nil: none
}

// A fileVersion distinguishes contents of a file without reading it.
type fileVersion struct {
	changed time.Time
	size    int64
	settled bool // the file was old enough when read that a later change must alter its time
}

// settling bounds the resolution of file times: within it, two changes of a file may leave the same
// time. Some file systems count in whole seconds.
const settling = 3 * time.Second

// OpenKeys returns the keys in the file at path and in plain, which maps names to keys. Either may
// be empty. It fails if the file cannot be read or parsed.
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

// Len returns the number of keys as of the last lookup.
func (k *Keys) Len() int { return len(k.fixed) + len(k.file.Load().names) }

// Names returns the sorted, distinct names of the keys as of the last lookup.
func (k *Keys) Names() []string {
	names := slices.Concat(slices.Collect(maps.Values(k.fixed)), slices.Collect(maps.Values(k.file.Load().names)))
	slices.Sort(names)
	return slices.Compact(names)
}

// find returns the name of key and whether it is in the set. Keys are compared by digest, so the
// time that a lookup takes reveals nothing about them.
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

// current returns the content in force. It holds no lock while it reads the file, so a slow file
// system does not make callers queue, and takes none if the file has neither changed nor failed.
func (k *Keys) current() *contents {
	lookup := k.lookups.Add(1)
	last := k.file.Load()
	file, err := k.read(last)
	if (err == nil) && (file == last) && (file.broken == nil) && !k.failing.Load() {
		return k.file.Load() // another lookup may have published what it read in the meantime
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	newest := k.file.Load()
	if (lookup < k.published) || ((file == last) && (newest != last)) {
		return newest // another lookup has published what it read in the meantime
	}
	k.published = lookup
	switch {
	case err != nil:
		file = newest
	case (file.broken != nil) && (file != newest):
		file = &contents{version: file.version, text: file.text, names: newest.names, broken: file.broken}
	}
	if err == nil {
		err = file.broken
	}
	k.report(file, err)
	k.file.Store(file)
	return file
}

// read returns the content of the file: last itself if the file is known to be unchanged, else new
// content. Content that cannot be parsed has no names and is not an error.
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
	if (version == last.version) && bytes.Equal(text, last.text) {
		return last, nil // not settled yet, but the same
	}
	names, err := parseKeys(text)
	if err != nil {
		return &contents{version: version, text: text, broken: fmt.Errorf("%s: %w", k.path, err)}, nil
	}
	return &contents{version: version, text: text, names: names}, nil
}

// report logs when the file becomes unusable, when it becomes usable again, and when its keys
// change. A failure is logged once, however many calls run into it. The caller holds k.mu.
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
	k.failing.Store(failure != "")
	if last := k.file.Load(); (file != last) && !maps.Equal(file.names, last.names) {
		k.log.Info("the API keys file has been read again", "keys", len(file.names))
	}
}
