// Package tracking holds what lets one call be followed from the flow's run over the log to Partner Center's
// support: its ids, and what Partner Center answered. A Call belongs to the one request whose context carries
// it and to the goroutine that serves it. Ids that come from outside are taken over only where they have the
// form that Partner Center documents, so nothing else can reach a log or a header through them.
package call

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"regexp"

	"github.com/google/uuid"
)

// Call is one request to the service. The header names are those of
// https://learn.microsoft.com/partner-center/developer/headers and of the Power Platform.
type Info struct {
	RequestID       string // MS-RequestId, a GUID: in, to Partner Center and out
	CorrelationID   string // MS-CorrelationId, a GUID: in, to Partner Center and out
	CV              string // MS-CV, a correlation vector: in, to Partner Center and out
	ClientRequestID string // x-ms-client-request-id: in and out; empty where none came
	Locale          string // to Partner Center as X-Locale: the one of its locales that Accept-Language asks for
	Operation       string // operationId of the action that is called; empty: none
	ServiceURL      string // where the caller reaches the service, without a slash at the end
	UpstreamStatus  int    // status of Partner Center's last answer; 0 where it was not called or did not answer
}

var (
	vector = regexp.MustCompile(`^[A-Za-z0-9+/]{16,22}(\.[0-9A-Za-z]{1,10}){0,12}!?$`)
	opaque = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)
)

// New takes the ids of a request's headers and makes those that are absent or malformed.
func New(h http.Header) *Info {
	c := &Info{
		RequestID:       guid(h.Get("MS-RequestId")),
		CorrelationID:   guid(h.Get("MS-CorrelationId")),
		CV:              h.Get("MS-CV"),
		ClientRequestID: h.Get("x-ms-client-request-id"),
		Locale:          localeOf(h.Get("Accept-Language")),
	}
	if !vector.MatchString(c.CV) {
		c.CV = newVector()
	}
	if !opaque.MatchString(c.ClientRequestID) {
		c.ClientRequestID = ""
	}
	return c
}

// guid returns id where it is a GUID in its canonical form, else a new one.
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
func NewContext(ctx context.Context, c *Info) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// FromContext returns the call under way, or a new one where ctx carries none.
func FromContext(ctx context.Context) *Info {
	if c, ok := ctx.Value(key{}).(*Info); ok {
		return c
	}
	return New(nil)
}
