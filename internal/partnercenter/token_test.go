package partnercenter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/partner-center/connector/internal/fault"
)

// issuer gives out numbered tokens, slowly, or fails.
type issuer struct {
	mu      sync.Mutex
	issued  int
	life    time.Duration
	failure error
}

func (i *issuer) fetch(ctx context.Context) (azcore.AccessToken, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued++
	if i.failure != nil {
		return azcore.AccessToken{}, i.failure
	}
	return azcore.AccessToken{Token: fmt.Sprint("token-", i.issued), ExpiresOn: time.Now().Add(i.life)}, nil
}

// inBubble runs a test on a fake clock with an issuer of tokens that live for an hour.
func inBubble(t *testing.T, test func(t *testing.T, i *issuer, s *tokens)) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		test(t, i, &tokens{fetch: i.fetch, timeout: 30 * time.Second, log: slog.New(slog.DiscardHandler)})
	})
}

func want(t *testing.T, s *tokens, refused, token string) {
	t.Helper()
	if got, err := s.get(t.Context(), refused); got != token || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, token)
	}
}

func TestOneRequestForManyCallers(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(func() { want(t, s, "", "token-1") })
		}
		callers.Wait()
		want(t, s, "", "token-1")
		if i.issued != 1 {
			t.Errorf("%d requests", i.issued)
		}
	})
}

func TestRenewedBeforeItEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		want(t, s, "", "token-1")
		time.Sleep(47 * time.Minute)
		want(t, s, "", "token-1")
		synctest.Wait()
		if i.issued != 1 {
			t.Fatal("renewed too early")
		}
		time.Sleep(2 * time.Minute)
		before := time.Now()
		want(t, s, "", "token-1")
		if time.Since(before) != 0 {
			t.Error("a caller waited for the renewal")
		}
		time.Sleep(2 * time.Second)
		want(t, s, "", "token-2")
	})
}

func TestOldTokenOutlivesAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		want(t, s, "", "token-1")
		i.failure = errors.New("away")
		for range 11 * 60 {
			time.Sleep(5 * time.Second)
			want(t, s, "", "token-1")
		}
		if i.issued > 1+7*60/10 {
			t.Errorf("%d requests in seven minutes of renewing", i.issued-1)
		}
		time.Sleep(10 * time.Minute)
		if _, err := s.get(t.Context(), ""); kindOfError(err) != fault.IdentityUnavailable {
			t.Errorf("after its end: %v", err)
		}
		i.failure = nil
		if token, err := s.get(t.Context(), ""); err != nil || token == "token-1" {
			t.Errorf("after the outage: %q, %v", token, err)
		}
	})
}

func TestRefusedTokenIsDroppedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		want(t, s, "", "token-1")
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { want(t, s, "token-1", "token-2") })
		}
		callers.Wait()
		want(t, s, "token-1", "token-2") // a latecomer with the old one
		want(t, s, "", "token-2")
		if i.issued != 2 {
			t.Errorf("%d requests", i.issued)
		}
	})
}

func TestCallersDoNotOutwaitTheirContext(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := s.get(ctx, ""); kindOfError(err) != fault.IdentityUnavailable {
			t.Errorf("past its deadline: %v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := s.get(gone, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("gone: %v", err)
		}
		want(t, s, "", "token-1") // the first caller's request went on
	})
}

// TestLongLife renews a token of a hundred years no more often than it must.
func TestLongLife(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		i.life = 100 * 365 * 24 * time.Hour
		for range 5 {
			want(t, s, "", "token-1")
			time.Sleep(time.Hour)
		}
		synctest.Wait()
		if i.issued != 1 {
			t.Errorf("%d requests", i.issued)
		}
	})
}

func TestTokenMustFitAHeader(t *testing.T) {
	for _, token := range []string{"", "a\r\nX-Evil: 1", "a b", "é"} {
		s := &tokens{timeout: time.Second, log: slog.New(slog.DiscardHandler), fetch: func(context.Context) (azcore.AccessToken, error) {
			return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Hour)}, nil
		}}
		if _, err := s.get(t.Context(), ""); kindOfError(err) != fault.IdentityUnavailable {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestFetchEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *tokens) {
		s.timeout = time.Millisecond
		if _, err := s.get(t.Context(), ""); kindOfError(err) != fault.IdentityUnavailable {
			t.Error(err)
		}
	})
}

func kindOfError(err error) fault.Kind {
	var f *fault.Error
	errors.As(err, &f)
	if f == nil {
		return fault.Kind{}
	}
	return f.Kind
}
