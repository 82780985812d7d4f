// Package console serves the console for browsers: pages on which makers try the actions and copy the
// paths of fields into their flows, and on which operators find what registers the connector. The pages
// are static files, embedded in the binary. They load nothing from other hosts, and everything they show
// of Partner Center they read from the actions at /v1, with the API key that the user enters and that stays
// in the memory of the tab. The package also serves what depends on the settings: a description of the
// service, its definition, and the files that register the connector. None has a secret or the ID of a tenant.
package console

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Path is where the console is served. The root of the service redirects to it.
const Path = "/console/"

//go:embed static
var embedded embed.FS

// Config configures a Handler. Every field is required.
type Config struct {
	Service Service
	Icon    []byte // PNG

	// Definition returns the definition of the service, OpenAPI 2.0 with any host, from which the pages know
	// the actions. It is called at most once.
	Definition func() ([]byte, error)

	// Build returns the content of a download of the service for the given base URL. It returns an error
	// for a host that is not valid in a definition.
	Build func(d Download, baseURL string) ([]byte, error)
}

// A Handler serves the console. It is safe for concurrent use.
type Handler struct {
	service    Service
	definition func() ([]byte, error)
	files      map[string]file // by path
	builds     *builds
}

// A file is an embedded file.
type file struct {
	content     []byte
	contentType string
}

// New returns a Handler.
func New(c Config) *Handler {
	h := &Handler{
		service:    c.Service,
		definition: sync.OnceValues(c.Definition),
		files:      map[string]file{Path + "icon.png": {c.Icon, "image/png"}},
		builds:     newBuilds(c.Build),
	}
	h.service.Downloads = slices.Clone(c.Service.Downloads)
	for i, d := range h.service.Downloads {
		h.service.Downloads[i].Path = d.path()
	}
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

const jsonType = "application/json; charset=utf-8"

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
// without a response, if there is nothing. The path is that of r as the service reads it.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, requested, baseURL string) bool {
	header := w.Header()
	if requested == "/" || requested == strings.TrimSuffix(Path, "/") {
		header.Set("Location", Path)
		w.WriteHeader(http.StatusFound)
		return true
	}
	f, ok := h.find(r.Context(), requested, baseURL)
	if !ok {
		return false
	}
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
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
func (h *Handler) find(ctx context.Context, requested, baseURL string) (file, bool) {
	if f, ok := h.files[requested]; ok {
		return f, true
	}
	switch requested {
	case Path + "service.json":
		return h.describe(baseURL), true
	case Path + "definition.json":
		content, err := h.definition()
		return file{content, jsonType}, err == nil
	}
	for _, d := range h.service.Downloads {
		if requested == Path+d.Path {
			content, err := h.builds.get(ctx, d, baseURL)
			return file{content, d.contentType()}, err == nil
		}
	}
	return file{}, false
}

// describe returns the description of the service as JSON.
func (h *Handler) describe(baseURL string) file {
	service := h.service
	service.BaseURL = baseURL
	text, err := json.Marshal(service)
	if err != nil {
		panic(err) // texts, numbers and booleans always marshal
	}
	return file{text, jsonType}
}
