// Command draw derives internal/icon/icon.png from icon.svg beside it. Run it with make generate, or
// as go run ./internal/icon/draw in the root of the module. The same Go version writes the same
// bytes. It accepts what its SVG library draws and fails on the rest.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
)

// side is the width and height of the icon, in pixels.
const side = 230

func main() {
	if err := run("internal/icon/icon.svg", "internal/icon/icon.png"); err != nil {
		fmt.Fprintln(os.Stderr, "draw:", err)
		os.Exit(1)
	}
}

// run writes the image in the file svg as the file to.
func run(svg, to string) error {
	source, err := os.ReadFile(svg)
	if err != nil {
		return err
	}
	img, err := rasterize(source)
	if err != nil {
		return fmt.Errorf("draw %s: %w", svg, err)
	}
	content, err := encode(img)
	if err != nil {
		return fmt.Errorf("encode %s: %w", to, err)
	}
	return os.WriteFile(to, content, 0o644)
}

// rasterize draws an SVG as a square of the icon's size.
func rasterize(svg []byte) (image.Image, error) {
	drawing, err := oksvg.ReadIconStream(bytes.NewReader(svg), oksvg.StrictErrorMode)
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	drawing.SetTarget(0, 0, side, side)
	drawing.Draw(rasterx.NewDasher(side, side, rasterx.NewScannerGV(side, side, img, img.Bounds())), 1)
	return img, nil
}

// encode returns img as a PNG file. The encoder omits the alpha channel of an opaque image.
func encode(img image.Image) ([]byte, error) {
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	var file bytes.Buffer
	if err := encoder.Encode(&file, img); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}
