package redislimit

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/gomodule/redigo/redis"
)

// TestLocator shows to which address each attempt goes after another, and which name its certificate
// must have.
func TestLocator(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	moved := func(to string) error { return redis.Error("MOVED 10392 " + to) }
	l := &locator{address: "redis.contoso.com:6379"}
	for i, step := range []struct {
		address, name string
		err           error // of the attempt
		defect        Defect
	}{
		{"redis.contoso.com:6379", "redis.contoso.com", moved("10.0.0.2:8500"), ""},
		{"10.0.0.2:8500", "redis.contoso.com", moved("node.contoso.com:8501"), ""}, // an address without a name
		{"node.contoso.com:8501", "node.contoso.com", moved(":8502"), ""},          // a node without a name
		{"node.contoso.com:8502", "node.contoso.com", refused, Moved},
		{"redis.contoso.com:6379", "redis.contoso.com", refused, ""},             // may know another node
		{"node.contoso.com:8502", "node.contoso.com", moved("fd00::2:6379"), ""}, // without brackets
		{"[fd00::2]:6379", "redis.contoso.com", moved("[fd00::3]:6379"), ""},
		{"[fd00::3]:6379", "redis.contoso.com", moved(":6380"), ""},
		{"[fd00::3]:6380", "redis.contoso.com", refused, Moved},
	} {
		address, err := l.find(context.Background(), nil)
		if (err != nil) || (address != step.address) || (l.tlsName(address) != step.name) {
			t.Fatalf("attempt %d: %s of %s, %v, want %+v", i, address, l.tlsName(address), err, step)
		}
		if l.follow(step.err) {
			continue
		}
		unfit := classify(l.failed(step.err))
		if (unfit != nil) != (step.defect != "") {
			t.Errorf("attempt %d: %v, want %q", i, unfit, step.defect)
		}
	}
}
