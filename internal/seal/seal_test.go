package seal_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/seal"
)

func sealer(t testing.TB, secret string) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatWasSealedOpens(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	for _, text := range []string{"", "AQAAAA==", "5a2d,e30=,77d2", "é & \x00\r\n\"<>%2B", strings.Repeat("x", 2000)} {
		sealed := sealer(t, "hush").Seal("customers", text)
		if got, ok := sealer(t, "hush").Open("customers", sealed); !ok || got != text || !form.MatchString(sealed) {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestNothingElseOpens(t *testing.T) {
	s := sealer(t, "hush")
	sealed := s.Seal("customers", "AQAAAA==")
	if _, ok := s.Open("invoices", sealed); ok {
		t.Error("opened for another purpose")
	}
	if _, ok := sealer(t, "other").Open("customers", sealed); ok {
		t.Error("opened with another secret")
	}
	for i := range sealed {
		for _, c := range "AZaz09_-" {
			if changed := sealed[:i] + string(c) + sealed[i+1:]; changed != sealed {
				if _, ok := s.Open("customers", changed); ok {
					t.Fatalf("opened with byte %d changed to %c", i, c)
				}
			}
		}
		if _, ok := s.Open("customers", sealed[:i]); ok {
			t.Fatalf("opened when cut to %d bytes", i)
		}
	}
	for _, other := range []string{sealed + "A", sealed + "=", " " + sealed, "AQAAAA==", "%"} {
		if _, ok := s.Open("customers", other); ok {
			t.Errorf("opened %q", other)
		}
	}
}
