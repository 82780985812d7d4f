package cli

import (
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/cli/browser"
	"github.com/gin-gonic/gin"
	"github.com/go-logr/logr"
	"github.com/redis/go-redis/v9/logging"
	"go.opentelemetry.io/otel"
)

// prepareProcess makes every change that affects the whole process, once. No other code of the
// service makes one but limitMemory.
var prepareProcess = sync.OnceFunc(func() {
	// A log reader that goes away must not end the service.
	signal.Ignore(syscall.SIGPIPE)

	// Libraries print what peers send, addresses, and parts of the environment. The service logs
	// what matters itself.
	log.SetOutput(io.Discard) // net/http
	gin.SetMode(gin.ReleaseMode)
	logging.Disable() // go-redis
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
})

// limitMemory sets the size of the heap from which on garbage is collected more often: enough for
// the largest answers and many connections at the same time. GOMEMLIMIT, which the runtime reads,
// wins.
func limitMemory(maxBody int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(max(160<<20, 96<<20+4*maxBody))
	}
}
