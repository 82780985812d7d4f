package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// layout draws a light page with a dark bar at the top, a panel at the left, and lines of text that
// are indented by a number of pixels.
func layout(indent int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	fill(picture, picture.Rect, color.Gray{250})
	fill(picture, image.Rect(0, 0, 1280, 48), color.Gray{40})
	fill(picture, image.Rect(0, 48, 240, 800), color.Gray{225})
	for y := 100; y < 700; y += 24 {
		for x := 280 + indent; x < 1200; x += 12 {
			fill(picture, image.Rect(x, y, x+3, y+12), color.Gray{30})
		}
	}
	return picture
}

func fill(picture draw.Image, part image.Rectangle, with color.Color) {
	draw.Draw(picture, part, image.NewUniform(with), image.Point{}, draw.Src)
}

func TestCompare(t *testing.T) {
	tests := []struct {
		name string
		draw func() image.Image
		same bool
	}{
		{"same", func() image.Image { return layout(0) }, true},
		{"shifted text", func() image.Image { return layout(9) }, true},
		{"blank", func() image.Image {
			picture := layout(0)
			fill(picture, picture.Rect, color.Gray{250})
			return picture
		}, false},
		{"missing panel", func() image.Image {
			picture := layout(0)
			fill(picture, image.Rect(0, 48, 240, 800), color.Gray{250})
			return picture
		}, false},
		{"missing text", func() image.Image {
			picture := layout(0)
			fill(picture, image.Rect(280, 60, 1280, 400), color.Gray{250})
			return picture
		}, false},
		{"dark", func() image.Image {
			picture := layout(0)
			for i := range picture.Pix {
				if i%4 != 3 {
					picture.Pix[i] = 255 - picture.Pix[i]
				}
			}
			return picture
		}, false},
		{"other size", func() image.Image { return layout(0).SubImage(image.Rect(0, 0, 1280, 700)) }, false},
		{"other color", func() image.Image {
			picture := layout(0)
			fill(picture, image.Rect(0, 0, 1280, 48), color.RGBA{40, 40, 160, 255})
			return picture
		}, false},
	}
	want := shrink(layout(0))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := compare(want, shrink(test.draw())); (err == nil) != test.same {
				t.Errorf("compare returns %v", err)
			}
		})
	}
}

func TestShrink(t *testing.T) {
	picture := image.NewRGBA(image.Rect(10, 10, 10+40, 10+32))
	fill(picture, picture.Rect, color.White)
	fill(picture, image.Rect(10, 10, 10+16, 10+32), color.Black)
	small := shrink(picture)
	if small.Rect != image.Rect(0, 0, 2, 1) {
		t.Fatalf("the small picture is %v", small.Rect)
	}
	if a, b := small.RGBAAt(0, 0), small.RGBAAt(1, 0); (a.R != 128) || (b.R != 255) {
		t.Errorf("the blocks are %v and %v", a, b)
	}
}

// TestGoldenFile checks that a golden file is written once, kept while it is similar, and reported
// otherwise.
func TestGoldenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "screenshots", "page.png")
	similar, other := encode(t, layout(9)), encode(t, image.NewRGBA(image.Rect(0, 0, 1280, 800)))
	if err := compareFile(path, similar); err == nil {
		t.Error("a missing file is not reported")
	}
	if err := updateFile(path, encode(t, layout(0))); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := updateFile(path, similar); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) || (len(after) > 4096) {
		t.Errorf("the file was written again or is large: %d bytes, then %d", len(before), len(after))
	}
	if err := compareFile(path, similar); err != nil {
		t.Error(err)
	}
	if err := compareFile(path, other); err == nil {
		t.Error("another picture is not reported")
	}
}

func encode(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}
