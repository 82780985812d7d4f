package entra

import (
	"log/slog"
	"sync"
	"time"
)

// expiryAge is how long a known expiry is cached. Decrypting a PFX is too slow to do it on every
// scrape.
const expiryAge = time.Minute

// CertificateEnd returns a function that returns when the app's certificate expires, or nil if the
// app has no certificate. The function reads the file at most once a minute and falls back to the
// last good value, or the zero time if it has not read one yet. It is safe for concurrent use.
func (c Config) CertificateEnd() func() time.Time {
	if c.CertificateFile == "" {
		return nil
	}
	c.Log = slog.New(slog.DiscardHandler) // the authenticator logs an unusable file
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
