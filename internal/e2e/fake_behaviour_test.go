package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// respond answers in full. An empty content type sends none. Headers are names, each before its value.
func respond(status int, contentType, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil // not even a guessed one
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// refuse answers an error as Partner Center does; code may be empty.
func refuse(status int, code string, headers ...string) http.HandlerFunc {
	body := `{"description":"` + upstreamOnly + `","data":[],"source":"PartnerFD"}`
	if code != "" {
		body = `{"code":` + code + `,` + body[1:]
	}
	return respond(status, "application/json; charset=utf-8", body, headers...)
}

// sendJSON answers 200 with a JSON text.
func sendJSON(text string) http.HandlerFunc {
	return respond(200, "application/json; charset=utf-8", text)
}

// wire writes bytes to the connection and closes it.
func wire(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c := hijack(w)
		io.WriteString(c, text)
		c.Close()
	}
}

func hijack(w http.ResponseWriter) net.Conn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // HTTP/1.1 over TCP can always be taken over
	}
	return c
}

// breakOff writes bytes and resets the connection.
func breakOff(w http.ResponseWriter, text string) {
	c := hijack(w)
	io.WriteString(c, text)
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closes with a reset
	}
	c.Close()
}

// drip sends a byte now and then until the caller gives up.
func drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for r.Context().Err() == nil {
		io.WriteString(w, " ")
		http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

const (
	head    = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	maxBody = 1 << 20 // the CONNECTOR_MAX_BODY of these tests
)

// behaviours are what a row of the table can ask of Partner Center by name.
var behaviours = map[string]http.HandlerFunc{
	"html200":        respond(200, "text/html", "<html>"+upstreamOnly+"</html>"),
	"ct-html-json":   respond(200, "text/html; charset=utf-8", `{"items":[]}`),
	"ct-missing":     respond(200, "", `{"items":[]}`),
	"206":            respond(206, "application/json", `{"items":[]}`, "Content-Range", "bytes 0-11/100"),
	"304":            respond(304, "", ""),
	"truncated-cl":   wire(head + "Content-Length: 1000\r\n\r\n" + `{"items":[{"id":"` + upstreamOnly),
	"truncated-json": sendJSON(`{"totalCount":1,"items":[{"id":"a"}`),
	"nonutf8":        sendJSON("{\"items\":[{\"id\":\"\xc3\x28\"}]}"),
	"nan":            sendJSON(`{"totalCount":NaN,"items":[]}`),
	"dupkeys":        sendJSON(`{"totalCount":1,"totalCount":2,"items":[]}`),
	"total-string":   sendJSON(`{"totalCount":"7","items":[{"id":"a"}]}`),
	"total-huge":     sendJSON(`{"totalCount":92233720368547758070,"items":[{"id":"a"}]}`),
	"big":            bigAnswer,
	"gzip-bomb":      gzipBomb,
	"big-header":     bigHeader,
	"redirect-http":  redirect,
	"set-cookie":     withHeaders("Set-Cookie", "session="+upstreamOnly+"; Path=/"),
	"hop":            withHeaders("Connection", "X-Hop", "X-Hop", upstreamOnly, "Keep-Alive", "timeout=9", "Server", upstreamOnly, "Via", "1.1 "+upstreamOnly),
	"401":            refuse(401, "400", "WWW-Authenticate", "Bearer realm="+upstreamOnly),
	"403":            refuse(403, ""),
	"404":            refuse(404, ""),
	"429-neg":        refuse(429, "", "Retry-After", "-5"),
	"429-huge":       refuse(429, "", "Retry-After", "86400"),
	"500":            respond(500, "text/plain", "System.NullReferenceException at "+upstreamOnly),
	"503":            refuse(503, "", "Retry-After", "3"),

	"big-announced":   bigAnnounced,
	"big-exactly":     bigExactly,
	"headers-1000":    wire(head + strings.Repeat("X-A: 1\r\n", 1000) + "Content-Length: 12\r\nConnection: close\r\n\r\n" + `{"items":[]}`),
	"gzip-unlabelled": respond(200, "application/json", string(zipped(`{"items":[]}`))),
	"endless-1xx":     endless1xx,
	"endless-body":    endlessBody,
	"switch":          switchProtocols,
	"loop": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.RequestURI, http.StatusTemporaryRedirect)
	},
	"redirect-bare":   respond(302, "", ""),
	"foreign-headers": withHeaders("Access-Control-Allow-Origin", "*", "Cache-Control", "public, max-age=60", "X-Content-Type-Options", "off", "MS-RequestId", customerID, "RateLimit", "r=1", "Retry-After", "7", "WWW-Authenticate", "Bearer", "Refresh", "0", "Link", "</x>; rel=next", "Content-Disposition", "attachment"),
	"reset-mid-body": func(w http.ResponseWriter, r *http.Request) {
		breakOff(w, head+"Content-Length: 1000\r\n\r\n{\"items\":[")
	},
	"reset-mid-head": func(w http.ResponseWriter, r *http.Request) { breakOff(w, head) },
	"date-soon":      retryAt(func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) }),
	"date-past":      retryAt(func() string { return "Sun, 06 Nov 1994 08:49:37 GMT" }),
	"date-far":       retryAt(func() string { return time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat) }),
	"date-old-form":  retryAt(func() string { return time.Now().Add(30 * time.Second).UTC().Format(time.ANSIC) }),
	"echo-body":      func(w http.ResponseWriter, r *http.Request) { refuse(400, `"`+inJSON(bearer(r))+`"`)(w, r) },
	"echo-status":    func(w http.ResponseWriter, r *http.Request) { wire("HTTP/1.1 2OO "+bearer(r)+"\r\n\r\n")(w, r) },
	"echo-header":    func(w http.ResponseWriter, r *http.Request) { wire("HTTP/1.1 200 OK\r\n"+bearer(r)+"\r\n\r\n")(w, r) },
	"echo-length":    func(w http.ResponseWriter, r *http.Request) { wire(head+"Content-Length: "+bearer(r)+"\r\n\r\n")(w, r) },
	"echo-type":      func(w http.ResponseWriter, r *http.Request) { respond(200, bearer(r), "{}")(w, r) },
	"echo-location": func(w http.ResponseWriter, r *http.Request) {
		respond(302, "", "", "Location", "https://evil.example/?t="+bearer(r))(w, r)
	},
	"echo-json": func(w http.ResponseWriter, r *http.Request) { sendJSON(`{"items":"`+inJSON(bearer(r))+`"}`)(w, r) },
	"echo-after": func(w http.ResponseWriter, r *http.Request) {
		wire(head+"Content-Length: 12\r\n\r\n"+`{"items":[]}`+bearer(r))(w, r)
	},
	"hang":          func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"hang-mid-body": func(w http.ResponseWriter, r *http.Request) { hangAfter(w, r, 200, `{"items":[`) },
	"hang-error":    func(w http.ResponseWriter, r *http.Request) { hangAfter(w, r, 429, `{"code":`) },
	"hang-401":      func(w http.ResponseWriter, r *http.Request) { hangAfter(w, r, 401, `{"code":`) },
	"drip":          drip,
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// withHeaders answers well, with headers beside the usual.
func withHeaders(headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		good(w, r)
	}
}

func retryAt(value func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { refuse(503, "", "Retry-After", value())(w, r) }
}

func redirect(w http.ResponseWriter, r *http.Request) {
	respond(302, "", "", "Location", "http://"+r.Host+"/v1/elsewhere")(w, r)
}

func hangAfter(w http.ResponseWriter, r *http.Request, status int, begin string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, begin)
	http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// switchProtocols agrees to what nobody asked for and then says nothing.
func switchProtocols(w http.ResponseWriter, r *http.Request) {
	c := hijack(w)
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	io.Copy(io.Discard, c) // until the caller gives up
	c.Close()
}

func endless1xx(w http.ResponseWriter, r *http.Request) {
	c := hijack(w)
	defer c.Close()
	for {
		if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </"+upstreamOnly+">\r\n\r\n"); err != nil {
			return
		}
	}
}

func endlessBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for {
		if _, err := io.WriteString(w, strings.Repeat(" ", 64<<10)); err != nil {
			return
		}
	}
}

func padded(size int) string {
	return `{"items":[]` + strings.Repeat(" ", size-len(`{"items":[]}`)) + `}`
}

func bigExactly(w http.ResponseWriter, r *http.Request) {
	respond(200, "application/json", padded(maxBody), "Content-Length", strconv.Itoa(maxBody))(w, r)
}

// bigAnswer is one byte too large and does not say so before.
func bigAnswer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	http.NewResponseController(w).Flush()
	io.WriteString(w, padded(maxBody+1))
}

// bigAnnounced says that it is too large and sends nothing, so that whoever reads it waits.
func bigAnnounced(w http.ResponseWriter, r *http.Request) {
	c := hijack(w)
	fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n", head, maxBody+1)
	io.Copy(io.Discard, c)
	c.Close()
}

func bigHeader(w http.ResponseWriter, r *http.Request) {
	wire(head+"X-Big: "+strings.Repeat("a", 2<<20)+"\r\nContent-Length: 12\r\n\r\n"+`{"items":[]}`)(w, r)
}

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.Bytes()
}

func gzipBomb(w http.ResponseWriter, r *http.Request) {
	respond(200, "application/json", string(zipped(padded(8<<20))), "Content-Encoding", "gzip")(w, r)
}
