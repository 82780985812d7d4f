package entra

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/partner-center/connector/internal/fault"
)

// takeLock takes the lock of a refresh token file as another process would.
func takeLock(t *testing.T, c Config) *flock.Flock {
	t.Helper()
	other := flock.New(c.RefreshTokenFile + ".lock")
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	return other
}

func TestLockedFile(t *testing.T) {
	e := newFakeEntra(t)
	rotate(e, true)
	c := withUser(e)
	other := takeLock(t, c)
	t.Run("an exchange waits for its turn no longer than the timeout", func(t *testing.T) {
		c := c
		c.Timeout = 100 * time.Millisecond
		f := mustFail(t, NewUser(c), fault.IdentityUnavailable)
		if e.count() != 0 || !strings.Contains(f.Error(), "locked") {
			t.Errorf("Entra ID was asked %d times; the error is %v", e.count(), f)
		}
	})
	t.Run("an exchange gives the lock back", func(t *testing.T) {
		if err := other.Unlock(); err != nil {
			t.Fatal(err)
		}
		must(t, NewUser(c), "")
		if ok, err := other.TryLock(); !ok || err != nil {
			t.Errorf("the lock is still taken: %v", err)
		}
	})
}

// deadlineRecorder records the deadlines of requests.
type deadlineRecorder struct {
	base      http.RoundTripper
	deadlines chan time.Time
}

func (d deadlineRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	deadline, _ := req.Context().Deadline()
	d.deadlines <- deadline
	return d.base.RoundTrip(req)
}

// TestExchangeAfterALongWait covers that an exchange has the whole timeout, however long it waited
// for the lock.
func TestExchangeAfterALongWait(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := withUser(e)
	recorder := deadlineRecorder{c.HTTP.Transport, make(chan time.Time, 1)}
	c.HTTP = &http.Client{Transport: recorder}
	other := takeLock(t, c)
	released := make(chan time.Time, 1)
	time.AfterFunc(50*time.Millisecond, func() {
		released <- time.Now()
		other.Unlock()
	})
	if token := must(t, NewUser(c), ""); token != "access-1" || r.reused != 0 {
		t.Errorf("the token is %s, after %d reuses", token, r.reused)
	}
	if left := (<-recorder.deadlines).Sub(<-released); left < c.Timeout {
		t.Errorf("the exchange had %v, want %v", left, c.Timeout)
	}
}

// TestCloseKeepsARotatedToken ends the service while Entra ID answers.
func TestCloseKeepsARotatedToken(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	asked, answer, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	e.answer = func(form url.Values) (int, any) {
		close(asked)
		<-answer
		return r.answer(form)
	}
	c := withUser(e)
	s := NewUser(c)
	go s.Get(t.Context(), "")
	<-asked
	go func() {
		s.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("Close did not wait for the answer")
	case <-time.After(50 * time.Millisecond):
	}
	close(answer)
	<-closed
	if !r.good[held(t, c)] {
		t.Errorf("the file holds %.20q", held(t, c))
	}
}

// TestCloseDoesNotWaitForALock covers that no exchange begins once the service ends.
func TestCloseDoesNotWaitForALock(t *testing.T) {
	e := newFakeEntra(t)
	c := withUser(e)
	c.Timeout = time.Minute
	takeLock(t, c)
	s := NewUser(c)
	failed := make(chan error)
	go func() {
		_, err := s.Get(t.Context(), "")
		failed <- err
	}()
	time.Sleep(50 * time.Millisecond) // for Get to wait for the lock; nothing shows that it does
	before := time.Now()
	s.Close()
	if err := <-failed; codeOf(err) != fault.IdentityUnavailable || time.Since(before) > c.Timeout/2 || e.count() != 0 {
		t.Errorf("%v after %v and %d requests", err, time.Since(before), e.count())
	}
}
