package entra

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/partner-center/connector/internal/fault"
)

// TestLocked waits for whoever has the lock, no longer than its timeout.
func TestLocked(t *testing.T) {
	e := newFakeEntra(t)
	rotate(e, true)
	c := atUser(e)
	c.Timeout = 100 * time.Millisecond
	other := flock.New(c.RefreshTokenFile + ".lock")
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	s := NewUser(c)
	f := mustFail(t, s, fault.IdentityUnavailable)
	if e.count() != 0 || !strings.Contains(f.Error(), "locked") {
		t.Errorf("asked %d times: %v", e.count(), f)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	must(t, s, "")
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Errorf("the lock is still taken: %v", err)
	}
}

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

// TestExchangeAfterALongWait gives the exchange all of the timeout, however long the lock was waited for.
func TestExchangeAfterALongWait(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	e.answer = func(form url.Values) (int, any) {
		time.Sleep(600 * time.Millisecond)
		return r.answer(form)
	}
	c := atUser(e)
	c.Timeout = time.Second
	other := takeLock(t, c)
	time.AfterFunc(600*time.Millisecond, func() { other.Unlock() })
	if token := must(t, NewUser(c), ""); token != "access-1" || r.reused != 0 {
		t.Errorf("%s after %d reuses", token, r.reused)
	}
}

// TestCloseKeepsARotatedToken ends the service while Entra ID answers.
func TestCloseKeepsARotatedToken(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	asked := make(chan struct{})
	e.answer = func(form url.Values) (int, any) {
		close(asked)
		time.Sleep(200 * time.Millisecond)
		return r.answer(form)
	}
	c := atUser(e)
	s := NewUser(c)
	go s.Get(t.Context(), "")
	<-asked
	s.Close()
	if token := strings.TrimSuffix(read(t, c.RefreshTokenFile), "\n"); !r.good[token] {
		t.Errorf("the file holds %.20q", token)
	}
}

// TestCloseDoesNotWaitForALock begins no exchange once the service ends.
func TestCloseDoesNotWaitForALock(t *testing.T) {
	e := newFakeEntra(t)
	c := atUser(e)
	takeLock(t, c)
	s := NewUser(c)
	failed := make(chan error)
	go func() {
		_, err := s.Get(t.Context(), "")
		failed <- err
	}()
	time.Sleep(100 * time.Millisecond)
	before := time.Now()
	s.Close()
	if err := <-failed; kindOfError(err) != fault.IdentityUnavailable || time.Since(before) > c.Timeout/2 || e.count() != 0 {
		t.Errorf("%v after %v and %d requests", err, time.Since(before), e.count())
	}
}

// TestLockIsForTheFilesUsers makes the lock for whoever may use the file, whoever makes it.
func TestLockIsForTheFilesUsers(t *testing.T) {
	for mode, want := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o400: 0o600, 0o640: 0o660, 0o660: 0o660} {
		e := newFakeEntra(t)
		rotate(e, true)
		c := atUser(e)
		if err := os.Chmod(c.RefreshTokenFile, mode); err != nil {
			t.Fatal(err)
		}
		given := os.Chown(c.RefreshTokenFile, 12345, 23456) == nil // which not every user may
		must(t, NewUser(c), "")
		info, err := os.Stat(c.RefreshTokenFile + ".lock")
		if err != nil || info.Mode() != want {
			t.Errorf("%v: %v, %v", mode, info, err)
			continue
		}
		if text := fmt.Sprintf("%+v", info.Sys()); given && !strings.Contains(text, "Uid:12345 Gid:23456") {
			t.Errorf("%v: %s", mode, text)
		}
	}
}

// TestNoLock says once that there is none, and takes it as soon as it can.
func TestNoLock(t *testing.T) {
	e := newFakeEntra(t)
	rotate(e, true)
	c := atUser(e)
	lock := c.RefreshTokenFile + ".lock"
	if err := os.Symlink(filepath.Join(t.TempDir(), "absent", "lock"), lock); err != nil { // which nobody can open
		t.Fatal(err)
	}
	s := NewUser(c)
	token := ""
	for range 3 {
		token = must(t, s, token)
	}
	if said := e.log.String(); strings.Count(said, "cannot be locked") != 1 || strings.Count(said, `"level":"WARN"`) != 1 || !strings.Contains(said, "no such file") {
		t.Error(said)
	}
	os.Remove(lock)
	must(t, s, token)
	if _, err := os.Stat(lock); err != nil {
		t.Error(err)
	}
}

// TestNoLockWithoutAFile leaves it to whoever may use the file to make its lock.
func TestNoLockWithoutAFile(t *testing.T) {
	c := newFakeEntra(t).withSecret()
	c.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
	mustFail(t, NewUser(c), fault.PartnerCenterUnauthorized)
	if left, _ := os.ReadDir(filepath.Dir(c.RefreshTokenFile)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
