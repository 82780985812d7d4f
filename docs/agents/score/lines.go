package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// strict and lenient choose whether members that a value does not have are errors.
var (
	strict  = (*json.Decoder).DisallowUnknownFields
	lenient = func(*json.Decoder) {}
)

// readLines decodes each line of r that is not blank and calls read with it. Its error has the number
// of the line.
func readLines[T any](r io.Reader, configure func(*json.Decoder), read func(T) error) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // PowerShell writes it
	for i, line := range bytes.Split(content, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var v T
		err := decode(line, configure, &v)
		if err == nil {
			err = read(v)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

// decode decodes one JSON value. Numbers become json.Number.
func decode(text []byte, configure func(*json.Decoder), v any) error {
	if !utf8.Valid(text) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	configure(d)
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
