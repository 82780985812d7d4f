package diagnose

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"
	"time"
)

func TestPublicName(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(service))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}}
	for name, c := range map[string]struct {
		addresses []string
		err       error
		result    Result
		says      []string
		findings  int
	}{
		"public":                  {[]string{"203.0.113.7"}, nil, OK, []string{"leads to the service"}, 1},
		"private beside a public": {[]string{"10.0.0.4", "2001:db8::1"}, nil, OK, []string{"leads to the service"}, 1},
		"private": {[]string{"10.0.0.4", "fd00::4"}, nil, Warn,
			[]string{"private addresses only, such as 10.0.0.4"}, 1},
		"of a carrier": {[]string{"100.100.0.1"}, nil, Warn, []string{"private addresses only"}, 1},
		"mapped":       {[]string{"::ffff:192.168.1.1"}, nil, Warn, []string{"such as 192.168.1.1"}, 1},
		"unknown": {nil, &net.DNSError{Err: "no such host", Name: "svc.example", IsNotFound: true}, Warn,
			[]string{"svc.example does not resolve", "DNS record"}, 1},
		"without a name server": {nil, errors.New("away"), Warn, []string{"cannot be looked up"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			all := try(t, Config{PublicURL: "http://svc.example:" + port, HTTP: client,
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
		"firewall": {"https://127.0.0.1:1", dialError(os.ErrDeadlineExceeded), Warn,
			[]string{"times out", "firewalls"}},
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
