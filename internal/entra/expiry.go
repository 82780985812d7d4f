package entra

import (
	"log/slog"
	"sync"
	"time"
)

// expiryAge is how old a known end of the certificate may be: decrypting a PFX takes too long to do
// it on each call.
const expiryAge = time.Minute

// CertificateEnd returns a function that returns when the app's certificate ends, or nil if the app
// has none. The function reads the file again when its answer is older than a minute, and falls
// back to the last good one. It is safe for concurrent use. Before the file could be read once, it
// returns the zero time.
func (c Config) CertificateEnd() func() time.Time {
	if c.CertificateFile == "" {
		return nil
	}
	c.Log = slog.New(slog.DiscardHandler) // the authenticator reports a file that cannot be used
	pair := &lastGood[*keyPair]{log: c.Log, read: c.readCertificate}
	var mu sync.Mutex
	var end, checked time.Time
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); checked.IsZero() || now.Sub(checked) >= expiryAge {
			checked = now
			if p, err := pair.get(); err == nil {
				end = p.leaf.NotAfter
			}
		}
		return end
	}
}
