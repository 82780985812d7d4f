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

// serviceLog is a log that no call ever waits for.
type serviceLog struct {
	*slog.Logger
	sink *logsink.Sink
}

// newLog returns a log in the format of the settings, or, where they name none, in the one that suits w.
func newLog(c config.Config, w io.Writer) serviceLog {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	newHandler := func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, options) }
	if c.LogFormat == "text" || c.LogFormat == "" && isTerminal(w) {
		newHandler = func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, options) }
	}
	sink := logsink.New(w, func(dropped int) []byte {
		var line bytes.Buffer
		slog.New(newHandler(&line)).Error("lines of the log could not be written", "dropped", dropped)
		return line.Bytes()
	})
	return serviceLog{slog.New(newHandler(sink)), sink}
}

// close writes what still waits, but does not wait for a reader that has stopped.
func (l serviceLog) close() { _ = l.sink.Close(time.Second) } // there is nowhere left to say it

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
