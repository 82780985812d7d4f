// Package icon has the connector's own icon and checks an operator's. The icon is drawn by hand as
// icon.svg; the program in draw derives icon.png from it, which is committed and embedded. Check
// accepts what Power Platform takes as the icon of a custom connector. It bounds an image's
// dimensions before it decodes a pixel, so files from anywhere are safe to check. Whether the
// background is the brand color that a connector declares is left to callers, with Border.
package icon

import (
	"bytes"
	_ "embed" // for icon.png
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

//go:generate go run -C ../.. ./internal/icon/draw

// BrandColor is the background of the icon. A connector declares it as its iconBrandColor.
const BrandColor = "#0a5f63"

// The limits of an icon. Power Platform documents 230 pixels and a square shape:
// https://learn.microsoft.com/en-us/connectors/custom-connectors/certification-submission.
const (
	minSide  = 100
	maxSide  = 230
	maxBytes = 64 << 10 // Bicep reads files of up to 96 KB as text
)

//go:embed icon.png
var embedded string

// PNG returns a copy of the icon: 230x230 pixels, opaque, bordered by BrandColor.
func PNG() []byte { return []byte(embedded) }

// Check reports why data is not an icon that Power Platform takes: a PNG file of at most 64 KiB with
// a square, opaque image of 100 to 230 pixels a side.
func Check(data []byte) error {
	_, err := decode(data)
	return err
}

// Border returns the color of the outermost pixels as "#rrggbb", and reports whether they all have
// it. It returns "" and false if Check rejects data.
func Border(data []byte) (hex string, uniform bool) {
	img, err := decode(data)
	if err != nil {
		return "", false
	}
	bounds := img.Bounds()
	last := bounds.Max.Sub(image.Pt(1, 1))
	hex, uniform = hexAt(img, bounds.Min.X, bounds.Min.Y), true
	for i := range bounds.Dx() {
		x, y := bounds.Min.X+i, bounds.Min.Y+i
		uniform = uniform &&
			hexAt(img, x, bounds.Min.Y) == hex && hexAt(img, x, last.Y) == hex &&
			hexAt(img, bounds.Min.X, y) == hex && hexAt(img, last.X, y) == hex
	}
	return hex, uniform
}

// hexAt returns the color of an opaque pixel as "#rrggbb".
func hexAt(img image.Image, x, y int) string {
	c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// decode returns the image in data, or the error of Check.
func decode(data []byte) (image.Image, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("the icon has %d bytes, want at most %d", len(data), maxBytes)
	}
	// The header comes first: an image's memory depends on its dimensions, not on the file's size.
	header, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the icon is not a readable PNG file: %w", err)
	}
	if (header.Width != header.Height) || (header.Width < minSide) || (header.Width > maxSide) {
		return nil, fmt.Errorf("the icon has %dx%d pixels, want a square of %dx%d to %dx%d",
			header.Width, header.Height, minSide, minSide, maxSide, maxSide)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the icon is a damaged PNG file: %w", err)
	}
	// All types that png.Decode returns have the method.
	if o, ok := img.(interface{ Opaque() bool }); !ok || !o.Opaque() {
		return nil, errors.New("the icon has transparent pixels, want an opaque background")
	}
	return img, nil
}
