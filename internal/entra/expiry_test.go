package entra

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestCertificateEnd(t *testing.T) {
	t.Run("is unknown without a certificate", func(t *testing.T) {
		if (Config{ClientSecret: "s"}).CertificateEnd() != nil {
			t.Error("a secret has an end")
		}
	})
	first, second := firstPair(), earlyPair()
	synctest.Test(t, func(t *testing.T) {
		c := Config{CertificateFile: write(t, "f", first.pem)}
		end := c.CertificateEnd()
		expect := func(what string, want time.Time) {
			t.Helper()
			if got := end(); !got.Equal(want) {
				t.Errorf("%s: it ends at %v, want %v", what, got, want)
			}
		}
		expect("at first", first.certificate.NotAfter)
		rewrite(t, c.CertificateFile, second.pem)
		expect("right after a change", first.certificate.NotAfter)
		time.Sleep(expiryAge)
		expect("a minute after a change", second.certificate.NotAfter)
		rewrite(t, c.CertificateFile, "garbage")
		time.Sleep(expiryAge)
		expect("with a file that cannot be read", second.certificate.NotAfter)
	})
}
