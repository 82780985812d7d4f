package diagnose

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

const (
	callPath      = "/v1/customers"  // of an action
	publicTimeout = 10 * time.Second // of one request
	maxBody       = 16 << 10         // bytes read of a response
)

// A visit is a response under the public URL, or the attempt to get one.
type visit struct {
	connected bool // to the address, whether or not there was a response
	status    int  // 0: there was none
	header    http.Header
	body      string
	tls       *tls.ConnectionState // nil: plain HTTP
}

// visit sends a GET request with a header for a path under the public URL.
func (p *publicCheck) visit(ctx context.Context, path string, header http.Header) (visit, error) {
	return p.visitAt(ctx, p.PublicURL+path, func(req *http.Request) {
		for name, values := range header {
			req.Header[name] = values
		}
	})
}

// visitAt sends a GET request, as prepare changes it, and reads the beginning of the response. With
// an error, only the visit's field connected is set.
func (p *publicCheck) visitAt(ctx context.Context, address string, prepare func(*http.Request)) (visit, error) {
	ctx, cancel := context.WithTimeout(ctx, publicTimeout)
	defer cancel()
	var connected atomic.Bool // connecting goes on after the request has ended
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectDone: func(_, _ string, err error) { connected.CompareAndSwap(false, err == nil) },
		GotConn:     func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return visit{}, err
	}
	prepare(req)
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return visit{connected: connected.Load()}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return visit{connected: true}, err
	}
	return visit{connected: true, status: resp.StatusCode, header: resp.Header, body: string(body), tls: resp.TLS}, nil
}

// is reports whether the response has a status and a text, without the blanks around it.
func (v visit) is(status int, text string) bool {
	return (v.status == status) && (strings.TrimSpace(v.body) == text)
}

// ours reports whether the service has answered a call: with an error or, with 200, with its ID.
func (v visit) ours() bool {
	return (v.fault().Code != "") || ((v.status == http.StatusOK) && (v.header.Get("MS-RequestId") != ""))
}

// has reports whether the body has a text, in any case.
func (v visit) has(text string) bool {
	return strings.Contains(strings.ToLower(v.body), strings.ToLower(text))
}

// A faultBody is what the body of a failed call of the service has.
type faultBody struct {
	Status    int
	Code      string // empty: the response is not the service's
	RequestID string
}

// String returns the status and the code, which may be printed.
func (f faultBody) String() string { return fmt.Sprintf("%d %s", f.Status, f.Code) }

var (
	faultCode      = regexp.MustCompile(`^[A-Z][A-Za-z]{2,63}$`)
	faultRequestID = regexp.MustCompile(`^[0-9A-Fa-f-]{36}$`)
)

// fault returns the error in a response of the service. It returns a zero value for any other
// response.
func (v visit) fault() faultBody {
	var body struct {
		StatusCode int `json:"statusCode"`
		Error      struct {
			Code string `json:"code"`
		} `json:"error"`
		RequestID string `json:"requestId"`
	}
	if (json.Unmarshal([]byte(v.body), &body) != nil) || (body.StatusCode != v.status) ||
		!faultCode.MatchString(body.Error.Code) || !faultRequestID.MatchString(body.RequestID) {
		return faultBody{}
	}
	return faultBody{body.StatusCode, body.Error.Code, body.RequestID}
}
