package browser

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Screenshot returns a PNG of the viewport.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	return p.capture(page.CaptureScreenshotParams{})
}

// FullScreenshot returns a PNG of the whole document.
func (p *Page) FullScreenshot() []byte {
	p.t.Helper()
	beyond := true
	var size struct{ Width, Height float64 }
	p.read(`{ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight }`, &size)
	clip := &page.Viewport{Width: size.Width, Height: size.Height, Scale: 1}
	return p.capture(page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond, Clip: clip})
}

func (p *Page) capture(params page.CaptureScreenshotParams) []byte {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := p.evaluate(ctx, "document.fonts.ready.then(frame).then(frame)", nil); err != nil {
		p.t.Fatalf("wait for a frame: %v", err)
	}
	shot, err := chromedp.Call(ctx, page.CaptureScreenshot, params)
	if err != nil {
		p.t.Fatalf("capture a screenshot: %v", err)
	}
	return shot.Data
}

// CompareScreenshot fails the test if the viewport does not look like testdata/screenshots/NAME.png.
// That is a small picture in which each pixel is the mean of a square of 32 pixels, so it shows
// the layout and the colors and tolerates the fonts of other machines. The flag -update writes it.
// On a difference, the screenshot is kept in the temporary directory.
func (p *Page) CompareScreenshot(name string) {
	p.t.Helper()
	full := p.Screenshot()
	path := filepath.Join("testdata", "screenshots", name+".png")
	compare := compareFile
	if *shared.update {
		compare = updateFile
	}
	if err := compare(path, full); err != nil {
		p.t.Errorf("%v; the screenshot is %s", err, keep(name, full))
	}
}

// compareFile compares a screenshot with a golden file.
func compareFile(path string, screenshot []byte) error {
	got, err := png.Decode(bytes.NewReader(screenshot))
	if err != nil {
		return err
	}
	golden, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: write it with -update", err)
	}
	if err != nil {
		return err
	}
	want, err := png.Decode(bytes.NewReader(golden))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := compare(want, shrink(got)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// updateFile writes a golden file unless the screenshot still looks like it, so fonts of another
// machine do not change it.
func updateFile(path string, screenshot []byte) error {
	if compareFile(path, screenshot) == nil {
		return nil
	}
	picture, err := png.Decode(bytes.NewReader(screenshot))
	if err != nil {
		return err
	}
	var golden bytes.Buffer
	if err := png.Encode(&golden, shrink(picture)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, golden.Bytes(), 0o644)
}

// keep writes a screenshot into the temporary directory and returns its path.
func keep(name string, picture []byte) string {
	dir, err := os.MkdirTemp("", "screenshot")
	if err != nil {
		return err.Error()
	}
	path := filepath.Join(dir, name+".png")
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		return err.Error()
	}
	return path
}
