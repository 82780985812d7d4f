package console

import "sync"

// builds keeps the downloads that were built for one base URL, since building one takes up to half a
// second. A service with a public URL has no other. Only one download is built at a time, so that callers
// without a credential cannot occupy more than one processor.
type builds struct {
	mu      sync.Mutex
	baseURL string
	built   map[string][]byte // by path
}

// get returns the content of a download, which build makes at most once for as long as the base URL stays
// the same.
func (b *builds) get(d Download, baseURL string, build func(Download, string) ([]byte, error)) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.built == nil || b.baseURL != baseURL {
		b.baseURL, b.built = baseURL, map[string][]byte{}
	}
	if content, ok := b.built[d.Path]; ok {
		return content, nil
	}
	content, err := build(d, baseURL)
	if err == nil {
		b.built[d.Path] = content
	}
	return content, err
}
