package consent

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/entra"
)

// TestMain keeps every test on this machine.
func TestMain(m *testing.M) {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		panic("a test reached for the outside network")
	}}
	os.Exit(m.Run())
}

// setup is an Entra ID, the credentials that it has issued, and the settings of a service that
// knows it.
type setup struct {
	*fakeentra.Server
	secrets *secret.Set
	config  entra.Config // a public client, until a test sets a credential
}

func newSetup(t *testing.T) *setup {
	t.Helper()
	secrets := new(secret.Set)
	e := fakeentra.New(t, secrets)
	return &setup{e, secrets, entra.Config{
		Authority: e.URL, TenantID: fakeentra.TenantID, ClientID: fakeentra.ClientID, Resource: fakeentra.Resource,
		ExchangeAudience: fakeentra.ExchangeAudience,
		RefreshTokenFile: filepath.Join(t.TempDir(), "refresh"),
		Timeout:          time.Minute,
		HTTP:             &http.Client{Transport: e.Client().Transport},
		Log:              slog.New(slog.DiscardHandler),
	}}
}

// withSecret is newSetup with the app's client secret.
func withSecret(t *testing.T) *setup {
	t.Helper()
	s := newSetup(t)
	s.config.ClientSecret = s.Secret()
	return s
}

// hold makes the refresh token file hold a content.
func (s *setup) hold(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(s.config.RefreshTokenFile, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// held returns what the refresh token file holds.
func (s *setup) held(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(s.config.RefreshTokenFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// attempt is a consent that is under way.
type attempt struct {
	*setup
	address *url.URL // that the user is to open
	done    chan error
	text    *lockedBuffer // what the user reads
}

// begin begins a consent and waits for the address to open.
func begin(t *testing.T, ctx context.Context, s *setup) *attempt {
	t.Helper()
	a := &attempt{setup: s, done: make(chan error, 1), text: new(lockedBuffer)}
	opened := make(chan string, 1)
	go func() {
		a.done <- Run(ctx, s.config, Options{Out: a.text, Open: func(address string) { opened <- address }})
	}()
	select {
	case address := <-opened:
		var err error
		if a.address, err = url.Parse(address); err != nil {
			t.Fatal(err)
		}
	case err := <-a.done:
		t.Fatal(err)
	}
	if !strings.Contains(a.text.String(), a.address.String()) {
		t.Errorf("%s was opened, but the text is %s", a.address, a.text)
	}
	return a
}

// signIn signs the user in and returns the answer that Entra ID has the browser bring back.
func (a *attempt) signIn(t *testing.T) url.Values {
	t.Helper()
	browser := &http.Client{Transport: a.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	resp, err := browser.Get(a.address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), a.redirectURI()+"?") {
		t.Fatalf("the browser comes back to %v, %v", back, err)
	}
	return back.Query()
}

func (a *attempt) redirectURI() string { return a.address.Query().Get("redirect_uri") }
func (a *attempt) state() string       { return a.address.Query().Get("state") }

// visit is a request to the redirect URI with a query, changed by edit (nil: unchanged).
func (a *attempt) visit(t *testing.T, query url.Values, edit func(*http.Request)) (status int, page string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, a.redirectURI()+"/?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(req)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+a.port()) // localhost could be ::1
		},
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range query {
		if value := query.Get(name); (value != "") && strings.Contains(string(body)+fmt.Sprint(resp.Header), value) {
			t.Errorf("the page repeats %q: %s", value, body)
		}
	}
	return resp.StatusCode, string(body)
}

// port returns the port that the browser comes back to.
func (a *attempt) port() string { return strings.TrimPrefix(a.redirectURI(), "http://localhost:") }

// end returns how the consent ended.
func (a *attempt) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-a.done:
		if text := fmt.Sprint(err); strings.Contains(text, "\n") {
			t.Errorf("the error has more than one line: %s", text)
		}
		if found := a.secrets.Find([]byte(fmt.Sprint(err, a.text))); found != "" {
			t.Errorf("a credential shows: %s", found)
		}
		return err
	case <-time.After(time.Minute):
		t.Fatal("the consent goes on waiting")
		return nil
	}
}

// lockedBuffer is a text that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
