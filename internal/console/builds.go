package console

import (
	"context"
	"sync"
)

// maxHosts is for how many base URLs downloads are kept. A service with a public URL has one.
const maxHosts = 4

// builds keeps the downloads that were built, since building one takes up to half a second. One is built
// at a time, so that callers without a credential cannot occupy more than one processor.
type builds struct {
	build func(Download, string) ([]byte, error)
	turn  chan struct{} // holds a value while a download is being built

	mu   sync.Mutex
	kept map[string]map[string][]byte // by base URL and path
}

func newBuilds(build func(Download, string) ([]byte, error)) *builds {
	return &builds{build: build, turn: make(chan struct{}, 1), kept: map[string]map[string][]byte{}}
}

// get returns the content of a download, and builds it if it is not kept. It returns the error of the
// build, or that of ctx, which must end when the caller leaves.
func (b *builds) get(ctx context.Context, d Download, baseURL string) ([]byte, error) {
	if content, ok := b.find(d, baseURL); ok {
		return content, nil
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if content, ok := b.find(d, baseURL); ok {
		return content, nil
	}
	content, err := b.build(d, baseURL)
	if err == nil {
		b.keep(d, baseURL, content)
	}
	return content, err
}

func (b *builds) find(d Download, baseURL string) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	content, ok := b.kept[baseURL][d.Path]
	return content, ok
}

// keep keeps a download. It forgets those of all other base URLs if there are too many.
func (b *builds) keep(d Download, baseURL string, content []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept[baseURL] == nil {
		if len(b.kept) == maxHosts {
			clear(b.kept)
		}
		b.kept[baseURL] = map[string][]byte{}
	}
	b.kept[baseURL][d.Path] = content
}
