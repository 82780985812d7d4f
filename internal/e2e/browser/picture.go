package browser

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// block is the size of the squares that shrink replaces by their means, and region the size of the
// squares of blocks that compare looks at.
const (
	block  = 32
	region = 4
)

// tolerance is the difference of the means of a region, of 255, that other fonts explain. Measured
// with a page of text and tables, other proportional fonts of the same size reach 9, a fixed-width
// font 14, and a missing panel or table 23.
const tolerance = 18

// shrink returns a picture that has one pixel for each block, with its mean color.
func shrink(from image.Image) *image.RGBA {
	size := from.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, ceil(size.Dx(), block), ceil(size.Dy(), block)))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			square := image.Rect(x*block, y*block, (x+1)*block, (y+1)*block).Add(size.Min)
			m := mean(from, square)
			to.SetRGBA(x, y, color.RGBA{round(m[0]), round(m[1]), round(m[2]), 255})
		}
	}
	return to
}

// compare returns an error if two small pictures do not have the same size or differ by more than
// other fonts explain.
func compare(want, got image.Image) error {
	size := want.Bounds().Size()
	if got.Bounds().Size() != size {
		return fmt.Errorf("the size is %v blocks, want %v", got.Bounds().Size(), size)
	}
	for y := 0; y < size.Y; y += region {
		for x := 0; x < size.X; x += region {
			if d := difference(want, got, image.Rect(x, y, x+region, y+region)); d > tolerance {
				return fmt.Errorf("the colors at %d,%d differ by %.1f of 255, more than %d",
					x*block, y*block, d, tolerance)
			}
		}
	}
	return nil
}

// difference returns by how much the means of a part of two pictures differ in the worst of the
// colors.
func difference(a, b image.Image, part image.Rectangle) float64 {
	m, n := mean(a, part.Add(a.Bounds().Min)), mean(b, part.Add(b.Bounds().Min))
	return max(math.Abs(m[0]-n[0]), math.Abs(m[1]-n[1]), math.Abs(m[2]-n[2]))
}

// mean returns the means of red, green and blue, from 0 to 255, in a part of a picture.
func mean(of image.Image, part image.Rectangle) [3]float64 {
	part = part.Intersect(of.Bounds())
	var sum [3]float64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			r, g, b, _ := of.At(x, y).RGBA()
			sum[0] += float64(r)
			sum[1] += float64(g)
			sum[2] += float64(b)
		}
	}
	n := float64(part.Dx()*part.Dy()) * 257
	return [3]float64{sum[0] / n, sum[1] / n, sum[2] / n}
}

func round(v float64) uint8 { return uint8(math.Round(v)) }

// ceil divides and rounds up.
func ceil(a, b int) int { return (a + b - 1) / b }
