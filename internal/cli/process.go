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

// prepareProcess makes the changes that affect the whole process, once. Only limitMemory makes
// another.
var prepareProcess = sync.OnceFunc(func() {
	// Without this, a log reader that closes its pipe would kill the service.
	signal.Ignore(syscall.SIGPIPE)

	// Libraries print data from peers, addresses, and parts of the environment. The service
	// itself logs what matters.
	log.SetOutput(io.Discard) // net/http
	gin.SetMode(gin.ReleaseMode)
	logging.Disable() // go-redis
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
})

// limitMemory sets the runtime's soft memory limit. It leaves room for many connections and four of
// the largest responses; maxBody is in bytes. GOMEMLIMIT, which the runtime reads itself, takes
// precedence.
func limitMemory(maxBody int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(max(160<<20, 96<<20+4*maxBody))
	}
}
