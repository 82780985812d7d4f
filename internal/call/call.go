// Package call holds the data of one call to the service: the IDs by which it can be followed from
// the flow's run through the log to Partner Center's support, its action, and how links in its
// answer are built. An Info travels in the context of its call and is used by the goroutine that
// serves it. IDs in request headers are kept only if they have the form that Partner Center
// documents, so arbitrary text cannot reach a log or a header through them. ParseGateway recognizes
// the platform's gateways by their hosts; its header is not authenticated.
package call

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/google/uuid"
)

// An Info describes one call. The header names are those of
// https://learn.microsoft.com/partner-center/developer/headers and of the Power Platform.
type Info struct {
	Started         time.Time
	RequestID       string // MS-RequestId, a GUID: received, sent to Partner Center and returned
	CorrelationID   string // MS-CorrelationId, a GUID: received, sent to Partner Center and returned
	CV              string // MS-CV, a correlation vector: received, sent to Partner Center and returned
	ClientRequestID string // x-ms-client-request-id: received and returned; empty if absent
	Locale          string // X-Locale, sent to Partner Center: the best match for Accept-Language
	Operation       string // operationId of the action; empty if the path is no action's
	Transport       string // REST or MCP
	ByPolicy        bool   // X-Connector-Trigger is "policy": the platform's pollingtrigger policy reads the answer

	// Link returns the URL of the same list with other arguments. The transport sets it; nil means
	// that lists have no links.
	Link func(arguments url.Values) string

	// Admit counts another call of Partner Center against the limit of the caller's connection. An error
	// is that of gate.Admit. The transport sets it, and has counted the first call with it before the
	// action begins; nil means that calls are not counted. It must not be called by two goroutines at the
	// same time.
	Admit func(context.Context) error

	// Calls is how many calls Admit has counted.
	Calls int

	// Status is the status of a response without an error. The transport sets it before the call ends; 0
	// stands for 200.
	Status int

	// UpstreamStatus is the status of Partner Center's last response, or 0. The client of Partner
	// Center sets it, and the log reads it.
	UpstreamStatus int
}

// Transports, as logs and metrics name them.
const (
	REST = "rest"
	MCP  = "mcp"
)

// Headers of the IDs, in the canonical form, in which Get and Set need no conversion.
const (
	headerRequestID       = "Ms-Requestid"
	headerCorrelationID   = "Ms-Correlationid"
	headerCV              = "Ms-Cv"
	headerClientRequestID = "X-Ms-Client-Request-Id"
)

// headerTrigger is the header that the policies of the packages send with triggers.
const headerTrigger = "X-Connector-Trigger"

var (
	vector = regexp.MustCompile(`^[A-Za-z0-9+/]{16,22}(\.[0-9A-Za-z]{1,10}){0,12}!?$`)
	opaque = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,128}$`)
)

// New returns an Info with the IDs in h. IDs that are absent or malformed are replaced by new ones.
// h may be nil.
func New(h http.Header) *Info {
	i := &Info{
		Started:         time.Now(),
		Transport:       REST,
		RequestID:       guid(h.Get(headerRequestID)),
		CorrelationID:   guid(h.Get(headerCorrelationID)),
		CV:              h.Get(headerCV),
		ClientRequestID: h.Get(headerClientRequestID),
		Locale:          localeOf(h.Get("Accept-Language")),
		ByPolicy:        h.Get(headerTrigger) == "policy",
	}
	if i.CV == "" || !vector.MatchString(i.CV) {
		i.CV = newVector()
	}
	if i.ClientRequestID != "" && !opaque.MatchString(i.ClientRequestID) {
		i.ClientRequestID = ""
	}
	return i
}

// Fork returns the Info of another call of Partner Center within the same call of the service. It has
// a request ID of its own, since Partner Center takes a second request with the same ID for a
// repetition: https://learn.microsoft.com/partner-center/developer/headers.
func (i *Info) Fork() *Info {
	fork := *i
	fork.RequestID, fork.UpstreamStatus = guid(""), 0
	return &fork
}

// SetHeader sets the response headers that return the IDs to the caller.
func (i *Info) SetHeader(h http.Header) {
	h.Set(headerRequestID, i.RequestID)
	h.Set(headerCorrelationID, i.CorrelationID)
	h.Set(headerCV, i.CV)
	if i.ClientRequestID != "" {
		h.Set(headerClientRequestID, i.ClientRequestID)
	}
}

// guid returns id if it is a GUID in canonical form, else a new one.
func guid(id string) string {
	if len(id) == 36 && uuid.Validate(id) == nil {
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}

// newVector starts a correlation vector of version 2: 22 characters of base64, a dot and a counter.
// See https://github.com/microsoft/CorrelationVector.
func newVector() string {
	var base [16]byte
	rand.Read(base[:]) // never fails
	return base64.RawStdEncoding.EncodeToString(base[:]) + ".0"
}

type key struct{}

// NewContext returns a context that carries i.
func NewContext(ctx context.Context, i *Info) context.Context {
	return context.WithValue(ctx, key{}, i)
}

// FromContext returns the Info that ctx carries, or a new one, so that the result is never nil.
func FromContext(ctx context.Context) *Info {
	if i, ok := ctx.Value(key{}).(*Info); ok {
		return i
	}
	return New(nil)
}
