package entra

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// rotation answers with a new refresh token each time, and knows which it has given out.
type rotation struct {
	mu     sync.Mutex
	strict bool            // each is good for one use
	good   map[string]bool // false: used up
	used   int
	reused int
}

// rotate makes an Entra ID rotate, beginning with refresh-0.
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
	return 200, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": fmt.Sprint("access-", r.used), "refresh_token": next}
}

// knows says whether a token is one of its own.
func (r *rotation) knows(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.good[token]
	return ok
}

// atUser is a configuration for App+User with a file that holds refresh-0.
func atUser(e *fakeEntra) Config {
	c := e.withSecret()
	c.RefreshTokenFile = write(e.t, "refresh", "refresh-0\n")
	return c
}

func TestRotation(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := atUser(e)
	s := NewUser(c)
	token := must(t, s, "")
	for range 5 {
		token = must(t, s, token)
	}
	if token != "access-6" || r.reused != 0 {
		t.Errorf("%s after %d reuses", token, r.reused)
	}
	content, newline := strings.CutSuffix(read(t, c.RefreshTokenFile), "\n")
	if !r.good[content] || !newline {
		t.Errorf("the file holds %q", content)
	}
	if token := must(t, NewUser(c), ""); token != "access-7" {
		t.Errorf("after a restart: %s", token)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(c.RefreshTokenFile), ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if info, err := os.Stat(c.RefreshTokenFile + ".lock"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the lock: %v, %v", info, err)
	}
}

// TestNoNewRefreshToken keeps the old one.
func TestNoNewRefreshToken(t *testing.T) {
	e := newFakeEntra(t)
	e.answer = func(form url.Values) (int, any) {
		return 200, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": fmt.Sprint("access-", len(e.forms))}
	}
	c := atUser(e)
	file, err := os.Open(c.RefreshTokenFile) // keeps its number from being given out again
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
		t.Errorf("%v, %v", after, e.last())
	}
}

// TestReplicas lets two replicas, with several callers each, share a file with an Entra ID that takes each refresh
// token once, while somebody reads the file all the time.
func TestReplicas(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := atUser(e)
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			default:
			}
			content, err := os.ReadFile(c.RefreshTokenFile)
			if token, ok := strings.CutSuffix(string(content), "\n"); err != nil || !ok || !r.knows(token) {
				t.Errorf("the file holds %q, %v", content, err)
				return
			}
		}
	}()
	const exchanges = 200
	var replicas sync.WaitGroup
	for range 2 {
		s := NewUser(c)
		for range 2 {
			replicas.Go(func() {
				token := ""
				for r := 0; r < exchanges/2; r++ {
					next, err := s.Get(context.Background(), token)
					if err != nil || next == token {
						t.Errorf("%q after %q: %v", next, token, err)
						return
					}
					token = next
				}
			})
		}
	}
	replicas.Wait()
	close(stop)
	<-watched
	if r.used < exchanges || r.reused != 0 {
		t.Errorf("%d exchanges, %d with a used token", r.used, r.reused)
	}
	if token := must(t, NewUser(c), ""); token != fmt.Sprint("access-", r.used) {
		t.Error(token)
	}
}

// TestKilledWhileRotating kills processes in the middle of their work and finds the file whole each time.
func TestKilledWhileRotating(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, false)
	c := atUser(e)
	for round := range 4 {
		var output bytes.Buffer
		child := exec.Command(os.Args[0])
		child.Stdout, child.Stderr = &output, &output
		child.Env = append(os.Environ(), "ROTATE_FILE="+c.RefreshTokenFile, "ROTATE_AUTHORITY="+e.URL,
			"ROTATE_ROOT="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw})))
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for begun, until := time.Now(), e.count()+5+round; e.count() < until; time.Sleep(time.Millisecond) {
			if time.Since(begun) > 30*time.Second {
				t.Fatalf("it does not work: %s", &output)
			}
		}
		time.Sleep(time.Duration(round) * 300 * time.Microsecond)
		child.Process.Kill()
		child.Wait()
		if token := strings.TrimSuffix(read(t, c.RefreshTokenFile), "\n"); !r.knows(token) {
			t.Fatalf("the file holds %q", token)
		}
		must(t, NewUser(c), "")
	}
}

// rotateForever is the process that is killed.
func rotateForever() {
	block, _ := pem.Decode([]byte(os.Getenv("ROTATE_ROOT")))
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.TLSClientConfig.RootCAs = nil, roots
	s := NewUser(Config{Authority: os.Getenv("ROTATE_AUTHORITY"), TenantID: contoso, ClientID: app, Resource: resource, ClientSecret: "s",
		RefreshTokenFile: os.Getenv("ROTATE_FILE"), Timeout: 10 * time.Second, HTTP: &http.Client{Transport: transport}, Log: slog.Default()})
	for token := ""; ; {
		if token, err = s.Get(context.Background(), token); err != nil {
			panic(err)
		}
	}
}

// TestWritable finds out whether anything can be made beside the file.
func TestWritable(t *testing.T) {
	c := newFakeEntra(t).withSecret()
	if err := c.Writable(); err != nil {
		t.Errorf("without a file: %v", err)
	}
	c.RefreshTokenFile = write(t, "refresh", "refresh-0")
	if err := c.Writable(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(c.RefreshTokenFile)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	unwritable(t, c.RefreshTokenFile)
	err := c.Writable()
	if err == nil || !strings.Contains(err.Error(), "CONNECTOR_REFRESH_TOKEN_FILE: "+c.RefreshTokenFile) || !strings.Contains(err.Error(), "name a file in a directory that can be written") {
		t.Error(err)
	}
}

// TestOwnerIsKept needs a user who may give files away.
func TestOwnerIsKept(t *testing.T) {
	e := newFakeEntra(t)
	rotate(e, true)
	c := atUser(e)
	if err := os.Chown(c.RefreshTokenFile, 12345, 23456); err != nil {
		t.Skip(err)
	}
	must(t, NewUser(c), "")
	info, err := os.Stat(c.RefreshTokenFile)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", info.Sys()); !strings.Contains(text, "Uid:12345 Gid:23456") {
		t.Error(text)
	}
}

func TestModeIsKept(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o640, 0o400, 0o664} {
		e := newFakeEntra(t)
		rotate(e, true)
		c := atUser(e)
		if err := os.Chmod(c.RefreshTokenFile, mode); err != nil {
			t.Fatal(err)
		}
		s := NewUser(c)
		must(t, s, must(t, s, ""))
		if info, err := os.Stat(c.RefreshTokenFile); err != nil || info.Mode() != mode {
			t.Errorf("%v became %v, %v", mode, info.Mode(), err)
		}
	}
}

// TestLinkIsKept replaces what a symbolic link leads to, also in a directory that is reached by one.
func TestLinkIsKept(t *testing.T) {
	e := newFakeEntra(t)
	rotate(e, true)
	c := atUser(e)
	file := c.RefreshTokenFile
	link := filepath.Join(filepath.Dir(file), "link")
	if err := os.Symlink("refresh", link); err != nil {
		t.Fatal(err)
	}
	far := filepath.Join(t.TempDir(), "far") // relative links are from where the directory really is
	if err := os.Symlink(filepath.Dir(file), far); err != nil {
		t.Fatal(err)
	}
	c.RefreshTokenFile = filepath.Join(far, "link")
	s := NewUser(c)
	must(t, s, must(t, s, ""))
	for _, path := range []string{link, c.RefreshTokenFile} {
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if content := read(t, file); !strings.HasPrefix(content, "refresh-2-") {
		t.Errorf("the target holds %.20q", content)
	}
	if _, err := os.Stat(file + ".lock"); err != nil {
		t.Error(err) // two links to one file share its lock
	}
}

// unwritable moves a file to where nothing can be made beside it, not even by root: no name is long enough there for
// a lock or for a temporary file. It returns a function that moves it back.
func unwritable(t *testing.T, path string) (restore func()) {
	t.Helper()
	long := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	link := func(from, to string) {
		t.Helper()
		content := strings.TrimSpace(read(t, from))
		rewrite(t, to, content)
		os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	link(path, long)
	return func() { link(path, filepath.Join(t.TempDir(), "short")) }
}

// TestUnwritable goes on with what it cannot write, says so once, and writes again as soon as it can.
func TestUnwritable(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := atUser(e)
	restore := unwritable(t, c.RefreshTokenFile)
	s := NewUser(c)
	token := ""
	for range 5 {
		token = must(t, s, token)
	}
	if r.reused != 0 || read(t, c.RefreshTokenFile) != "refresh-0" {
		t.Errorf("%d reuses; the file holds %q", r.reused, read(t, c.RefreshTokenFile))
	}
	if lines := strings.Count(e.log.String(), "cannot be written"); lines != 1 || !strings.Contains(e.log.String(), "file name too long") {
		t.Error(e.log)
	}
	restore()
	must(t, s, token)
	if token := strings.TrimSuffix(read(t, c.RefreshTokenFile), "\n"); !r.good[token] || r.reused != 0 {
		t.Errorf("%d reuses; the file holds %.20q", r.reused, token)
	}
	if lines := strings.Count(e.log.String(), "written again"); lines != 1 {
		t.Error(e.log)
	}
}

// TestUnwritableWithoutRotation tries again to write what it has in memory when the next answer has no refresh token.
func TestUnwritableWithoutRotation(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := atUser(e)
	restore := unwritable(t, c.RefreshTokenFile)
	s := NewUser(c)
	token := must(t, s, "")
	restore()
	e.answer = func(form url.Values) (int, any) {
		return 200, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": "last"}
	}
	must(t, s, token)
	if token := strings.TrimSuffix(read(t, c.RefreshTokenFile), "\n"); !r.good[token] {
		t.Errorf("the file holds %.20q", token)
	}
}

// TestChangedFileCounts prefers a new consent to what it has in memory.
func TestChangedFileCounts(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, true)
	c := atUser(e)
	unwritable(t, c.RefreshTokenFile)
	s := NewUser(c)
	token := must(t, s, must(t, s, ""))
	r.good["consented"] = true
	rewrite(t, c.RefreshTokenFile, "consented\r\n")
	must(t, s, token)
	if got := e.last().Get("refresh_token"); got != "consented" {
		t.Errorf("sent %.20q", got)
	}
}

// TestMemoryIsRefused tries what the file holds when what is in memory is no good.
func TestMemoryIsRefused(t *testing.T) {
	e := newFakeEntra(t)
	r := rotate(e, false)
	c := atUser(e)
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
}

// TestChangedWhileRefused tries the file again when Entra ID refuses what it held, once.
func TestChangedWhileRefused(t *testing.T) {
	for _, name := range []string{"invalid_grant", "interaction_required"} {
		e := newFakeEntra(t)
		c := atUser(e)
		e.answer = func(form url.Values) (int, any) {
			if form.Get("refresh_token") != "refresh-0" {
				return e.grant(form)
			}
			rewrite(t, c.RefreshTokenFile, "consented")
			return 400, refusal(name, 50076)
		}
		must(t, NewUser(c), "")
		if got := strings.TrimSuffix(read(t, c.RefreshTokenFile), "\n"); got != "refresh-2" {
			t.Errorf("the file holds %q", got)
		}
		e.answer = func(form url.Values) (int, any) {
			rewrite(t, c.RefreshTokenFile, fmt.Sprint("other-", len(e.forms)))
			return 400, refusal(name, 50076)
		}
		before := e.count()
		mustFail(t, NewUser(c), fault.MfaRequired)
		if asked := e.count() - before; asked != 2 {
			t.Errorf("asked %d times", asked)
		}
		e.answer = func(form url.Values) (int, any) {
			rewrite(t, c.RefreshTokenFile, fmt.Sprint("other-", len(e.forms)))
			return 401, refusal("invalid_client", 7000215)
		}
		before = e.count()
		mustFail(t, NewUser(c), fault.PartnerCenterUnauthorized)
		if asked := e.count() - before; asked != 1 {
			t.Errorf("asked %d times with a wrong secret", asked)
		}
	}
}

// TestConsentDuringExchange does not write over what somebody has written in the meantime.
func TestConsentDuringExchange(t *testing.T) {
	e := newFakeEntra(t)
	c := atUser(e)
	e.answer = func(form url.Values) (int, any) {
		if form.Get("refresh_token") == "refresh-0" {
			rewrite(t, c.RefreshTokenFile, "consented")
		}
		return e.grant(form)
	}
	s := NewUser(c)
	token := must(t, s, "")
	if got := read(t, c.RefreshTokenFile); got != "consented" {
		t.Fatalf("the file holds %q", got)
	}
	must(t, s, token)
	if got := e.last().Get("refresh_token"); got != "consented" {
		t.Errorf("sent %q", got)
	}
}

// TestRevokedByDeletion does not bring a file back that was deleted during an exchange.
func TestRevokedByDeletion(t *testing.T) {
	e := newFakeEntra(t)
	c := atUser(e)
	e.answer = func(form url.Values) (int, any) {
		os.Remove(c.RefreshTokenFile)
		return e.grant(form)
	}
	s := NewUser(c)
	token := must(t, s, "")
	if _, err := os.Stat(c.RefreshTokenFile); !os.IsNotExist(err) {
		t.Error("it is back")
	}
	if _, err := s.Get(t.Context(), token); kindOfError(err) != fault.PartnerCenterUnauthorized || !strings.Contains(err.Error(), "consent missing: run connector consent") {
		t.Error(err)
	}
}

func TestConsentMissing(t *testing.T) {
	e := newFakeEntra(t)
	c := e.withSecret()
	c.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
	s := NewUser(c)
	for range 2 {
		f := mustFail(t, s, fault.PartnerCenterUnauthorized)
		if want := "CONNECTOR_REFRESH_TOKEN_FILE: " + c.RefreshTokenFile + ": consent missing: run connector consent"; f.Cause.Error() != want || Remedy(f) != "Run connector consent." {
			t.Errorf("%v; %s", f, Remedy(f))
		}
		rewrite(t, c.RefreshTokenFile, "\n\n")
	}
	rewrite(t, c.RefreshTokenFile, "refresh-0")
	must(t, s, "") // without a restart
}
