package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const (
	utf8JSON  = "application/json; charset=utf-8"
	plainJSON = "application/json"
	textJSON  = "text/json"
	html      = "text/html; charset=utf-8"
)

// A style is the form of a route's JSON on the wire. Partner Center's own routes differ in all
// three.
type style struct {
	contentType string
	bom         bool // a byte-order mark comes first
	indent      bool
}

// An answer is the result of a route, which write sends.
type answer struct {
	status      int
	body        string
	contentType string            // if set, the body is sent as it is; if empty, in the route's style
	header      map[string]string // in addition to the common headers
	claimed     int               // Content-Length to claim if greater than the body's
	silent      bool              // never answer
}

// found returns a 200 with a JSON body.
func found(body string) answer { return answer{status: 200, body: body} }

// failure returns an error in the shape that Partner Center documents.
func failure(status, code int, format string, args ...any) answer {
	body, err := json.Marshal(struct {
		Code        int      `json:"code"`
		Description string   `json:"description"`
		Data        []string `json:"data"`
		Source      string   `json:"source"`
	}{code, fmt.Sprintf(format, args...), []string{}, "PartnerFD"})
	if err != nil {
		panic(err) // cannot happen: integers and strings always marshal
	}
	return answer{status: status, body: string(body)}
}

// invalid returns the 400 for a request that err describes.
func invalid(err error) answer { return failure(400, invalidInput, "Invalid input: %v.", err) }

// unauthorized returns a 401 with Partner Center's challenge.
func unauthorized(code int, description string) answer {
	return failure(401, code, "%s", description).
		with("WWW-Authenticate", "OAuth realm=urn:cpsvc:cpid:"+tenantID)
}

// with returns a copy of a whose only additional header is name.
func (a answer) with(name, value string) answer {
	a.header = map[string]string{name: value}
	return a
}

// collection returns a list in Partner Center's envelope. links is a list of JSON members and may
// be empty.
func collection(items []string, links string) string {
	if links != "" {
		links = `"links":{` + links + `},`
	}
	return fmt.Sprintf(`{"totalCount":%d,"items":[%s],%s"attributes":{"objectType":"Collection"}}`,
		len(items), strings.Join(items, ","), links)
}

// link returns a JSON member for a collection's links.
func link(name, uri string) string {
	return fmt.Sprintf(`%q:{"uri":%q,"method":"GET","headers":[]}`, name, uri)
}

// next returns a JSON member for the links of a collection whose next page a token identifies.
func next(uri, token string) string {
	return fmt.Sprintf(`,"next":{"uri":%q,"method":"GET","headers":[{"key":"MS-ContinuationToken","value":%q}]}`,
		uri+"&seekOperation=Next", token)
}

// write sends the answer. It panics with http.ErrAbortHandler to end the connection of a silent
// one.
func (a answer) write(w http.ResponseWriter, r *http.Request, s style) {
	if a.silent {
		ctx, cancel := context.WithTimeout(r.Context(), silence)
		defer cancel()
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	}
	body, contentType := []byte(a.body), a.contentType
	if contentType == "" {
		body, contentType = s.format(body), cmp.Or(s.contentType, utf8JSON)
	}
	h := w.Header()
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId", "MS-CV"} {
		h.Set(name, cmp.Or(r.Header.Get(name), guid(rand.Text())))
	}
	h.Set("MS-ServerId", "sandbox")
	h.Set("X-Locale", "en-US,en-US")
	h.Set("Request-Context", "appId=cid-v1:"+clientID)
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(max(len(body), a.claimed)))
	for name, value := range a.header {
		h.Set(name, value)
	}
	w.WriteHeader(a.status)
	w.Write(body)
}

// format returns a JSON body in the style. It returns any other body unchanged; the tests check
// that every body without a content type of its own is JSON.
func (s style) format(body []byte) []byte {
	var out bytes.Buffer
	if s.bom {
		out.WriteString("\ufeff")
	}
	if s.indent {
		if err := json.Indent(&out, body, "", "  "); err != nil {
			return body
		}
		return out.Bytes()
	}
	out.Write(body)
	return out.Bytes()
}

// guid returns a version 4 GUID that depends on seed alone.
func guid(seed string) string {
	b := sha256.Sum256([]byte(seed))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
