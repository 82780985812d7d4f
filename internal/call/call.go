// Package call holds what is known about one call of the service: the IDs that let it be followed
// from the flow's run through the log to Partner Center's support, the action that it asks for, and
// how its links are made. An Info travels in the context of its call and belongs to the goroutine
// that serves it. IDs that arrive from outside are kept only if they have the form that Partner
// Center documents, so nothing else reaches a log or a header through them.
package call

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"

	"github.com/google/uuid"
)

// An Info describes one call. The header names are those of
// https://learn.microsoft.com/partner-center/developer/headers and of the Power Platform.
type Info struct {
	RequestID       string // MS-RequestId, a GUID: received, sent to Partner Center and returned
	CorrelationID   string // MS-CorrelationId, a GUID: received, sent to Partner Center and returned
	CV              string // MS-CV, a correlation vector: received, sent to Partner Center and returned
	ClientRequestID string // x-ms-client-request-id: received and returned; empty if absent
	Locale          string // X-Locale, sent to Partner Center: the best match for Accept-Language
	Operation       string // operationId of the action; empty if there is none

	// Link returns where the caller gets the same list with other arguments, such as a URL. The
	// transport sets it; nil means that lists have no links.
	Link func(arguments url.Values) string

	// UpstreamStatus is the status of Partner Center's last response, or 0. The client of Partner
	// Center sets it, and the log reads it.
	UpstreamStatus int
}

var (
	vector = regexp.MustCompile(`^[A-Za-z0-9+/]{16,22}(\.[0-9A-Za-z]{1,10}){0,12}!?$`)
	opaque = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)
)

// New returns a call with the IDs of h. It makes new ones for those that are absent or malformed.
func New(h http.Header) *Info {
	i := &Info{
		RequestID:       guid(h.Get("MS-RequestId")),
		CorrelationID:   guid(h.Get("MS-CorrelationId")),
		CV:              h.Get("MS-CV"),
		ClientRequestID: h.Get("x-ms-client-request-id"),
		Locale:          localeOf(h.Get("Accept-Language")),
	}
	if !vector.MatchString(i.CV) {
		i.CV = newVector()
	}
	if !opaque.MatchString(i.ClientRequestID) {
		i.ClientRequestID = ""
	}
	return i
}

// SetHeader sets the headers that return the IDs to the caller.
func (i *Info) SetHeader(h http.Header) {
	h.Set("MS-RequestId", i.RequestID)
	h.Set("MS-CorrelationId", i.CorrelationID)
	h.Set("MS-CV", i.CV)
	if i.ClientRequestID != "" {
		h.Set("x-ms-client-request-id", i.ClientRequestID)
	}
}

// guid returns id if it is a GUID in its canonical form, else a new one.
func guid(id string) string {
	if len(id) == 36 && uuid.Validate(id) == nil {
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}

// newVector starts a correlation vector (version 2: 22 characters of base64, a dot and a counter).
func newVector() string {
	var base [16]byte
	rand.Read(base[:]) // never fails
	return base64.RawStdEncoding.EncodeToString(base[:]) + ".0"
}

type key struct{}

// NewContext returns a context that carries the call.
func NewContext(ctx context.Context, i *Info) context.Context {
	return context.WithValue(ctx, key{}, i)
}

// FromContext returns the call that ctx carries, or a new one.
func FromContext(ctx context.Context) *Info {
	if i, ok := ctx.Value(key{}).(*Info); ok {
		return i
	}
	return New(nil)
}
