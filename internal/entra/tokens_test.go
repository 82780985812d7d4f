package entra

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// issuer gives out numbered tokens, slowly, or fails.
type issuer struct {
	mu      sync.Mutex
	issued  int
	life    time.Duration
	failure error
}

func (i *issuer) fetch(ctx context.Context) (Grant, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued++
	if i.failure != nil {
		return Grant{}, i.failure
	}
	return Grant{AccessToken: fmt.Sprint("token-", i.issued), ExpiresOn: time.Now().Add(i.life)}, nil
}

// fail makes every fetch fail from now on; nil: none.
func (i *issuer) fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failure = err
}

// requests is how many there were.
func (i *issuer) requests() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.issued
}

// inBubble runs a test on a fake clock with an issuer of tokens that live for an hour.
func inBubble(t *testing.T, test func(t *testing.T, i *issuer, s *Tokens)) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		s := newTokens(Config{Timeout: 30 * time.Second, Log: slog.New(slog.DiscardHandler)}, i.fetch)
		test(t, i, s)
		s.Close()
	})
}

func want(t *testing.T, s *Tokens, refused, token string) {
	t.Helper()
	if got, err := s.Get(t.Context(), refused); got != token || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, token)
	}
}

func TestOneRequestForManyCallers(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(func() { want(t, s, "", "token-1") })
		}
		callers.Wait()
		want(t, s, "", "token-1")
		if i.requests() != 1 {
			t.Errorf("%d requests", i.requests())
		}
	})
}

// TestSameTokenAgain has Entra ID issue the refused token again: it is asked once, and its answer is
// passed on.
func TestSameTokenAgain(t *testing.T) {
	requests := 0
	s := newTokens(Config{Timeout: time.Second, Log: slog.New(slog.DiscardHandler)},
		func(context.Context) (Grant, error) {
			requests++
			return Grant{AccessToken: "always", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
	defer s.Close()
	want(t, s, "", "always")
	want(t, s, "always", "always")
	if requests != 2 {
		t.Errorf("%d requests", requests)
	}
}

// TestObserve shows that each request is observed once, however many callers wait for it, and that it
// has the context values of the caller that began it, who may be gone.
func TestObserve(t *testing.T) {
	type mark struct{}
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		var heard []fault.Code
		carried := map[any]int{}
		s := newTokens(Config{Timeout: 30 * time.Second, Log: slog.New(slog.DiscardHandler), Observe: func(err error) {
			heard = append(heard, codeOf(err))
		}}, func(ctx context.Context) (Grant, error) {
			carried[ctx.Value(mark{})]++
			return i.fetch(ctx)
		})
		first, leave := context.WithCancel(context.WithValue(t.Context(), mark{}, "first"))
		go s.Get(first, "")
		synctest.Wait()
		leave()
		want(t, s, "", "token-1")
		want(t, s, "", "token-1")
		i.fail(&RefusedError{Peer: EntraID, Status: 401})
		if _, err := s.Get(t.Context(), "token-1"); codeOf(err) != fault.PartnerCenterUnauthorized {
			t.Error(err)
		}
		i.fail(&NoAnswerError{EntraID, errors.New("away")})
		if _, err := s.Get(t.Context(), "token-1"); codeOf(err) != fault.IdentityUnavailable {
			t.Error(err)
		}
		if want := []fault.Code{"", fault.PartnerCenterUnauthorized, fault.IdentityUnavailable}; !slices.Equal(heard,
			want) {
			t.Errorf("heard %v, want %v", heard, want)
		}
		if carried["first"] != 1 || carried[nil] != 2 {
			t.Errorf("carried %v", carried)
		}
	})
}

func TestRenewedBeforeItEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		want(t, s, "", "token-1")
		time.Sleep(47 * time.Minute)
		want(t, s, "", "token-1")
		synctest.Wait()
		if i.requests() != 1 {
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
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		want(t, s, "", "token-1")
		i.fail(errors.New("away"))
		for range 11 * 60 {
			time.Sleep(5 * time.Second)
			want(t, s, "", "token-1")
		}
		if i.requests() > 1+7*60/10 {
			t.Errorf("%d requests in seven minutes of renewing", i.requests()-1)
		}
		time.Sleep(10 * time.Minute)
		if _, err := s.Get(t.Context(), ""); codeOf(err) != fault.IdentityUnavailable {
			t.Errorf("after its end: %v", err)
		}
		i.fail(nil)
		if token, err := s.Get(t.Context(), ""); err != nil || token == "token-1" {
			t.Errorf("after the outage: %q, %v", token, err)
		}
	})
}

func TestRefusedTokenIsDroppedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		want(t, s, "", "token-1")
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() { want(t, s, "token-1", "token-2") })
		}
		callers.Wait()
		want(t, s, "token-1", "token-2") // a latecomer with the old one
		want(t, s, "", "token-2")
		if i.requests() != 2 {
			t.Errorf("%d requests", i.requests())
		}
	})
}

// TestRefusedForOneCallerOnly has one caller's token refused in an outage, while the others keep
// using it.
func TestRefusedForOneCallerOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		want(t, s, "", "token-1")
		i.fail(errors.New("away"))
		for range 30 {
			before := time.Now()
			odd := make(chan error)
			go func() {
				_, err := s.Get(t.Context(), "token-1")
				odd <- err
			}()
			synctest.Wait()
			want(t, s, "", "token-1")
			if time.Since(before) != 0 {
				t.Fatal("a caller waited")
			}
			if err := <-odd; codeOf(err) != fault.IdentityUnavailable || time.Since(before) != time.Second {
				t.Fatalf("the odd caller: %v after %v", err, time.Since(before))
			}
			want(t, s, "", "token-1")
		}
		time.Sleep(renewPause)
		want(t, s, "", "token-1")
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if i.requests() != 31 {
			t.Errorf("%d requests: others asked for a token that is not due", i.requests())
		}
		i.fail(nil)
		want(t, s, "token-1", "token-32")
		want(t, s, "", "token-32")
		want(t, s, "token-1", "token-32")
	})
}

// TestRefusedDuringRenewal waits for the renewal in flight.
func TestRefusedDuringRenewal(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		want(t, s, "", "token-1")
		time.Sleep(50 * time.Minute)
		want(t, s, "", "token-1")
		synctest.Wait()
		want(t, s, "token-1", "token-2")
		want(t, s, "token-2", "token-3") // however fresh it is
		if i.requests() != 3 {
			t.Errorf("%d requests", i.requests())
		}
	})
}

// TestClose waits for the fetch in flight and starts no other.
func TestClose(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		s.fetch = func(ctx context.Context) (Grant, error) { return i.fetch(context.WithoutCancel(ctx)) }
		want(t, s, "", "token-1")
		time.Sleep(50 * time.Minute)
		want(t, s, "", "token-1") // which begins a renewal
		synctest.Wait()
		before := time.Now()
		s.Close()
		if time.Since(before) != time.Second {
			t.Errorf("waited %v", time.Since(before))
		}
		want(t, s, "", "token-2")
		s.Close()
		for range 2 {
			if _, err := s.Get(t.Context(), "token-2"); codeOf(err) != fault.IdentityUnavailable {
				t.Errorf("a refused token after the end: %v", err)
			}
		}
		if i.requests() != 2 || time.Since(before) != time.Second {
			t.Errorf("%d requests in %v", i.requests(), time.Since(before))
		}
	})
}

// TestCloseIsBounded waits no longer than one timeout for a fetch that ignores its context.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTokens(Config{Timeout: time.Second, Log: slog.New(slog.DiscardHandler)},
			func(context.Context) (Grant, error) {
				time.Sleep(time.Hour)
				return Grant{}, errors.New("late")
			})
		go s.Get(context.Background(), "")
		synctest.Wait()
		before := time.Now()
		s.Close()
		if waited := time.Since(before); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		time.Sleep(time.Hour)
	})
}

func TestCallersDoNotOutwaitTheirContext(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := s.Get(ctx, ""); codeOf(err) != fault.IdentityUnavailable {
			t.Errorf("past its deadline: %v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := s.Get(gone, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("gone: %v", err)
		}
		want(t, s, "", "token-1") // the first caller's request went on
	})
}

// TestLongLife does not renew a token of a hundred years early.
func TestLongLife(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		i.life = 100 * 365 * 24 * time.Hour
		for range 5 {
			want(t, s, "", "token-1")
			time.Sleep(time.Hour)
		}
		synctest.Wait()
		if i.requests() != 1 {
			t.Errorf("%d requests", i.requests())
		}
	})
}

func TestTokenMustBeOne(t *testing.T) {
	for _, token := range []Grant{
		{AccessToken: ""}, {AccessToken: "a\r\nX-Evil: 1"}, {AccessToken: "a b"}, {AccessToken: "é"},
		{AccessToken: "ended", ExpiresOn: time.Now().Add(-time.Second)},
		{AccessToken: "without-end", ExpiresOn: time.Time{}},
	} {
		if token.AccessToken != "ended" && token.AccessToken != "without-end" {
			token.ExpiresOn = time.Now().Add(time.Hour)
		}
		s := newTokens(Config{Timeout: time.Second, Log: slog.New(slog.DiscardHandler)},
			func(context.Context) (Grant, error) { return token, nil })
		if _, err := s.Get(t.Context(), ""); codeOf(err) != fault.IdentityUnavailable {
			t.Errorf("%q: %v", token.AccessToken, err)
		}
	}
}

func TestFetchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Hour}
		s := newTokens(Config{Timeout: time.Millisecond, Log: slog.New(slog.DiscardHandler)}, i.fetch)
		if _, err := s.Get(t.Context(), ""); codeOf(err) != fault.IdentityUnavailable || i.requests() != 0 {
			t.Errorf("%v after %d requests", err, i.requests())
		}
	})
}

// TestThrottled asks again no sooner than Entra ID allows, and no later than in a minute.
func TestThrottled(t *testing.T) {
	for _, c := range []struct {
		status       int
		named, waits time.Duration
	}{
		{429, 30 * time.Second, 30 * time.Second},
		{503, 5 * time.Second, 5 * time.Second},
		{429, time.Hour, time.Minute},
		{429, 0, 0},
		{500, 30 * time.Second, 0},
		{400, 30 * time.Second, 0},
	} {
		inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
			i.fail(&RefusedError{Peer: EntraID, Status: c.status, retryAfter: c.named})
			begun := time.Now().Add(time.Second) // when the answer comes
			_, first := s.Get(t.Context(), "")
			for range 600 {
				asked, now := i.requests(), time.Now()
				_, err := s.Get(t.Context(), "")
				if codeOf(err) != codeOf(first) {
					t.Fatalf("%d: %v", c.status, err)
				}
				if i.requests() != asked {
					if waited := now.Sub(begun); waited < c.waits || waited > c.waits+time.Second {
						t.Errorf("%d, %v: asked again after %v", c.status, c.named, waited)
					}
					return
				}
				if time.Now() != now {
					t.Error("a caller waited")
				}
				time.Sleep(time.Second)
			}
			t.Errorf("%d, %v: never asked again", c.status, c.named)
		})
	}
}

// TestThrottledWithAToken keeps using the old token, and renews it when Entra ID allows.
func TestThrottledWithAToken(t *testing.T) {
	inBubble(t, func(t *testing.T, i *issuer, s *Tokens) {
		want(t, s, "", "token-1")
		time.Sleep(48 * time.Minute)
		i.fail(&RefusedError{Peer: EntraID, Status: 429, retryAfter: 40 * time.Second})
		want(t, s, "", "token-1")
		time.Sleep(2 * time.Second)
		i.fail(nil)
		for range 38 {
			want(t, s, "", "token-1")
			time.Sleep(time.Second)
		}
		if _, err := s.Get(t.Context(), "token-1"); codeOf(err) != fault.IdentityUnavailable || i.requests() != 2 {
			t.Errorf("%v after %d requests", err, i.requests())
		}
		time.Sleep(3 * time.Second)
		want(t, s, "token-1", "token-3")
	})
}
