package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
)

// maxBody is the length of the longest request body, in bytes.
const maxBody = 64 << 10

// cacheTime is how long clients may keep the list of tools.
const cacheTime = 5 * time.Minute

// Serve answers a POST of a signed-in caller. baseURL is that of the service. The error is what became
// of the call, for package gate: that of the tool, whose answer is written already, or one that has
// still to be written.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, baseURL string) error {
	if code := negotiate(r.Header); code != "" {
		return &fault.Error{Code: code}
	}
	if r.ContentLength > maxBody {
		return &fault.Error{Code: fault.BodyTooLarge}
	}
	var body bytes.Buffer
	body.Grow(int(max(0, r.ContentLength)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	if errors.As(err, new(*http.MaxBytesError)) {
		return &fault.Error{Code: fault.BodyTooLarge}
	}
	if err != nil {
		return &fault.Error{Code: fault.MalformedMessage, Cause: err}
	}
	x := &exchange{ctx: r.Context(), baseURL: baseURL}
	answer := h.answer(x, r, body.Bytes())
	if err := r.Context().Err(); err != nil {
		return err
	}
	answer.setLimit(h.config.Gate, x, w.Header())
	if err := answer.send(w); err != nil {
		if gone := r.Context().Err(); gone != nil {
			return gone
		}
		return fmt.Errorf("%w: %w", gate.ErrBrokenOff, err)
	}
	if x.err != nil {
		return x.err
	}
	return answer.refusal()
}

// Media types of requests and answers. A server may choose between the latter two, so clients accept
// both, most of them in this order.
const (
	jsonMedia   = "application/json"
	eventStream = "text/event-stream"
	usualAccept = jsonMedia + ", " + eventStream
)

// negotiate returns the code of the first rule for headers that h violates, or "".
func negotiate(h http.Header) fault.Code {
	if h.Get("Content-Encoding") != "" {
		return fault.UnsupportedMediaType
	}
	if contentType := h.Get("Content-Type"); contentType != jsonMedia {
		if media, _, err := mime.ParseMediaType(contentType); err != nil || media != jsonMedia {
			return fault.UnsupportedMediaType
		}
	}
	accept := strings.Join(h.Values("Accept"), ",")
	if accept != "" && accept != usualAccept && (!accepts(accept, jsonMedia) || !accepts(accept, eventStream)) {
		return fault.NotAcceptable
	}
	return ""
}

// accepts reports whether an Accept header admits a media type. Of several ranges that match, the most
// specific one counts (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1).
func accepts(accept, media string) bool {
	major, _, _ := strings.Cut(media, "/")
	ranges := []string{"*/*", major + "/*", media}
	best, accepted := -1, false
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, err := mime.ParseMediaType(part)
		specific := slices.Index(ranges, name)
		if err != nil || specific < 0 || specific < best {
			continue
		}
		quality, err := strconv.ParseFloat(parameters["q"], 64)
		best, accepted = specific, err != nil || quality > 0
	}
	return accepted
}

// answer returns the answer to a body.
func (h *Handler) answer(x *exchange, r *http.Request, body []byte) *answer {
	m, refused := readMessage(body)
	version := r.Header.Get(headerVersion)
	if refused == nil && isVersion(version) {
		if m.isNotification() {
			call.FromContext(x.ctx).Status = http.StatusAccepted
			return &answer{status: http.StatusAccepted} // none has an effect without a session
		}
		refused = m.refusal(version)
	}
	if refused != nil {
		return refused.answer(m.ID)
	}
	if c, ok := h.direct(m, r.Header); ok {
		return h.answerDirectly(x, m, c)
	}
	a := &answer{header: http.Header{}, status: http.StatusOK}
	h.sdk.ServeHTTP(a, forSDK(x, r, body))
	x.close()
	if a.status >= http.StatusBadRequest && a.header.Get("Content-Type") != jsonMedia {
		return replaceText(a.status, a.body.Bytes()).answer(m.ID)
	}
	if e := vague(a.body.Bytes()); e != nil {
		e.status = a.status
		return e.answer(m.ID)
	}
	return a
}

// forSDK returns a request with a body that has been read. It lacks the headers that the SDK refuses
// or that a server without sessions ignores, and accepts what the SDK insists on.
func forSDK(x *exchange, r *http.Request, body []byte) *http.Request {
	out := r.Clone(x.newContext())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out.Header.Del("Last-Event-Id")
	out.Header.Del("Mcp-Session-Id")
	out.Header.Set("Accept", usualAccept)
	return out
}

// refuseUnoffered refuses methods and tools that are not offered. It does not repeat their names, which
// can be long.
func (h *Handler) refuseUnoffered(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, r sdk.Request) (sdk.Result, error) {
		if !slices.Contains(offered, method) {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: methodNotFound}
		}
		c, ok := r.GetParams().(*sdk.CallToolParamsRaw)
		if ok && !h.config.Tools.offers([]string{c.Name}) {
			names := strings.Join(h.config.Tools.names(), ", ")
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "unknown tool; the tools are " + names}
		}
		return next(ctx, method, r)
	}
}

// setCacheable lets clients keep the list of tools for a while, each for itself: it depends on the
// settings of this service.
func setCacheable(_ context.Context, _ sdk.Request, c *sdk.Cacheable) {
	c.TTLMs, c.CacheScope = int(cacheTime.Milliseconds()), "private"
}

// An answer is a response in memory. The SDK writes it there, so that it can still be replaced and the
// headers of the limit can be added.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// answer returns the error as the answer to a message.
func (e *rpcError) answer(id []byte) *answer {
	a := &answer{status: e.status}
	a.body.Write(e.response(id))
	return a
}

// refusal returns the error that an answer is for the log: one for each status with which requests are
// refused. An error of the protocol with status 200 is part of a conversation, such as a question for a
// method that older versions do not have.
func (a *answer) refusal() error {
	switch {
	case a.status == http.StatusNotFound:
		return &fault.Error{Code: fault.NotFound}
	case a.status >= http.StatusBadRequest:
		return &fault.Error{Code: fault.MalformedMessage}
	}
	return nil
}

// setLimit sets the header that states what is left of the limit.
func (a *answer) setLimit(g *gate.Gate, x *exchange, h http.Header) {
	if x.decision != nil {
		gate.SetLimit(h, *x.decision)
	} else if decision, ok := g.Peek(x.ctx); ok {
		gate.SetLimit(h, decision)
	}
}

// send writes the answer. An error means that it is incomplete.
func (a *answer) send(w http.ResponseWriter) error {
	if a.body.Len() > 0 {
		w.Header().Set("Content-Type", jsonMedia)
		w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body.Bytes())
	return err
}
