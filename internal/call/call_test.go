package call

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestLocaleOf(t *testing.T) {
	for accept, want := range map[string]string{
		"":                               "en-US",
		"en-US":                          "en-US",
		"en-us":                          "en-US",
		"en-GB,en;q=0.5":                 "en-GB",
		"sv":                             "sv-SE",
		"sv-SE,sv;q=0.9,en;q=0.8":        "sv-SE",
		"fr;q=0.4, de-CH;q=0.9":          "de-CH",
		"pt-BR":                          "pt-BR",
		"zh-Hant-TW":                     "zh-TW",
		"no":                             "nb-NO",
		"tlh":                            "en-US",
		"*":                              "en-US",
		";;;":                            "en-US",
		"en-US\r\nX-Evil: 1":             "en-US",
		strings.Repeat("sv-SE,", 100):    "en-US",
		"x-" + strings.Repeat("a-", 100): "en-US",
	} {
		if got := localeOf(accept); got != want {
			t.Errorf("%.40q: got %s, want %s", accept, got, want)
		}
	}
}

func TestNewTakesWellFormedIDs(t *testing.T) {
	const id = "6E2CBC4F-8A34-4E5E-9A4E-0A1F7C3B2D10"
	h := http.Header{}
	h.Set("MS-RequestId", id)
	h.Set("MS-CorrelationId", strings.ToLower(id))
	h.Set("MS-CV", "mYg9U0KpVkyTCrKb.1.2")
	h.Set("x-ms-client-request-id", "run/08585-1")
	c := New(h)
	if c.RequestID != id || c.CorrelationID != strings.ToLower(id) || c.CV != "mYg9U0KpVkyTCrKb.1.2" ||
		c.ClientRequestID != "run/08585-1" {
		t.Errorf("%+v", c)
	}
}

func TestNewReplacesOthers(t *testing.T) {
	for _, bad := range []string{"", "x", "../../x", "{6e2cbc4f-8a34-4e5e-9a4e-0a1f7c3b2d10}",
		"urn:uuid:6e2cbc4f-8a34-4e5e-9a4e-0a1f7c3b2d10",
		"6e2cbc4f8a344e5e9a4e0a1f7c3b2d10", "ge2cbc4f-8a34-4e5e-9a4e-0a1f7c3b2d10", "a b", "a\nb",
		strings.Repeat("a", 200)} {
		h := http.Header{"Ms-Requestid": {bad}, "Ms-Correlationid": {bad}, "Ms-Cv": {bad},
			"X-Ms-Client-Request-Id": {bad + " "}}
		c, other := New(h), New(h)
		if uuid.Validate(c.RequestID) != nil || uuid.Validate(c.CorrelationID) != nil ||
			c.RequestID == other.RequestID || c.RequestID == c.CorrelationID {
			t.Errorf("%q: %+v", bad, c)
		}
		if !vector.MatchString(c.CV) || c.CV == other.CV {
			t.Errorf("%q: vector %s", bad, c.CV)
		}
		if c.ClientRequestID != "" {
			t.Errorf("%q: client request id %q", bad, c.ClientRequestID)
		}
	}
}

func TestContext(t *testing.T) {
	c := New(nil)
	if FromContext(NewContext(t.Context(), c)) != c {
		t.Error("another call came back")
	}
	if FromContext(t.Context()) == nil {
		t.Error("no call without one in the context")
	}
}
