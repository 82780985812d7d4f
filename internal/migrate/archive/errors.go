package archive

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrNotZip reports that a zip is damaged or cut short.
var ErrNotZip = errors.New("damaged or incomplete zip")

// A HostileError reports input that Open or Read refuses because it could do harm.
type HostileError struct {
	Entry  string // the name as written in the archive, empty if the error is about the whole archive
	Reason string
}

// Error returns the reason with the name of the entry, quoted and shortened.
func (e *HostileError) Error() string {
	if (e.Entry == "") && (e.Reason != reasonEmpty) {
		return "hostile archive: " + e.Reason
	}
	return fmt.Sprintf("hostile entry %s: %s", quote(e.Entry), e.Reason)
}

// quote returns a name from an archive in a form that is safe to print.
func quote(name string) string {
	const most = 200
	if len(name) > most {
		return strconv.QuoteToASCII(name[:most]) + "…"
	}
	return strconv.Quote(name)
}

// maxReported limits how many entries an error lists.
const maxReported = 10

// findings collects hostile entries, at most one error for each and maxReported in all.
type findings struct {
	errs []error
	seen map[string]bool
}

func (f *findings) add(entry, reason string) {
	if (len(f.errs) == maxReported) || (reason == "") || f.seen[entry] {
		return
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[entry] = entry != "" // findings about the whole archive may be several
	f.errs = append(f.errs, &HostileError{Entry: entry, Reason: reason})
}

// err returns nil, the only error, or all errors joined.
func (f *findings) err() error {
	if len(f.errs) == 1 {
		return f.errs[0]
	}
	return errors.Join(f.errs...)
}
