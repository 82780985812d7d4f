// Package secretfile reads secrets from files that settings name, and checks secrets from any
// source. A secret is one line of plain text, without its line end. Typical accidents of editors,
// shells and clipboards are reported by name: a byte-order mark, UTF-16, further lines, blanks. No
// error contains any part of a secret. The package neither caches nor watches files: callers read a
// file again to get its current content.
package secretfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode"
)

// An Error reports an unusable file that a setting names. Its text is one line that begins with the
// setting.
type Error struct {
	Setting string // the environment variable
	Path    string
	Err     error  // the reason
	Remedy  string // what to do, as a phrase that follows a colon
}

// Error returns the setting, the path, the reason and the remedy.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %v: %s", e.Setting, e.Path, e.Err, e.Remedy)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// A problem is what is wrong with a text, and how to fix it.
type problem struct{ text, remedy string }

// Error returns the problem without its remedy.
func (p *problem) Error() string { return p.text }

// Remedy returns how to fix an error of CheckText, CheckEnds or CheckToken, as a phrase that
// follows a colon. It returns an empty text for any other error.
func Remedy(err error) string {
	var p *problem
	if errors.As(err, &p) {
		return p.remedy
	}
	return ""
}

// ErrEmpty is the error for an empty value or file.
var ErrEmpty error = &problem{"it is empty", "write the value into it"}

const (
	saveAsUTF8  = "save it as plain UTF-8 or ASCII without a byte-order mark"
	removeBlank = "remove it, or copy the value again"
)

// CheckText returns an error unless value is one line of plain text.
func CheckText(value string) error {
	switch {
	case value == "":
		return ErrEmpty
	case strings.HasPrefix(value, "\xff\xfe"), strings.HasPrefix(value, "\xfe\xff"), strings.Contains(value, "\x00"):
		return &problem{"it is UTF-16 text", saveAsUTF8}
	case strings.HasPrefix(value, "\ufeff"):
		return &problem{"it begins with a byte-order mark", saveAsUTF8}
	case strings.ContainsAny(value, "\r\n"):
		return &problem{"it has more than one line of text", "write the value alone into it"}
	}
	return nil
}

// CheckEnds is CheckText for a value that must not begin or end with a blank, such as a passphrase.
func CheckEnds(value string) error {
	if err := CheckText(value); err != nil {
		return err
	}
	switch {
	case strings.TrimFunc(value, isBlank) == "":
		return &problem{"it has nothing but blanks", "write the value into it"}
	case strings.TrimLeftFunc(value, isBlank) != value:
		return &problem{"it begins with a blank", removeBlank}
	case strings.TrimRightFunc(value, isBlank) != value:
		return &problem{"it ends with a blank", removeBlank}
	}
	return nil
}

// CheckToken is CheckText for a value that must not contain blanks, such as a client secret or a
// token.
func CheckToken(value string) error {
	if err := CheckEnds(value); err != nil {
		return err
	}
	if strings.ContainsFunc(value, isBlank) {
		return &problem{"it has a blank inside", removeBlank}
	}
	return nil
}

// isBlank reports whether a character is invisible: white space, or a format character without
// width.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf) }

// ReadText returns the line of text in the file at path, which setting names. An error is an
// *Error.
func ReadText(setting, path string) (string, error) { return read(setting, path, CheckText) }

// ReadToken is ReadText for a value that must not contain blanks.
func ReadToken(setting, path string) (string, error) { return read(setting, path, CheckToken) }

func read(setting, path string, check func(string) error) (string, error) {
	content, err := ReadFile(setting, path)
	if err != nil {
		return "", err
	}
	line := strings.TrimRight(string(content), "\r\n")
	if err := check(line); err != nil {
		return "", &Error{Setting: setting, Path: path, Err: err, Remedy: Remedy(err)}
	}
	return line, nil
}

// ReadFile returns the content of the file at path, which setting names. An error is an *Error.
func ReadFile(setting, path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{setting, path, Reason(err), "name a file that the service's user may read"}
	}
	return content, nil
}

// Reason returns the cause of a failed file operation, without the operation and the path.
func Reason(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
