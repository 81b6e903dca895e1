package mfa

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quietZone is the width of the white margin that readers need, in modules
// (ISO/IEC 18004).
const quietZone = 4

// QRCodePNG draws the totp_url that sets up an authenticator app as a square PNG image of
// size × size pixels, for hosts that render their own pages. Returns an error if the URL is
// too long or size too small; 256 is enough.
func QRCodePNG(address string, size int) ([]byte, error) {
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("mfa: draw QR code: %w", err)
	}
	modules := code.Bounds().Dx()
	side := size / (modules + 2*quietZone) * modules // whole pixels per module
	code, err = barcode.Scale(code, side, side)
	if err != nil {
		return nil, fmt.Errorf("mfa: draw QR code: %w", err)
	}
	picture := image.NewGray(image.Rect(0, 0, size, size))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	margin := (size - side) / 2
	draw.Draw(picture, image.Rect(margin, margin, margin+side, margin+side), code, image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("mfa: draw QR code: %w", err)
	}
	return b.Bytes(), nil
}

// QRCodeSVG draws the totp_url that sets up an authenticator app as an SVG image that
// scales to any size. Returns an error if the URL is too long.
func QRCodeSVG(address string) (string, error) {
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("mfa: draw QR code: %w", err)
	}
	side := code.Bounds().Dx()
	var path strings.Builder
	for y := range side {
		for x := range side {
			if code.At(x, y) == color.Black {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	whole := side + 2*quietZone
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%[1]dv%[2]dh-%[1]dz"/><path d="%[3]s"/></svg>`, whole, whole, path.String()), nil
}
