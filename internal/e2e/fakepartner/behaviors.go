package fakepartner

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// head begins a good answer that is written byte by byte.
const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

// MaxBody is the size in bytes that answers named big exceed, and that big-exactly has. Tests set
// CONNECTOR_MAX_BODY to it.
const MaxBody = 1 << 20

// Behaviors are ways to answer a call by the names that the table of hostile requests uses. Names
// that begin with echo- send the token of the call back.
var Behaviors = map[string]http.HandlerFunc{
	"html200":        reply.With(200, "text/html", "<html>"+reply.Private+"</html>"),
	"ct-html-json":   reply.With(200, "text/html; charset=utf-8", `{"items":[]}`),
	"ct-missing":     reply.With(200, "", `{"items":[]}`),
	"206":            reply.With(206, "application/json", `{"items":[]}`, "Content-Range", "bytes 0-11/100"),
	"304":            reply.With(304, "", ""),
	"truncated-cl":   reply.Raw(head + "Content-Length: 1000\r\n\r\n" + `{"items":[{"id":"` + reply.Private),
	"truncated-json": reply.JSON(`{"totalCount":1,"items":[{"id":"a"}`),
	"nonutf8":        reply.JSON("{\"items\":[{\"id\":\"\xc3\x28\"}]}"),
	"nan":            reply.JSON(`{"totalCount":NaN,"items":[]}`),
	"dupkeys":        reply.JSON(`{"totalCount":1,"items":[],"items":[]}`),
	"total-string":   reply.JSON(`{"totalCount":"7","items":[{"id":"a"}]}`),
	"total-huge":     reply.JSON(`{"totalCount":92233720368547758070,"items":[{"id":"a"}]}`),
	"big":            bigAnswer,
	"gzip-bomb":      gzipBomb,
	"big-header":     bigHeader,
	"redirect-http":  redirect,
	"set-cookie":     withHeaders("Set-Cookie", "session="+reply.Private+"; Path=/"),
	"hop": withHeaders("Connection", "X-Hop", "X-Hop", reply.Private, "Keep-Alive", "timeout=9", "Server",
		reply.Private, "Via", "1.1 "+reply.Private),
	"401":      Refuse(401, "400", "WWW-Authenticate", "Bearer realm="+reply.Private),
	"403":      Refuse(403, ""),
	"404":      Refuse(404, ""),
	"429-neg":  Refuse(429, "", "Retry-After", "-5"),
	"429-huge": Refuse(429, "", "Retry-After", "86400"),
	"500":      reply.With(500, "text/plain", "System.NullReferenceException at "+reply.Private),
	"503":      Refuse(503, "", "Retry-After", "3"),

	"big-announced": bigAnnounced,
	"big-exactly":   bigExactly,
	"headers-1000": reply.Raw(head + strings.Repeat("X-A: 1\r\n", 1000) +
		"Content-Length: 12\r\nConnection: close\r\n\r\n" + `{"items":[]}`),
	"gzip-unlabelled": reply.With(200, "application/json", reply.Gzip(`{"items":[]}`)),
	"endless-1xx":     endless1xx,
	"endless-body":    endlessBody,
	"switch":          switchProtocols,
	"loop": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.RequestURI, http.StatusTemporaryRedirect)
	},
	"redirect-bare": reply.With(302, "", ""),
	"foreign-headers": withHeaders("Access-Control-Allow-Origin", "*", "Cache-Control", "public, max-age=60",
		"X-Content-Type-Options", "off", "MS-RequestId", CustomerID, "RateLimit", "r=1", "Retry-After", "7",
		"WWW-Authenticate", "Bearer", "Refresh", "0", "Link", "</x>; rel=next", "Content-Disposition", "attachment"),
	"reset":          withoutAnswer(reply.Reset("")),
	"hang-up":        withoutAnswer(reply.Raw("")),
	"reset-mid-body": reply.Reset(head + "Content-Length: 1000\r\n\r\n{\"items\":["),
	"reset-mid-head": reply.Reset(head),
	"date-soon":      retryAt(func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) }),
	"date-past":      retryAt(func() string { return "Sun, 06 Nov 1994 08:49:37 GMT" }),
	"date-far":       retryAt(func() string { return time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat) }),
	"date-old-form":  retryAt(func() string { return time.Now().Add(30 * time.Second).UTC().Format(time.ANSIC) }),
	"echo-body":      echo(func(token string) http.HandlerFunc { return Refuse(400, `"`+secret.InJSON(token)+`"`) }),
	"echo-status": echo(
		func(token string) http.HandlerFunc { return reply.Raw("HTTP/1.1 2OO " + token + "\r\n\r\n") }),
	"echo-header": echo(
		func(token string) http.HandlerFunc { return reply.Raw("HTTP/1.1 200 OK\r\n" + token + "\r\n\r\n") }),
	"echo-length": echo(
		func(token string) http.HandlerFunc { return reply.Raw(head + "Content-Length: " + token + "\r\n\r\n") }),
	"echo-type": echo(func(token string) http.HandlerFunc { return reply.With(200, token, "{}") }),
	"echo-location": echo(func(token string) http.HandlerFunc {
		return reply.With(302, "", "", "Location", "https://evil.example/?t="+token)
	}),
	"echo-json": echo(
		func(token string) http.HandlerFunc { return reply.JSON(`{"items":"` + secret.InJSON(token) + `"}`) }),
	"echo-after": echo(func(token string) http.HandlerFunc {
		return reply.Raw(head + "Content-Length: 12\r\n\r\n" + `{"items":[]}` + token)
	}),
	"hang":          reply.Hang,
	"hang-mid-body": reply.HangAfter(200, `{"items":[`),
	"hang-error":    reply.HangAfter(429, `{"code":`),
	"hang-401":      reply.HangAfter(401, `{"code":`),
	"drip":          reply.Drip,
}

// withHeaders returns a handler that adds headers to a good answer. Headers are pairs of a name and
// a value.
func withHeaders(headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		Good(w, r)
	}
}

// echo returns a handler that answers with what answer makes of the call's token.
func echo(answer func(token string) http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { answer(BearerToken(r))(w, r) }
}

// retryAt returns a handler that refuses with 503 and a Retry-After that is computed for each call.
func retryAt(value func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { Refuse(503, "", "Retry-After", value())(w, r) }
}

func redirect(w http.ResponseWriter, r *http.Request) {
	reply.With(302, "", "", "Location", "http://"+r.Host+"/v1/elsewhere")(w, r)
}

// switchProtocols agrees to an upgrade that was not requested and then sends nothing.
func switchProtocols(w http.ResponseWriter, r *http.Request) {
	c := reply.Hijack(w)
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	io.Copy(io.Discard, c) // until the client closes the connection
	c.Close()
}

// endless1xx sends informational answers until the client closes the connection.
func endless1xx(w http.ResponseWriter, r *http.Request) {
	c := reply.Hijack(w)
	defer c.Close()
	for {
		if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </"+reply.Private+">\r\n\r\n"); err != nil {
			return
		}
	}
}

// endlessBody sends white space until the client closes the connection.
func endlessBody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for {
		if _, err := io.WriteString(w, strings.Repeat(" ", 64<<10)); err != nil {
			return
		}
	}
}

// padded returns a JSON list of a size in bytes.
func padded(size int) string {
	return `{"items":[]` + strings.Repeat(" ", size-len(`{"items":[]}`)) + `}`
}

func bigExactly(w http.ResponseWriter, r *http.Request) {
	reply.With(200, "application/json", padded(MaxBody), "Content-Length", strconv.Itoa(MaxBody))(w, r)
}

// bigAnswer sends one byte too many, without a Content-Length.
func bigAnswer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	http.NewResponseController(w).Flush()
	io.WriteString(w, padded(MaxBody+1))
}

// bigAnnounced announces one byte too many and sends none, so that a client that reads the body waits.
func bigAnnounced(w http.ResponseWriter, r *http.Request) {
	c := reply.Hijack(w)
	fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n", head, MaxBody+1)
	io.Copy(io.Discard, c)
	c.Close()
}

func bigHeader(w http.ResponseWriter, r *http.Request) {
	reply.Raw(head+"X-Big: "+strings.Repeat("a", 2<<20)+"\r\nContent-Length: 12\r\n\r\n"+`{"items":[]}`)(w, r)
}

func gzipBomb(w http.ResponseWriter, r *http.Request) {
	reply.With(200, "application/json", reply.Gzip(padded(8<<20)), "Content-Encoding", "gzip")(w, r)
}
