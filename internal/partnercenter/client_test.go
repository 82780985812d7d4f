package partnercenter

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// TestSilentPeerIsLeft meets a peer that accepts connections and says nothing: the call ends at its deadline, and
// so does the connection that net/http goes on making without it.
func TestSilentPeerIsLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	left := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			c.Close()
		}
		left <- err
	}()
	c := New(Config{BaseURL: "https://" + listener.Addr().String(), Authority: "https://" + listener.Addr().String(), Timeout: 50 * time.Millisecond, MaxBody: 1 << 20,
		TenantID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", ClientID: "c", ClientSecret: "s", Scope: "https://x/.default", Log: slog.New(slog.DiscardHandler)})
	if _, err := c.Get(t.Context(), Request{Path: "/customers"}, nil); kindOfError(err) != fault.IdentityUnavailable {
		t.Error(err)
	}
	select {
	case <-left:
	case <-time.After(15 * time.Second):
		t.Error("the connection is still there")
	}
}
