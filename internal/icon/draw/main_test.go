package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	sourceFile    = "../icon.svg"
	committedFile = "../icon.png"
)

// TestCommittedIconIsUpToDate compares pixels, since another Go version may compress differently,
// and leaves a little room, since processors round differently.
func TestCommittedIconIsUpToDate(t *testing.T) {
	const tolerance = 2
	want, err := rasterize(read(t, sourceFile))
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(read(t, committedFile)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("icon.png has the bounds %v, want %v; run make generate", got.Bounds(), want.Bounds())
	}
	for y := range side {
		for x := range side {
			if a, b := got.At(x, y), want.At(x, y); difference(a, b) > tolerance {
				t.Fatalf("icon.png has %v at %d,%d, want %v; run make generate", a, x, y, b)
			}
		}
	}
}

func TestRun(t *testing.T) {
	t.Run("writes_the_same_bytes_each_time", func(t *testing.T) {
		first, second := filepath.Join(t.TempDir(), "a.png"), filepath.Join(t.TempDir(), "b.png")
		for _, to := range []string{first, second} {
			if err := run(sourceFile, to); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(read(t, first), read(t, second)) {
			t.Error("two runs differ")
		}
	})
	t.Run("writes_no_alpha_channel", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "icon.png")
		if err := run(sourceFile, to); err != nil {
			t.Fatal(err)
		}
		const colorType, trueColor = 25, 2 // https://www.w3.org/TR/png/#11IHDR
		if got := read(t, to)[colorType]; got != trueColor {
			t.Errorf("got color type %d", got)
		}
	})
	t.Run("keeps_the_icon_if_the_drawing_is_broken", func(t *testing.T) {
		folder := t.TempDir()
		svg, to := filepath.Join(folder, "icon.svg"), filepath.Join(folder, "icon.png")
		for name, content := range map[string]string{svg: `<svg viewBox="0 0 32 32"><rect`, to: "old"} {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := run(svg, to); (err == nil) || !strings.Contains(err.Error(), svg) {
			t.Errorf("got %v, want the name of the file", err)
		}
		if got := read(t, to); string(got) != "old" {
			t.Errorf("icon.png has become %q", got)
		}
	})
	t.Run("fails_without_a_drawing", func(t *testing.T) {
		if err := run(filepath.Join(t.TempDir(), "icon.svg"), "icon.png"); !os.IsNotExist(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRasterize(t *testing.T) {
	const start = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">`
	t.Run("fills_the_square", func(t *testing.T) {
		img, err := rasterize([]byte(start + `<rect width="32" height="32" fill="#0a5f63"/></svg>`))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []image.Point{{0, 0}, {229, 0}, {115, 115}, {0, 229}, {229, 229}} {
			if got := img.At(p.X, p.Y); got != (color.RGBA{0x0a, 0x5f, 0x63, 0xff}) {
				t.Errorf("got %v at %v", got, p)
			}
		}
	})
	for name, element := range map[string]string{
		"rejects_text":     `<text x="1" y="9">A</text>`,
		"rejects_an_image": `<image href="https://contoso.example/icon.png"/>`,
		"rejects_a_color":  `<rect width="32" height="32" fill="fog"/>`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := rasterize([]byte(start + element + `</svg>`)); err == nil {
				t.Error("got no error")
			}
		})
	}
}

// difference returns the largest difference of a channel, of 255.
func difference(a, b color.Color) int {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	largest := 0
	for _, pair := range [][2]uint32{{ar, br}, {ag, bg}, {ab, bb}, {aa, ba}} {
		low, high := min(pair[0], pair[1])>>8, max(pair[0], pair[1])>>8
		largest = max(largest, int(high-low))
	}
	return largest
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
