package entra

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/fault"
)

// rotation answers with a new refresh token each time, and remembers those that it has issued.
type rotation struct {
	mu     sync.Mutex
	strict bool            // each is good for one use
	good   map[string]bool // false: used
	used   int
	reused int
}

// rotate makes an Entra ID rotate refresh tokens, beginning with refresh-0.
func rotate(e *fakeEntra, strict bool) *rotation {
	r := &rotation{strict: strict, good: map[string]bool{"refresh-0": true}}
	e.answer = r.answer
	return r
}

func (r *rotation) answer(form url.Values) (int, any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := form.Get("refresh_token")
	if !r.good[sent] {
		r.reused++
		return 400, refusal("invalid_grant", 70000)
	}
	r.good[sent] = !r.strict
	r.used++
	next := fmt.Sprintf("refresh-%d-%s", r.used, strings.Repeat("x", 1500)) // as long as real ones
	r.good[next] = true
	return 200, map[string]any{
		"token_type": "Bearer", "expires_in": 3600,
		"access_token": fmt.Sprint("access-", r.used), "refresh_token": next,
	}
}

// knows reports whether a token is one of its own.
func (r *rotation) knows(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.good[token]
	return ok
}

// withoutRotation answers with an access token alone.
func withoutRotation(e *fakeEntra) func(url.Values) (int, any) {
	return func(url.Values) (int, any) {
		return 200, map[string]any{
			"token_type":   "Bearer",
			"expires_in":   3600,
			"access_token": fmt.Sprint("access-", len(e.forms)),
		}
	}
}

// withUser returns a configuration for App+User with a file that holds refresh-0.
func withUser(e *fakeEntra) Config {
	c := e.withSecret()
	c.RefreshTokenFile = write(e.t, "refresh", "refresh-0\n")
	return c
}

// held returns the refresh token in a configuration's file.
func held(t *testing.T, c Config) string {
	t.Helper()
	return strings.TrimSuffix(read(t, c.RefreshTokenFile), "\n")
}

func TestRotation(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := withUser(e)
	s := NewUser(c)
	token := must(t, s, "")
	for range 5 {
		token = must(t, s, token)
	}
	if token != "access-6" || r.reused != 0 {
		t.Errorf("the sixth token is %s, after %d reuses", token, r.reused)
	}
	if content := read(t, c.RefreshTokenFile); !r.good[strings.TrimSuffix(content, "\n")] ||
		!strings.HasSuffix(content, "\n") {
		t.Errorf("the file holds %q", content)
	}
	if token := must(t, NewUser(c), ""); token != "access-7" {
		t.Errorf("the token after a restart is %s", token)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(c.RefreshTokenFile), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAnswerWithoutRefreshTokenLeavesTheFile(t *testing.T) {
	e := newFakeEntra(t)
	e.answer = withoutRotation(e)
	c := withUser(e)
	file, err := os.Open(c.RefreshTokenFile) // keeps its inode from being used again
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s := NewUser(c)
	must(t, s, must(t, s, ""))
	after, err := os.Stat(c.RefreshTokenFile)
	if err != nil || !os.SameFile(before, after) || e.last().Get("refresh_token") != "refresh-0" {
		t.Errorf("the file is %v, %v; sent %v", after, err, e.last())
	}
}

// TestReplicas has two instances with several callers each share a file. Entra ID accepts each
// refresh token once, and a reader sees nothing but whole tokens in the file.
func TestReplicas(t *testing.T) {
	tier.Full(t)
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := withUser(e)
	watching, stop := context.WithCancel(t.Context())
	var watcher, replicas sync.WaitGroup
	watcher.Go(func() {
		for watching.Err() == nil {
			content, err := os.ReadFile(c.RefreshTokenFile)
			if token, ok := strings.CutSuffix(string(content), "\n"); err != nil || !ok || !r.knows(token) {
				t.Errorf("the file holds %q, %v", content, err)
				return
			}
		}
	})
	const exchanges = 200
	for range 2 {
		s := NewUser(c)
		for range 2 {
			replicas.Go(func() {
				token := ""
				for range exchanges / 2 {
					next, err := s.Get(context.Background(), token)
					if err != nil || next == token {
						t.Errorf("%q came after %q: %v", next, token, err)
						return
					}
					token = next
				}
			})
		}
	}
	replicas.Wait()
	stop()
	watcher.Wait()
	if r.used < exchanges || r.reused != 0 {
		t.Errorf("%d exchanges, %d with a used token", r.used, r.reused)
	}
	if token := must(t, NewUser(c), ""); token != fmt.Sprint("access-", r.used) {
		t.Errorf("the token after a restart is %s", token)
	}
}

// unwritable moves a file to where nothing can be created beside it, not even by root: no name is
// long enough there for a lock or for a temporary file. It returns a function that moves it back.
func unwritable(t *testing.T, path string) (restore func()) {
	t.Helper()
	link := func(from, to string) {
		t.Helper()
		rewrite(t, to, strings.TrimSpace(read(t, from)))
		os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	link(path, filepath.Join(t.TempDir(), strings.Repeat("n", 255)))
	return func() { link(path, filepath.Join(t.TempDir(), "short")) }
}

func TestUnwritableFile(t *testing.T) {
	t.Run("exchanges go on, and the log says so once", func(t *testing.T) {
		e := newFakeEntra(t)
		r := rotate(e, true)
		c := withUser(e)
		restore := unwritable(t, c.RefreshTokenFile)
		s := NewUser(c)
		token := ""
		for range 5 {
			token = must(t, s, token)
		}
		if r.reused != 0 || held(t, c) != "refresh-0" {
			t.Errorf("%d reuses; the file holds %.20q", r.reused, held(t, c))
		}
		log := e.log.String()
		if strings.Count(log, "cannot be written") != 1 || !strings.Contains(log, "file name too long") {
			t.Errorf("the log is %s", log)
		}
		restore()
		must(t, s, token)
		if !r.good[held(t, c)] || r.reused != 0 {
			t.Errorf("once it can be written: %d reuses; the file holds %.20q", r.reused, held(t, c))
		}
		if strings.Count(e.log.String(), "written again") != 1 {
			t.Errorf("once it can be written, the log is %s", e.log)
		}
	})
	t.Run("the token in memory is written when the next answer has none", func(t *testing.T) {
		e := newFakeEntra(t)
		r := rotate(e, true)
		c := withUser(e)
		restore := unwritable(t, c.RefreshTokenFile)
		s := NewUser(c)
		token := must(t, s, "")
		restore()
		e.answer = withoutRotation(e)
		must(t, s, token)
		if !r.good[held(t, c)] {
			t.Errorf("the file holds %.20q", held(t, c))
		}
	})
	t.Run("a new consent wins over the token in memory", func(t *testing.T) {
		e := newFakeEntra(t)
		r := rotate(e, true)
		c := withUser(e)
		unwritable(t, c.RefreshTokenFile)
		s := NewUser(c)
		token := must(t, s, must(t, s, ""))
		r.good["consented"] = true
		rewrite(t, c.RefreshTokenFile, "consented\r\n")
		must(t, s, token)
		if got := e.last().Get("refresh_token"); got != "consented" {
			t.Errorf("sent %.20q", got)
		}
	})
	t.Run("the file's token is tried when the one in memory is refused", func(t *testing.T) {
		e := newFakeEntra(t)
		r := rotate(e, false)
		c := withUser(e)
		unwritable(t, c.RefreshTokenFile)
		s := NewUser(c)
		token := must(t, s, "")
		for name := range r.good {
			if name != "refresh-0" {
				delete(r.good, name)
			}
		}
		must(t, s, token)
		if got := e.last().Get("refresh_token"); got != "refresh-0" || r.reused != 1 {
			t.Errorf("sent %.20q; %d refusals", got, r.reused)
		}
	})
}

// TestChangedWhileRefused covers that the file is tried once more if it has changed when Entra ID
// refuses its token.
func TestChangedWhileRefused(t *testing.T) {
	for _, name := range []string{"invalid_grant", "interaction_required"} {
		t.Run(name, func(t *testing.T) {
			e := newFakeEntra(t)
			c := withUser(e)
			// refuse answers every request with a refusal and changes the file meanwhile.
			refuse := func(status int, name string, code int) {
				e.answer = func(url.Values) (int, any) {
					rewrite(t, c.RefreshTokenFile, fmt.Sprint("other-", len(e.forms)))
					return status, refusal(name, code)
				}
			}
			e.answer = func(form url.Values) (int, any) {
				if form.Get("refresh_token") != "refresh-0" {
					return e.grant(form)
				}
				rewrite(t, c.RefreshTokenFile, "consented")
				return 400, refusal(name, 50076)
			}
			must(t, NewUser(c), "")
			if got := held(t, c); got != "refresh-2" {
				t.Errorf("after a new consent the file holds %q", got)
			}

			refuse(400, name, 50076)
			before := e.count()
			mustFail(t, NewUser(c), fault.MfaRequired)
			if asked := e.count() - before; asked != 2 {
				t.Errorf("with a refused user Entra ID was asked %d times, want 2", asked)
			}

			refuse(401, "invalid_client", 7000215)
			before = e.count()
			mustFail(t, NewUser(c), fault.PartnerCenterUnauthorized)
			if asked := e.count() - before; asked != 1 {
				t.Errorf("with a wrong secret Entra ID was asked %d times, want 1", asked)
			}
		})
	}
}

func TestConsentDuringExchangeIsKept(t *testing.T) {
	e := newFakeEntra(t)
	c := withUser(e)
	e.answer = func(form url.Values) (int, any) {
		if form.Get("refresh_token") == "refresh-0" {
			rewrite(t, c.RefreshTokenFile, "consented")
		}
		return e.grant(form)
	}
	s := NewUser(c)
	token := must(t, s, "")
	if got := held(t, c); got != "consented" {
		t.Fatalf("the file holds %q", got)
	}
	must(t, s, token)
	if got := e.last().Get("refresh_token"); got != "consented" {
		t.Errorf("sent %q", got)
	}
}

func TestDeletedFileIsNotCreatedAgain(t *testing.T) {
	e := newFakeEntra(t)
	c := withUser(e)
	e.answer = func(form url.Values) (int, any) {
		os.Remove(c.RefreshTokenFile)
		return e.grant(form)
	}
	s := NewUser(c)
	token := must(t, s, "")
	if _, err := os.Stat(c.RefreshTokenFile); !os.IsNotExist(err) {
		t.Errorf("the file exists: %v", err)
	}
	_, err := s.Get(t.Context(), token)
	if codeOf(err) != fault.PartnerCenterUnauthorized ||
		!strings.Contains(err.Error(), "consent missing: run connector consent") {
		t.Errorf("the next error is %v", err)
	}
}

func TestConsentMissing(t *testing.T) {
	e := newFakeEntra(t)
	c := e.withSecret()
	c.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
	s := NewUser(c)
	want := "CONNECTOR_REFRESH_TOKEN_FILE: " + c.RefreshTokenFile + ": consent missing: run connector consent"
	for _, state := range []string{"absent", "empty"} {
		if f := mustFail(t, s, fault.PartnerCenterUnauthorized); f.Cause.Error() != want {
			t.Errorf("with an %s file the error is %v", state, f)
		}
		rewrite(t, c.RefreshTokenFile, "\n\n")
	}
	rewrite(t, c.RefreshTokenFile, "refresh-0")
	must(t, s, "") // without a restart
}
