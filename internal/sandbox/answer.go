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

// style is how a route's JSON looks on the wire.
type style struct {
	contentType string
	bom         bool
	indent      bool
}

// answer is what a route returns: the one thing that write needs to know.
type answer struct {
	status      int
	body        string
	contentType string            // of a body that is not in the route's style
	header      map[string]string // what it has beyond the usual
	claimed     int               // a Content-Length greater than the body's
	silent      bool              // nothing is answered for as long as the caller waits
}

func found(body string) answer { return answer{status: 200, body: body} }

// refuse is an error in Partner Center's shape.
func refuse(status, code int, format string, args ...any) answer {
	body, err := json.Marshal(struct {
		Code        int      `json:"code"`
		Description string   `json:"description"`
		Data        []string `json:"data"`
		Source      string   `json:"source"`
	}{code, fmt.Sprintf(format, args...), []string{}, "PartnerFD"})
	if err != nil {
		panic(err) // an int and three strings are always JSON
	}
	return answer{status: status, body: string(body)}
}

func invalid(err error) answer { return refuse(400, invalidInput, "Invalid input: %v.", err) }

func unauthorized(code int, description string) answer {
	return refuse(401, code, "%s", description).
		with("WWW-Authenticate", "OAuth realm=urn:cpsvc:cpid:"+tenantID)
}

func (a answer) with(name, value string) answer {
	a.header = map[string]string{name: value}
	return a
}

// collection is a list in Partner Center's envelope; links may be empty.
func collection(items []string, links string) string {
	if links != "" {
		links = `"links":{` + links + `},`
	}
	return fmt.Sprintf(`{"totalCount":%d,"items":[%s],%s"attributes":{"objectType":"Collection"}}`,
		len(items), strings.Join(items, ","), links)
}

func link(name, uri string) string {
	return fmt.Sprintf(`%q:{"uri":%q,"method":"GET","headers":[]}`, name, uri)
}

func (a answer) write(w http.ResponseWriter, r *http.Request, s style) {
	if a.silent {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		<-ctx.Done()
		panic(http.ErrAbortHandler) // ends the connection without an answer
	}
	body, contentType := []byte(a.body), a.contentType
	if contentType == "" {
		body, contentType = s.dress(body), cmp.Or(s.contentType, utf8JSON)
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

// dress gives JSON the look of a route. What is no JSON passes unchanged: the
// tests hold that every answer is.
func (s style) dress(body []byte) []byte {
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

// guid makes a GUID of a seed, the same one every time.
func guid(seed string) string {
	b := sha256.Sum256([]byte(seed))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
