package ui_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/mfa"
)

// symbol is a QR code that the page has drawn.
type symbol struct {
	Size        int
	Dark, Fixed [][]bool
	Mask        int
}

var modulesInSVG = regexp.MustCompile(`M(\d+) (\d+)h1v1h-1z`)

// The codes of the pages have the same data as those of the server, which another library
// draws. Only the masks may differ, so they are removed.
func TestQRCodes(t *testing.T) {
	s := start(t, func(*allauth.Config) {})
	s.visit("/account/login")
	s.sees("Log in")
	for _, length := range []int{1, 13, 14, 26, 42, 62, 84, 106, 122, 152, 153, 180, 213, 251, 300, 334, 400, 450, 500, 560, 620, 666} {
		text := ("otpauth://totp/Example:ann@example.org?" + strings.Repeat("secret=jbswy3dpehpk3pxp&", 40))[:length]
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		got := evaluate[symbol](s, fmt.Sprintf(`import(document.querySelector('script[type=module]').src.replace('index.js', 'qr.js')).then(({encode}) => {
			const {size, dark, mask, fixed} = encode(%s);
			return {Size: size, Dark: dark, Fixed: fixed, Mask: mask};
		})`, quoted))
		picture, err := mfa.QRCodeSVG(text)
		if err != nil {
			t.Fatal(err)
		}
		want := make([][]bool, got.Size)
		for y := range want {
			want[y] = make([]bool, got.Size)
		}
		for _, module := range modulesInSVG.FindAllStringSubmatch(picture, -1) {
			x, _ := strconv.Atoi(module[1]) // the pattern has digits only
			y, _ := strconv.Atoi(module[2])
			if x-4 >= got.Size || y-4 >= got.Size {
				t.Fatalf("%d bytes: the code of the server is larger than %d", length, got.Size)
			}
			want[y-4][x-4] = true
		}
		if other := unmask(want, got.Fixed, maskOf(want)); !slices.EqualFunc(unmask(got.Dark, got.Fixed, got.Mask), other, slices.Equal) {
			t.Errorf("%d bytes: the data differs", length)
		}
		if got.Mask != maskOf(got.Dark) {
			t.Errorf("%d bytes: mask %d is drawn as %d", length, got.Mask, maskOf(got.Dark))
		}
	}
}

// maskOf reads the mask from the format bits beside the finder (ISO/IEC 18004 section 7.9).
func maskOf(dark [][]bool) int {
	mask := 0
	for i, at := range []int{2, 3, 4} { // bits 12, 11 and 10, at the column of that number
		if dark[8][at] {
			mask |= 4 >> i
		}
	}
	return mask ^ 0b101 // of the pattern 101010000010010
}

// unmask returns the data modules without the mask.
func unmask(dark, fixed [][]bool, mask int) [][]bool {
	masks := []func(x, y int) bool{
		func(x, y int) bool { return (x+y)%2 == 0 }, func(_, y int) bool { return y%2 == 0 },
		func(x, _ int) bool { return x%3 == 0 }, func(x, y int) bool { return (x+y)%3 == 0 },
		func(x, y int) bool { return (y/2+x/3)%2 == 0 }, func(x, y int) bool { return x*y%2+x*y%3 == 0 },
		func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 }, func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
	}
	plain := make([][]bool, len(dark))
	for y := range dark {
		plain[y] = make([]bool, len(dark))
		for x := range dark {
			plain[y][x] = !fixed[y][x] && dark[y][x] != masks[mask](x, y)
		}
	}
	return plain
}
