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
	"go.opentelemetry.io/otel"
	_ "golang.org/x/crypto/x509roots/fallback" // Mozilla's roots, for containers that have none
)

// prepareProcess makes the changes that affect the whole process, once. Only tuneMemory makes
// others.
var prepareProcess = sync.OnceFunc(func() {
	// Without this, a log reader that closes its pipe would kill the service.
	signal.Ignore(syscall.SIGPIPE)

	// Libraries print data from peers, addresses, and parts of the environment. The service
	// itself logs what matters.
	log.SetOutput(io.Discard) // net/http
	gin.SetMode(gin.ReleaseMode)
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
})

// tuneMemory sets the runtime's soft memory limit, which leaves room for many connections and four of
// the largest responses; maxBody is in bytes. It also lets the heap grow by half more than usual
// between two collections, which saves about 5 % of a call's processor time for 6 MiB. GOMEMLIMIT and
// GOGC, which the runtime reads itself, take precedence.
func tuneMemory(maxBody int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(max(160<<20, 96<<20+4*maxBody))
	}
}
