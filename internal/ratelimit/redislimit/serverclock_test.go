package redislimit_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
)

// serverClock sets what a server takes for the time of day.
type serverClock struct {
	t    testing.TB
	file *os.File
}

// clockLibrary is preloaded before the C library. libfaketime does the same, but deadlocks with
// jemalloc.
const clockLibrary = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *set; // us to add, and the us at which time stands still unless 0

__attribute__((constructor)) static void begin(void) {
	int fd = open(getenv("TEST_CLOCK"), O_RDONLY);
	void *p = mmap(0, 16, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) set = p;
}

int clock_gettime(clockid_t id, struct timespec *ts) {
	int r = syscall(SYS_clock_gettime, id, ts);
	if (r || !set || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return r;
	long long us = ts->tv_sec * 1000000LL + ts->tv_nsec / 1000 + set[0];
	if (set[1]) us = set[1];
	ts->tv_sec = us / 1000000;
	ts->tv_nsec = us % 1000000 * 1000;
	return 0;
}

int gettimeofday(struct timeval *tv, void *tz) {
	struct timespec ts;
	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t) {
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (t) *t = ts.tv_sec;
	return ts.tv_sec;
}
`

// startWithClock starts a server whose clock the test sets. Without gcc the test is skipped.
func startWithClock(t testing.TB) (*redisserver.Server, *serverClock) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("needs gcc, which is not on PATH, to make a server whose clock can be set")
	}
	dir := t.TempDir()
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, []byte(clockLibrary), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-O1", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	f, err := os.Create(filepath.Join(dir, "clock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	c := &serverClock{t: t, file: f}
	c.write(0, 0)
	return redisserver.StartWithEnv(t, []string{"LD_PRELOAD=" + library, "TEST_CLOCK=" + f.Name()},
		"--enable-debug-command", "yes"), c
}

func (c *serverClock) write(add time.Duration, stand int64) {
	c.t.Helper()
	b := binary.NativeEndian.AppendUint64(nil, uint64(add.Microseconds()))
	if _, err := c.file.WriteAt(binary.NativeEndian.AppendUint64(b, uint64(stand)), 0); err != nil {
		c.t.Fatal(err)
	}
}

// step sets the clock to the real time plus by.
func (c *serverClock) step(by time.Duration) { c.write(by, 0) }

// stand stops the clock at an instant.
func (c *serverClock) stand(at time.Time) { c.write(0, at.UnixMicro()) }
