package mcp

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
)

// A position is a place in a list: a page of the action, and a row of it.
type position struct {
	page url.Values // arguments of the page besides those of the list; empty: the first page
	size string     // Size with which the page was requested, if skip depends on it
	skip int        // rows of the page to leave out
}

// Names in the text of a position, besides the arguments of the page.
const (
	positionSize = "size"
	positionSkip = "skip"
	pagePrefix   = "page." // of the name of an argument
)

// purpose returns what a cursor is sealed for: the list that it belongs to, and its reader. A cursor
// for another tool, with other filters or of another connection does not open.
func (t *tool) purpose(ctx context.Context, filters url.Values) string {
	connection, _ := auth.FromContext(ctx)
	same := url.Values{}
	for name := range filters {
		same.Set(name, canonical(filters.Get(name)))
	}
	return "cursor of " + t.name + "?" + same.Encode() + " for " + strconv.Quote(connection.String())
}

// canonical returns a GUID in lower case, and any other value as it is.
func canonical(value string) string {
	if uuid.Validate(value) == nil {
		return strings.ToLower(value)
	}
	return value
}

// sealCursor returns a cursor for a position.
func (h *Handler) sealCursor(ctx context.Context, t *tool, filters url.Values, p position) string {
	text := url.Values{positionSize: {p.size}, positionSkip: {strconv.Itoa(p.skip)}}
	for name, values := range p.page {
		text[pagePrefix+name] = values
	}
	return h.config.Sealer.Seal(t.purpose(ctx, filters), text.Encode())
}

// openCursor returns the position of a cursor; an empty one is the beginning. An error is a
// *fault.Error.
func (h *Handler) openCursor(ctx context.Context, t *tool, filters url.Values, cursor string) (position, error) {
	p := position{page: url.Values{}}
	if cursor == "" {
		return p, nil
	}
	text, ok := h.config.Sealer.Open(t.purpose(ctx, filters), cursor)
	if !ok {
		return p, fault.InvalidParameter(inputCursor, t.inputs.Rule(inputCursor))
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return p, err
	}
	for name := range values {
		if argument, ok := strings.CutPrefix(name, pagePrefix); ok {
			p.page.Set(argument, values.Get(name))
		}
	}
	p.size = values.Get(positionSize)
	p.skip, err = strconv.Atoi(values.Get(positionSkip))
	return p, err
}
