package redisserver

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// StartSentinel starts a Sentinel that watches a primary under a name. quorum is how many Sentinels
// must find the primary away. Lines are added to its configuration.
func StartSentinel(t testing.TB, name string, primary *Server, quorum int, lines ...string) *Server {
	t.Helper()
	port := FreePort(t)
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\nloglevel warning\nsentinel monitor %s 127.0.0.1 %d %d\n",
		port, name, primary.Port, quorum)
	text += fmt.Sprintf("sentinel down-after-milliseconds %s 500\nsentinel failover-timeout %[1]s 2000\n", name)
	for _, line := range lines {
		text += line + "\n"
	}
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{Port: port, t: t, args: []string{file, "--sentinel"}}
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}
