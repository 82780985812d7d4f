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

// A serviceLog is the log of the service. Writing to it never blocks; lines that the reader does
// not take in time are dropped and counted.
type serviceLog struct {
	*slog.Logger
	sink *logsink.Sink
}

// newLog returns a log that writes to w in the configured format. By default it writes text to a
// terminal and JSON to anything else. The caller closes it.
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

// close writes the lines that are still buffered. It gives up after a second, because the reader
// may have stopped.
func (l serviceLog) close() { _ = l.sink.Close(time.Second) } // an error could only be reported in the log

// isTerminal reports whether w is a character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
