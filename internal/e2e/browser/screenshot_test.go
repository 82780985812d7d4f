package browser_test

import (
	"bytes"
	"image/png"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

func TestScreenshot(t *testing.T) {
	tier.Full(t)
	p := open(t, site{body: `<div></div>`, style: `body { margin: 0 } div { height: 2000px }`})
	for _, test := range []struct {
		name   string
		data   []byte
		height int
	}{{"viewport", p.Screenshot(), 800}, {"document", p.FullScreenshot(), 2000}} {
		picture, err := png.Decode(bytes.NewReader(test.data))
		if err != nil {
			t.Fatal(err)
		}
		size := picture.Bounds().Size()
		if (size.X != 1280) || (size.Y < test.height) || (size.Y > test.height+100) {
			t.Errorf("the picture of the %s is %v", test.name, size)
		}
	}
}

// TestCompareScreenshot checks that a page looks like its golden file, and that the file is small.
func TestCompareScreenshot(t *testing.T) {
	tier.Full(t)
	address := serve(t, site{
		body:  `<div class="bar">Bar</div><div class="panel">Panel</div><p>Text</p>`,
		style: `.bar { background: #024; color: #fff } .panel { background: #ddd; width: 300px; height: 400px }`,
	})
	p := browser.Start(t).Open(t, address, browser.Options{})
	p.CompareScreenshot("sample")
}
