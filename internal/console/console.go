// Package console serves the console for browsers: pages on which makers try the actions and copy the
// paths of fields into their flows, and on which operators find what registers the connector. The pages
// are static files, embedded in the binary. They load nothing from other hosts, and everything they show
// of Partner Center they read from the actions at /v1, with the API key that the user enters and that stays
// in the memory of the tab. The package also serves two things that depend on the settings: a description
// of the service, and the files that register the connector. Neither has a secret or the ID of a tenant.
package console

import (
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Path is where the console is served. The root of the service redirects to it.
const Path = "/console/"

//go:embed static
var embedded embed.FS

// Config configures a Handler.
type Config struct {
	Service Service
	Icon    []byte // PNG, as /console/icon.png

	// Build returns the content of a download of the service for the given base URL. An error means that
	// there is none, as for a host that no definition can have.
	Build func(d Download, baseURL string) ([]byte, error)
}

// A Handler serves the console. It is safe for concurrent use.
type Handler struct {
	config Config
	files  map[string]file // by path
	built  builds
}

// A file is an embedded file.
type file struct {
	content     []byte
	contentType string
}

// New returns a Handler.
func New(c Config) *Handler {
	h := &Handler{config: c, files: map[string]file{Path + "icon.png": {c.Icon, "image/png"}}}
	err := fs.WalkDir(embedded, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		h.files[Path+strings.TrimPrefix(name, "static/")] = file{content, contentType(name)}
		return err
	})
	if err != nil {
		panic(err) // an embedded file can always be read
	}
	h.files[Path] = h.files[Path+"index.html"]
	return h
}

// contentType returns the media type of a file by its name. It does not depend on the tables of the
// system, which can be wrong or absent.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// policy lets the pages load files of this service alone, and no other page embed them. Texts cannot
// become markup: only the library that renders templates may make it, from the templates themselves.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types lit-html"

// Serve writes what the console has at a path, given the base URL of the service. It returns false,
// without a response, if there is nothing.
func (h *Handler) Serve(w http.ResponseWriter, requested, baseURL string) bool {
	header := w.Header()
	if requested == "/" || requested == strings.TrimSuffix(Path, "/") {
		header.Set("Location", Path)
		w.WriteHeader(http.StatusFound)
		return true
	}
	f, ok := h.find(requested, baseURL)
	if !ok {
		return false
	}
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Length", strconv.Itoa(len(f.content)))
	if strings.HasPrefix(requested, Path+downloads) {
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{
			"filename": path.Base(requested)}))
	}
	w.WriteHeader(http.StatusOK)
	w.Write(f.content)
	return true
}

// find returns the file at a path.
func (h *Handler) find(requested, baseURL string) (file, bool) {
	if f, ok := h.files[requested]; ok {
		return f, true
	}
	name, ok := strings.CutPrefix(requested, Path)
	if !ok {
		return file{}, false
	}
	if name == "service.json" {
		return h.describe(baseURL), true
	}
	i := slices.IndexFunc(h.config.Service.Downloads, func(d Download) bool { return d.Path == name })
	if i < 0 {
		return file{}, false
	}
	d := h.config.Service.Downloads[i]
	content, err := h.built.get(d, baseURL, h.config.Build)
	return file{content, d.contentType()}, err == nil
}

// describe returns the description of the service as JSON.
func (h *Handler) describe(baseURL string) file {
	service := h.config.Service
	service.BaseURL = baseURL
	text, err := json.Marshal(service)
	if err != nil {
		panic(err) // texts, numbers and booleans always marshal
	}
	return file{text, "application/json; charset=utf-8"}
}
