package sandbox_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFixtures(t *testing.T) {
	t.Run("are JSON", func(t *testing.T) {
		files, err := filepath.Glob("data/*/*.json")
		if err != nil || len(files) < 30 {
			t.Errorf("%d fixtures, %v", len(files), err)
		}
		for _, file := range append(files, "data/names.json") {
			if b, err := os.ReadFile(file); err != nil || !json.Valid(b) {
				t.Errorf("%s is not JSON (%v)", file, err)
			}
		}
	})
	t.Run("leave no placeholder in an answer", func(t *testing.T) {
		c := start(t)
		paths := samplePaths()
		for n, i := range c.list("/v1/customers").Items {
			if n%29 == 0 { // covers every shape and every place
				at := "/v1/customers/" + i["id"].(string)
				paths = append(paths, at, at+"/orders", at+"/subscriptions")
			}
		}
		placeholder := regexp.MustCompile(`\{[a-zA-Z][^"}]*\}`)
		for _, path := range paths {
			if _, body := c.get(path); !json.Valid([]byte(body)) || placeholder.MatchString(body) {
				t.Errorf("GET %s: %s", path, body)
			}
		}
	})
}

func TestStyle(t *testing.T) {
	c := start(t)
	for _, tt := range []struct {
		path        string
		contentType string
		bom, indent bool
	}{
		{"/v1/customers", "application/json; charset=utf-8", true, false},
		{contosoPath, "application/json", true, true},
		{contosoPath + "/orders", "application/json; charset=utf-8", true, true},
		{contosoPath + "/subscriptions", "text/json", true, false},
		{contosoPath + "/subscriptions?mpn_id=x", "text/json", true, false},
		{contosoPath + "/products?targetView=Azure", "application/json; charset=utf-8", true, false},
		{"/v1/invoices", "application/json; charset=utf-8", false, true},
	} {
		t.Run("of "+strings.ReplaceAll(tt.path, contosoPath, "customer"), func(t *testing.T) {
			c := c.sub(t)
			resp, body := c.send(c.request(http.MethodGet, tt.path))
			if got := resp.Header.Get("Content-Type"); got != tt.contentType {
				t.Errorf("Content-Type is %s, want %s", got, tt.contentType)
			}
			if strings.HasPrefix(body, bom) != tt.bom || strings.Contains(body, "\n") != tt.indent {
				t.Errorf("%.40q, want byte-order mark %t, indented %t", body, tt.bom, tt.indent)
			}
		})
	}
}
