package icon_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"runtime"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/icon"
)

var (
	teal = color.NRGBA{0x0a, 0x5f, 0x63, 0xff}
	half = color.NRGBA{0x0a, 0x5f, 0x63, 0x80}
	red  = color.NRGBA{0xff, 0, 0, 0xff}
)

func TestOwnIcon(t *testing.T) {
	t.Run("is accepted", func(t *testing.T) {
		if err := icon.Check(icon.PNG()); err != nil {
			t.Error(err)
		}
	})
	t.Run("has 230x230 pixels", func(t *testing.T) {
		if got := decode(t, icon.PNG()).Bounds(); got != image.Rect(0, 0, 230, 230) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("has a border of the brand color", func(t *testing.T) {
		if hex, uniform := icon.Border(icon.PNG()); (hex != icon.BrandColor) || !uniform {
			t.Errorf("got %s, uniform %v, want %s", hex, uniform, icon.BrandColor)
		}
	})
	t.Run("does not change with a copy", func(t *testing.T) {
		clear(icon.PNG())
		if icon.PNG()[0] != 0x89 {
			t.Error("PNG returns shared bytes")
		}
	})
}

func TestCheck(t *testing.T) {
	medium := image.Rect(0, 0, 128, 128)
	palette := func(c color.Color) image.Image { return image.NewPaletted(medium, []color.Color{c}) }
	good, small := encode(t, square(230, teal)), encode(t, square(99, teal))
	tests := map[string]struct {
		data []byte
		want string // a part of the error, or empty
	}{
		"accepts_230x230":                 {good, ""},
		"accepts_100x100":                 {encode(t, square(100, teal)), ""},
		"accepts_a_palette":               {encode(t, palette(teal)), ""},
		"accepts_gray":                    {encode(t, image.NewGray(medium)), ""},
		"rejects_an_empty_file":           {nil, "not a readable PNG file"},
		"rejects_a_JPEG":                  {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), "not a readable PNG file"},
		"rejects_an_SVG":                  {[]byte("<svg/>"), "not a readable PNG file"},
		"rejects_half_a_header":           {good[:20], "not a readable PNG file"},
		"rejects_a_file_cut_short":        {good[:len(good)-20], "damaged"},
		"rejects_a_changed_byte":          {changed(good, len(good)-20), "damaged"},
		"rejects_99x99":                   {small, "99x99 pixels, want a square of 100x100 to 230x230"},
		"rejects_231x231":                 {encode(t, square(231, teal)), "231x231 pixels"},
		"rejects_300x300":                 {encode(t, square(300, teal)), "300x300 pixels"},
		"rejects_100x200":                 {encode(t, filled(image.Rect(0, 0, 100, 200), teal)), "100x200 pixels"},
		"rejects_transparent_pixels":      {encode(t, square(230, half)), "transparent"},
		"rejects_one_transparent_pixel":   {encode(t, withPixel(square(230, teal), 115, 115, half)), "transparent"},
		"rejects_a_transparent_palette":   {encode(t, palette(half)), "transparent"},
		"rejects_a_header_of_20000x20000": {header(20000, 20000), "20000x20000 pixels"},
		"rejects_a_header_of_2_gigabytes": {header(1<<31-1, 1<<31-1), "the icon"},
		"rejects_more_than_64_KiB":        {append(bytes.Clone(good), make([]byte, 64<<10)...), "want at most 65536"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := icon.Check(test.data)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if (err == nil) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// TestCheckAllocatesLittle checks that a header's dimensions are judged before memory is taken for
// them: 20000x20000 pixels would take 1.6 GB.
func TestCheckAllocatesLittle(t *testing.T) {
	bomb := header(20000, 20000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_ = icon.Check(bomb)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes, want at most 1 MiB", got)
	}
}

func TestBorder(t *testing.T) {
	tests := map[string]struct {
		img     image.Image
		hex     string
		uniform bool
	}{
		"uniform":                           {square(100, teal), "#0a5f63", true},
		"ignores_the_middle":                {withPixel(square(100, teal), 1, 1, red), "#0a5f63", true},
		"finds_a_pixel_in_the_top_row":      {withPixel(square(100, teal), 50, 0, red), "#0a5f63", false},
		"finds_a_pixel_in_the_bottom_row":   {withPixel(square(100, teal), 50, 99, red), "#0a5f63", false},
		"finds_a_pixel_in_the_left_column":  {withPixel(square(100, teal), 0, 50, red), "#0a5f63", false},
		"finds_a_pixel_in_the_right_column": {withPixel(square(100, teal), 99, 50, red), "#0a5f63", false},
		"finds_the_last_corner":             {withPixel(square(100, teal), 99, 99, red), "#0a5f63", false},
		"is_empty_if_Check_fails":           {square(99, teal), "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			hex, uniform := icon.Border(encode(t, test.img))
			if (hex != test.hex) || (uniform != test.uniform) {
				t.Errorf("got %q, %v, want %q, %v", hex, uniform, test.hex, test.uniform)
			}
		})
	}
}

func square(side int, c color.Color) *image.NRGBA { return filled(image.Rect(0, 0, side, side), c) }

func filled(bounds image.Rectangle, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(bounds)
	draw.Draw(img, bounds, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func withPixel(img *image.NRGBA, x, y int, c color.Color) *image.NRGBA {
	img.Set(x, y, c)
	return img
}

// changed returns a copy of data with another byte at i.
func changed(data []byte, i int) []byte {
	data = bytes.Clone(data)
	data[i] ^= 0xff
	return data
}

// header returns a PNG file that ends after its header.
func header(width, height uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 8, 6, 0, 0, 0) // 8 bits, with an alpha channel
	file := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), uint32(len(chunk)-4))
	return binary.BigEndian.AppendUint32(append(file, chunk...), crc32.ChecksumIEEE(chunk))
}

func encode(t *testing.T, img image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
