package seal_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/seal"
)

const purpose = "customers"

func newSealer(t testing.TB, secret string) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpen(t *testing.T) {
	urlSafe := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	for name, text := range map[string]string{
		"an empty text":          "",
		"a token":                "AQAAAA==",
		"a token of three parts": "5a2d,e30=,77d2",
		"special characters":     "é & \x00\r\n\"<>%2B",
		"a long text":            strings.Repeat("x", 2000),
	} {
		t.Run("returns what another instance sealed: "+name, func(t *testing.T) {
			sealed := newSealer(t, "hush").Seal(purpose, text)
			if got, ok := newSealer(t, "hush").Open(purpose, sealed); !ok || got != text {
				t.Errorf("%q, %t", got, ok)
			}
			if !urlSafe.MatchString(sealed) {
				t.Errorf("the sealed text %q needs escaping", sealed)
			}
		})
	}

	s := newSealer(t, "hush")
	sealed := s.Seal(purpose, "AQAAAA==")
	rejects := func(t *testing.T, s *seal.Sealer, purpose, sealed string) {
		t.Helper()
		if text, ok := s.Open(purpose, sealed); ok {
			t.Fatalf("%q opens as %q", sealed, text)
		}
	}
	t.Run("rejects another purpose", func(t *testing.T) { rejects(t, s, "invoices", sealed) })
	t.Run("rejects another secret", func(t *testing.T) { rejects(t, newSealer(t, "other"), purpose, sealed) })
	t.Run("rejects another spelling", func(t *testing.T) {
		for _, more := range []string{"\n", "\r", " ", "="} {
			rejects(t, s, purpose, sealed+more)
			rejects(t, s, purpose, sealed[:9]+more+sealed[9:])
		}
	})
	t.Run("rejects a changed byte", func(t *testing.T) {
		for i := range sealed {
			for _, c := range "AZaz09_-" {
				if changed := sealed[:i] + string(c) + sealed[i+1:]; changed != sealed {
					rejects(t, s, purpose, changed)
				}
			}
		}
	})
	t.Run("rejects a text that is cut short", func(t *testing.T) {
		for i := range sealed {
			rejects(t, s, purpose, sealed[:i])
		}
	})
	for _, other := range []string{sealed + "A", sealed + "=", " " + sealed, "AQAAAA==", "%"} {
		t.Run(fmt.Sprintf("rejects %q", strings.Replace(other, sealed, "…", 1)), func(t *testing.T) {
			rejects(t, s, purpose, other)
		})
	}
}
