package icon_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	scale "golang.org/x/image/draw"

	"github.com/partner-center/connector/internal/icon"
)

// drawable are the elements of icon.svg and their attributes. Text and references are absent, since
// they would make the drawing depend on fonts and other files. Strokes are absent because the
// library that draws the icon does not scale their width with the viewBox.
var drawable = map[string][]string{
	"svg":    {"xmlns", "viewBox"},
	"g":      {"fill"},
	"rect":   {"x", "y", "width", "height", "fill"},
	"circle": {"cx", "cy", "r", "fill"},
	"path":   {"d", "fill"},
}

// TestDrawing checks the source of the icon.
func TestDrawing(t *testing.T) {
	shapes := readSVG(t)
	t.Run("has only plain shapes", func(t *testing.T) {
		for _, shape := range shapes {
			for name, value := range attributes(shape) {
				if !slices.Contains(drawable[shape.Name.Local], name) {
					t.Errorf("<%s> has %s=%q", shape.Name.Local, name, value)
				}
			}
		}
	})
	t.Run("begins with a background of the brand color", func(t *testing.T) {
		viewBox := map[string]string{"xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 32 32"}
		if got := attributes(shapes[0]); !maps.Equal(got, viewBox) {
			t.Errorf("<%s> has %v, want %v", shapes[0].Name.Local, got, viewBox)
		}
		background := map[string]string{"width": "32", "height": "32", "fill": icon.BrandColor}
		if got := attributes(shapes[1]); !maps.Equal(got, background) {
			t.Errorf("<%s> has %v, want %v", shapes[1].Name.Local, got, background)
		}
	})
	t.Run("contrasts with the background", func(t *testing.T) {
		colors := fills(shapes)[1:]
		if len(colors) == 0 {
			t.Fatal("the logo has no colors")
		}
		for _, fill := range colors {
			if got := contrast(parse(t, fill), parse(t, icon.BrandColor)); got < 4.5 {
				t.Errorf("%s has a contrast of %.2f, want at least 4.5", fill, got)
			}
		}
	})
}

// TestBrandColor checks the platform's rules:
// https://learn.microsoft.com/en-us/connectors/custom-connectors/certification-submission.
func TestBrandColor(t *testing.T) {
	if !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(icon.BrandColor) {
		t.Fatalf("%q is not #rrggbb in lower case", icon.BrandColor)
	}
	for taken, use := range map[string]string{
		"#ffffff": "white", "#007ee5": "the platform's default", "#da3b01": "independent publishers",
	} {
		if icon.BrandColor == taken {
			t.Errorf("%s stands for %s", taken, use)
		}
	}
	if got := contrast(parse(t, icon.BrandColor), color.White); got < 3 {
		t.Errorf("a contrast of %.2f to a white page, want at least 3", got)
	}
}

// TestLogoSize checks that the logo fills the middle 160 pixels.
func TestLogoSize(t *testing.T) {
	img, background := decode(t, icon.PNG()), parse(t, icon.BrandColor)
	var logo image.Rectangle
	for y := range 230 {
		for x := range 230 {
			if color.NRGBAModel.Convert(img.At(x, y)) != background {
				logo = logo.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if want := image.Rect(35, 35, 195, 195); logo != want {
		t.Errorf("got %v, want %v", logo, want)
	}
}

// TestReadableAt32Pixels checks that the shapes survive in the size of a list: the plug is one shape
// that reaches all customers, with three prongs, and the customers are apart from each other.
func TestReadableAt32Pixels(t *testing.T) {
	const side = 32
	colors := fills(readSVG(t))
	background, plug, customer := parse(t, colors[0]), parse(t, colors[1]), parse(t, colors[2])
	small := image.NewNRGBA(image.Rect(0, 0, side, side))
	box := scale.Kernel{Support: 0.5, At: func(float64) float64 { return 1 }}
	img := decode(t, icon.PNG())
	box.Scale(small, small.Bounds(), img, img.Bounds(), scale.Src, nil)

	readable := func(p image.Point) bool { return contrast(small.At(p.X, p.Y), background) >= 4.5 }
	isCustomer := func(p image.Point) bool {
		return readable(p) && (distance(small.At(p.X, p.Y), customer) < distance(small.At(p.X, p.Y), plug))
	}
	isPlug := func(p image.Point) bool { return readable(p) && !isCustomer(p) }
	corners := []image.Point{{-1, -1}, {1, -1}, {-1, 1}, {1, 1}}

	t.Run("all is connected", func(t *testing.T) {
		if got := areas(small.Bounds(), readable, sides); len(got) != 1 {
			t.Errorf("%d readable shapes, want 1", len(got))
		}
	})
	t.Run("the plug is one shape", func(t *testing.T) {
		if got := areas(small.Bounds(), isPlug, sides); (len(got) != 1) || (got[0] < 150) {
			t.Errorf("areas %v, want one of at least 150 pixels", got)
		}
	})
	t.Run("the customers are three shapes", func(t *testing.T) {
		got := areas(small.Bounds(), isCustomer, append(corners, sides...))
		if (len(got) != 3) || (slices.Min(got) < 20) {
			t.Errorf("areas %v, want three of at least 20 pixels", got)
		}
	})
	t.Run("the prongs are three bars", func(t *testing.T) {
		prongs := image.Rect(17, 0, 20, side)
		if got := areas(prongs, readable, append(corners, sides...)); (len(got) != 3) || (slices.Min(got) < 6) {
			t.Errorf("areas %v, want three of at least 6 pixels", got)
		}
	})
}

// sides are the neighbors of a pixel that share a side with it.
var sides = []image.Point{{0, -1}, {-1, 0}, {1, 0}, {0, 1}}

// areas returns the numbers of pixels of the connected shapes in bounds.
func areas(bounds image.Rectangle, belongs func(image.Point) bool, neighbors []image.Point) []int {
	var all []int
	seen := map[image.Point]bool{}
	var fill func(p image.Point) int
	fill = func(p image.Point) int {
		if !p.In(bounds) || seen[p] || !belongs(p) {
			return 0
		}
		seen[p] = true
		area := 1
		for _, n := range neighbors {
			area += fill(p.Add(n))
		}
		return area
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if area := fill(image.Pt(x, y)); area > 0 {
				all = append(all, area)
			}
		}
	}
	return all
}

// readSVG returns the elements of icon.svg. It fails unless the file is well-formed XML of these
// elements and of comments.
func readSVG(t *testing.T) []xml.StartElement {
	t.Helper()
	file, err := os.Open("icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var shapes []xml.StartElement
	decoder := xml.NewDecoder(file)
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return shapes
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if drawable[token.Name.Local] == nil {
				t.Errorf("icon.svg has <%s>", token.Name.Local)
			}
			shapes = append(shapes, token.Copy())
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" {
				t.Errorf("icon.svg has the text %q", token)
			}
		case xml.ProcInst, xml.Directive:
			t.Errorf("icon.svg has %v", token)
		}
	}
}

// fills returns the colors of shapes, each once, in the order of the file.
func fills(shapes []xml.StartElement) []string {
	var colors []string
	for _, shape := range shapes {
		if fill := attributes(shape)["fill"]; (fill != "") && !slices.Contains(colors, fill) {
			colors = append(colors, fill)
		}
	}
	return colors
}

func attributes(shape xml.StartElement) map[string]string {
	named := map[string]string{}
	for _, attribute := range shape.Attr {
		named[attribute.Name.Local] = attribute.Value
	}
	return named
}

func parse(t *testing.T, hex string) color.NRGBA {
	t.Helper()
	c := color.NRGBA{A: 0xff}
	if _, err := fmt.Sscanf(hex, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		t.Fatalf("%q: %v", hex, err)
	}
	return c
}

// contrast returns the contrast ratio of two colors: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio.
func contrast(a, b color.Color) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// linear returns the intensity of a channel of an sRGB color.
func linear(channel uint32) float64 {
	s := float64(channel) / 0xffff
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}

// distance returns the square of the distance of two colors in RGB.
func distance(a, b color.Color) float64 {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	r, g, u := float64(ar)-float64(br), float64(ag)-float64(bg), float64(ab)-float64(bb)
	return r*r + g*g + u*u
}
