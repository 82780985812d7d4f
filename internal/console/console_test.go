package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// maxBytes is the size that all files together may have.
const maxBytes = 300_000

var icon = []byte("the icon")

// newHandler returns a handler with one package, which build makes.
func newHandler(build func(Download, string) ([]byte, error)) *Handler {
	downloads := []Download{{SignIn: "api-key"}, {SignIn: "api-key", Form: "pac", MCP: true}}
	definition := func() ([]byte, error) { return []byte("{}"), nil }
	return New(Config{
		Service: Service{Version: "v1", Downloads: downloads}, Icon: icon, Definition: definition, Build: build,
	})
}

// serve returns the response for a path, or nil if the console has nothing there.
func serve(h *Handler, requested string) *httptest.ResponseRecorder {
	return serveAt(h, requested, "http://127.0.0.1:8080")
}

// serveAt is serve with a base URL of the service.
func serveAt(h *Handler, requested, baseURL string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	if !h.Serve(w, httptest.NewRequest("GET", "/", nil), requested, baseURL) {
		return nil
	}
	return w
}

// staticFiles returns the embedded files by name.
func staticFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(embedded, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		files[strings.TrimPrefix(name, "static/")] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestServe(t *testing.T) {
	h := newHandler(nil)
	for requested, want := range map[string]string{
		"/console/":                      "text/html; charset=utf-8",
		"/console/main.js":               "text/javascript; charset=utf-8",
		"/console/console.css":           "text/css; charset=utf-8",
		"/console/icon.png":              "image/png",
		"/console/lib/uplot/LICENSE":     "text/plain; charset=utf-8",
		"/console/service.json":          "application/json; charset=utf-8",
		"/console/definition.json":       "application/json; charset=utf-8",
		"/console/lib/lit-html/":         "",
		"/console/static/main.js":        "",
		"/console/missing.js":            "",
		"/console/register/api-key/":     "",
		"/console/../console/main.js":    "",
		"/consolemain.js":                "",
		"/v1/customers":                  "",
		"":                               "",
		"/console/register/x/arm.zip":    "",
		"/console/register/api-key/nope": "",
	} {
		t.Run(requested, func(t *testing.T) {
			w := serve(h, requested)
			if (w == nil) != (want == "") {
				t.Fatalf("got %v", w)
			}
			if w != nil && (w.Code != 200 || w.Header().Get("Content-Type") != want || w.Body.Len() == 0) {
				t.Errorf("got %d, %v", w.Code, w.Header())
			}
		})
	}
}

func TestRedirect(t *testing.T) {
	for _, requested := range []string{"/", "/console"} {
		w := serve(newHandler(nil), requested)
		if w == nil || w.Code != 302 || w.Header().Get("Location") != "/console/" {
			t.Errorf("%s: got %v", requested, w)
		}
	}
}

// TestHeaders checks that every file forbids what the pages do not need.
func TestHeaders(t *testing.T) {
	h := newHandler(func(Download, string) ([]byte, error) { return []byte("x"), nil })
	for _, requested := range []string{"/console/", "/console/main.js", "/console/service.json",
		"/console/register/api-key/pac-with-mcp.zip"} {
		header := serve(h, requested).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff",
			"X-Frame-Options":        "DENY",
			"Referrer-Policy":        "no-referrer",

			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q", requested, name, got)
			}
		}
		rules := strings.Split(header.Get("Content-Security-Policy"), "; ")
		want := []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
			"connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
			"require-trusted-types-for 'script'", "trusted-types lit-html"}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Errorf("%s: %s", requested, diff)
		}
	}
}

// TestSize checks the size of everything that a browser can load.
func TestSize(t *testing.T) {
	total := 5 << 10 // the icon, and some
	for _, content := range staticFiles(t) {
		total += len(content)
	}
	if total > maxBytes {
		t.Errorf("the console has %d bytes, want at most %d", total, maxBytes)
	}
}

// Markup that the Content-Security-Policy blocks, and addresses of other hosts that a page would load. Links
// that the user selects are allowed.
var (
	inline = regexp.MustCompile(`(?i)<script(>| [^>]*>[^<])|<style|\sstyle=|\son[a-z]+=["']|javascript:`)
	remote = regexp.MustCompile(`(?i)(\b(src|srcset|action)=["']?|url\(["']?|@import ["']?|import\(?["']|from ["']|` +
		`fetch\(["'])(https?:)?//`)
	unsafe = regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|` +
		`unsafeHTML|localStorage|sessionStorage|indexedDB|document\.cookie|caches\.open|serviceWorker`)
)

// TestStaticFiles checks our own files: nothing is inline, nothing comes from elsewhere, no text can become
// markup, nothing is stored, and no line is longer than those of other files.
func TestStaticFiles(t *testing.T) {
	for name, content := range staticFiles(t) {
		if strings.HasPrefix(name, "lib/") {
			continue
		}
		for _, never := range []*regexp.Regexp{inline, remote, unsafe} {
			if found := never.FindString(content); found != "" {
				t.Errorf("%s has %q", name, found)
			}
		}
		for line := range strings.Lines(content) {
			if utf8.RuneCountInString(line) > 121 { // with its end
				t.Errorf("%s has a line of more than 120 characters: %s", name, line)
			}
		}
	}
}

// TestForbiddenMarkup checks that the expressions of TestStaticFiles find what they are for.
func TestForbiddenMarkup(t *testing.T) {
	for text, never := range map[string]*regexp.Regexp{
		`<script>alert(1)</script>`:             inline,
		`<script type="module">x</script>`:      inline,
		`<p style="color: red">`:                inline,
		`<img onerror="x">`:                     inline,
		`<img src="https://contoso.com/x">`:     remote,
		`import x from "https://contoso.com/x"`: remote,
		`url(//contoso.com/x)`:                  remote,
		`element.innerHTML = text`:              unsafe,
		`localStorage.key = key`:                unsafe,
	} {
		if !never.MatchString(text) {
			t.Errorf("%s is not found", text)
		}
	}
	for _, never := range []*regexp.Regexp{inline, remote, unsafe} {
		const fine = `<script src="main.js" defer></script><a href="https://contoso.com">`
		if found := never.FindString(fine); found != "" {
			t.Errorf("%s is found", found)
		}
	}
}

// imports matches the modules that a module imports.
var imports = regexp.MustCompile(`\b(?:from|import) ?"(\.[^"]+)"`)

// TestModules checks that begin.js requests exactly the modules that main.js needs.
func TestModules(t *testing.T) {
	files := staticFiles(t)
	needed := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if needed[name] {
			return
		}
		needed[name] = true
		for _, found := range imports.FindAllStringSubmatch(files[name], -1) {
			visit(path.Join(path.Dir(name), found[1]))
		}
	}
	visit("main.js")
	requested := map[string]bool{"main.js": true}
	for _, found := range regexp.MustCompile(`(?m)^  "([^"]+)",$`).FindAllStringSubmatch(files["begin.js"], -1) {
		requested[found[1]] = true
	}
	if diff := cmp.Diff(needed, requested); diff != "" {
		t.Error(diff)
	}
}

func TestService(t *testing.T) {
	var got Service
	if err := json.Unmarshal(serve(newHandler(nil), "/console/service.json").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.BaseURL != "http://127.0.0.1:8080" || got.Version != "v1" || len(got.Downloads) != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestDownloads checks that a download is built once, for one host, and that a failure is not kept.
func TestDownloads(t *testing.T) {
	built := 0
	fails := true
	h := newHandler(func(d Download, baseURL string) ([]byte, error) {
		built++
		if fails {
			return nil, errors.New("no such host")
		}
		return []byte(d.Form + " for " + baseURL), nil
	})
	const zip = "/console/register/api-key/pac-with-mcp.zip"
	if w := serve(h, zip); w != nil {
		t.Errorf("a failure is served: %v", w)
	}
	fails = false
	for range 2 {
		w := serve(h, zip)
		if got := w.Body.String(); got != "pac for http://127.0.0.1:8080" {
			t.Errorf("got %q", got)
		}
		if got := w.Header().Get("Content-Disposition"); got != "attachment; filename=pac-with-mcp.zip" {
			t.Errorf("got %q", got)
		}
	}
	if built != 2 {
		t.Errorf("built %d times, want 2", built)
	}
	if w := serveAt(h, zip, "https://connector.contoso.com"); !strings.Contains(w.Body.String(), "contoso.com") {
		t.Errorf("another host gets %q", w.Body)
	}
	if serve(h, zip); built != 3 {
		t.Errorf("built %d times after another host, want 3", built)
	}
	for i := range 10 * maxHosts {
		serveAt(h, zip, fmt.Sprintf("https://%d.example", i))
	}
	if hosts := len(h.builds.kept); hosts > maxHosts {
		t.Errorf("downloads of %d hosts are kept", hosts)
	}
}

// TestDownloadsWait checks that one download is built at a time, that files and downloads that are kept do not
// wait for it, and that a caller who leaves is not waited for.
func TestDownloadsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var building, most int
		h := newHandler(func(Download, string) ([]byte, error) {
			building++
			most = max(most, building)
			time.Sleep(time.Second)
			building--
			return []byte("x"), nil
		})
		const zip = "/console/register/api-key/pac-with-mcp.zip"
		serve(h, zip)
		var callers sync.WaitGroup
		for i := range 20 {
			callers.Go(func() { serveAt(h, zip, fmt.Sprintf("https://%d.example", i)) })
		}
		synctest.Wait()
		start := time.Now()
		for _, requested := range []string{"/console/", "/console/service.json", "/console/definition.json", zip} {
			if serve(h, requested) == nil {
				t.Errorf("%s: nothing", requested)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
		if h.Serve(httptest.NewRecorder(), r, zip, "https://gone.example") {
			t.Error("a caller who left gets a download")
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("waited for %v", waited)
		}
		callers.Wait()
		if most != 1 {
			t.Errorf("%d downloads are built at the same time", most)
		}
	})
}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		form string
		mcp  bool
		want string
	}{
		{"", false, "register/entra/apiDefinition.swagger.json"},
		{"", true, "register/entra/apiDefinition.mcp.json"},
		{"arm", false, "register/entra/arm.zip"},
		{"arm", true, "register/entra/arm-with-mcp.zip"},
	} {
		if got := (Download{SignIn: "entra", Form: c.form, MCP: c.mcp}).path(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
