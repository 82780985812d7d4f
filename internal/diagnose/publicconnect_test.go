package diagnose

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/blackhole"
	"github.com/partner-center/connector/internal/outbound"
)

func TestPublicName(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(service))
	defer s.Close()
	foreign := httptest.NewServer(answer(http.StatusTeapot, ""))
	defer foreign.Close()
	client := dialing(s.Listener.Addr().String())
	closed := dialing("127.0.0.1:1")
	for name, c := range map[string]struct {
		addresses []string
		err       error
		client    *http.Client
		result    Result
		says      []string
	}{
		"public": {[]string{"203.0.113.7"}, nil, client, OK, []string{"leads to the service"}},
		"private beside a public": {[]string{"10.0.0.4", "2001:db8::1"}, nil, client, OK,
			[]string{"leads to the service"}},
		"private": {[]string{"10.0.0.4", "fd00::4"}, nil, client, OK,
			[]string{"leads to the service, reached over the private address 10.0.0.4", "was not tried"}},
		"of a carrier": {[]string{"100.100.0.1"}, nil, client, OK, []string{"the private address 100.100.0.1"}},
		"private without an answer": {[]string{"10.0.0.4", "fd00::4"}, nil, closed, Warn,
			[]string{"private addresses only, such as 10.0.0.4", "public address"}},
		"mapped": {[]string{"::ffff:192.168.1.1"}, nil, closed, Warn,
			[]string{"such as 192.168.1.1"}},
		"public without an answer": {[]string{"203.0.113.7"}, nil, closed, Warn, []string{"connection refused"}},
		"private with a foreign answer": {[]string{"10.0.0.4"}, nil, dialing(foreign.Listener.Addr().String()), Fail,
			[]string{"418", "(at the private address 10.0.0.4)"}},
		"unknown": {nil, &net.DNSError{Err: "no such host", Name: "svc.example", IsNotFound: true}, client, Warn,
			[]string{"svc.example does not resolve", "DNS record"}},
		"without a name server": {nil, errors.New("away"), client, Warn, []string{"cannot be looked up"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := try(t, Config{PublicURL: "http://svc.example:8080", HTTP: c.client,
				LookUp: func(_ context.Context, host string) (found []netip.Addr, err error) {
					if host != "svc.example" {
						t.Errorf("looked up %s", host)
					}
					for _, a := range c.addresses {
						found = append(found, netip.MustParseAddr(a))
					}
					return found, c.err
				}})
			all.expect(t, publicSubject, c.result, c.says...)
			all.expectOne(t, publicSubject)
		})
	}
}

// dialing returns a client that connects to an address whatever the host is.
func dialing(address string) *http.Client {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

// dialError returns a client that cannot connect.
func dialError(err error) *http.Client {
	dial := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

// answering returns the URL of a listener that answers each connection with a text and closes it. It
// leaves the connection open if the text is empty.
func answering(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if text == "" {
				t.Cleanup(func() { c.Close() })
				continue
			}
			c.Read(make([]byte, 4096))
			c.Write([]byte(text))
			c.Close()
		}
	}()
	return "://" + l.Addr().String()
}

func TestPublicConnection(t *testing.T) {
	impatient := &http.Client{Transport: new(http.Transport), Timeout: 100 * time.Millisecond}
	for name, c := range map[string]struct {
		url    string
		client *http.Client
		result Result
		says   []string
	}{
		"refused": {"http://127.0.0.1:1", http.DefaultClient, Warn,
			[]string{"connection refused", "Start the service, which this command does not"}},
		"refused on Windows": {"http://127.0.0.1:1", dialError(syscall.Errno(10061)), Warn,
			[]string{"connection refused"}},
		"unknown name": {"https://127.0.0.1:1", dialError(&net.DNSError{Err: "no such host"}), Warn,
			[]string{"does not resolve"}},
		"silence": {"http" + answering(t, ""), impatient, Warn, []string{"although it can be connected to"}},
		"http for https": {"https" + answering(t, "HTTP/1.0 400 Bad Request\r\n\r\n"), http.DefaultClient, Fail,
			[]string{"does not speak https"}},
		"neither": {"https" + answering(t, "220 mail.example ESMTP\r\n"), http.DefaultClient, Fail,
			[]string{"does not speak https"}},
		"a closed one": {"https://127.0.0.1:1", dialError(errors.New("reset")), Warn,
			[]string{"the connection is closed", "firewall"}},
		"https for a http": {"http" + answering(t, "\x15\x03\x01\x00\x02\x02\x0a"), http.DefaultClient, Warn,
			[]string{"speaks https"}},
	} {
		t.Run(name, func(t *testing.T) {
			all := try(t, Config{PublicURL: c.url, HTTP: c.client})
			all.expect(t, publicSubject, c.result, c.says...)
			all.expectOne(t, publicSubject)
		})
	}
}

// TestPublicBlackHole covers an address that drops packets. The time to connect may be longer than
// that of a request, or shorter.
func TestPublicBlackHole(t *testing.T) {
	address := blackhole.Address(t)
	for name, limits := range map[string]struct{ request, connect time.Duration }{
		"the request's limit first": {200 * time.Millisecond, time.Minute},
		"the dialer's limit first":  {time.Minute, 200 * time.Millisecond},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+" by "+scheme, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), limits.request)
				defer cancel()
				var all findings
				c := Config{PublicURL: scheme + "://" + address, HTTP: outbound.NewClient(nil, limits.connect)}
				Run(ctx, c, func(f Finding) { all = append(all, f) })
				all.expect(t, publicSubject, Warn, "the connection times out", "firewalls")
				all.expectOne(t, publicSubject)
			})
		}
	}
}
