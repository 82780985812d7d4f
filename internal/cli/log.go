package cli

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/logsink"
)

// serviceLog is the log of the service. Writing to it never blocks.
type serviceLog struct {
	*slog.Logger
	sink *logsink.Sink
}

// newLog returns a log to w in the format of the settings; unset: text on a terminal, else JSON.
func newLog(c config.Config, w io.Writer) serviceLog {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	newHandler := func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, options) }
	if c.LogFormat == "text" || (c.LogFormat == "" && isTerminal(w)) {
		newHandler = func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, options) }
	}
	sink := logsink.New(w, func(dropped int) []byte {
		var line bytes.Buffer
		slog.New(newHandler(&line)).Error("lines of the log could not be written", "dropped", dropped)
		return line.Bytes()
	})
	return serviceLog{slog.New(newHandler(sink)), sink}
}

// close writes the lines that are still buffered. It gives up after a second, for a reader may have
// stopped.
func (l serviceLog) close() { _ = l.sink.Close(time.Second) } // there is nowhere left to report an error

// isTerminal reports whether w is a character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
