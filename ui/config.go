package ui

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Config configures the pages. The zero value is complete.
type Config struct {
	// Path is where the handler is mounted. Empty: /account, where the mails link to. With
	// another path, set allauth.Config.Headless.FrontendURLs.
	Path string
	// Name is the name of the site in the head of the pages. Empty: allauth.Config.SiteName.
	Name string
	// Logo is the URL of an image that stands before the name: a path of this host, or
	// an https URL. Empty: none.
	Logo string
	// Accent and AccentDark are the colors of buttons and links, in the light and in the
	// dark scheme, like #3451d1. Each has a contrast of at least 4.5 to the background.
	// Empty: blue. An empty AccentDark with an Accent is a lighter shade of it.
	Accent, AccentDark string
	// CSS is added after the styles of the pages, which are in a cascade layer. It can set
	// the custom properties and style the parts that docs/ui.md lists. url() can load from
	// this host only.
	CSS string
	// Home is where users go after a login that has no target. Empty: the page of their
	// account.
	Home string
	// NextOrigins are the origins beside that of allauth.Config.BaseURL to which the
	// parameter next may lead after a login, like https://www.example.com.
	NextOrigins []string
	// Texts replace those of the pages, by language and name. The names are those of the
	// files in elements/texts. A language that is not built in falls back to English.
	Texts map[string]map[string]string
}

// defaultPath is where mails link to, see headless.FrontendURLs.
const defaultPath = "/account"

func (c Config) withDefaults(siteName string) Config {
	c.Path = strings.TrimSuffix(cmp.Or(c.Path, defaultPath), "/")
	c.Name = cmp.Or(c.Name, siteName)
	return c
}

var color = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// The backgrounds that Accent and AccentDark stand on, as in elements.css.
const (
	surface     = "#ffffff"
	surfaceDark = "#1b1d23"
	minContrast = 4.5 // WCAG 2.2, 1.4.3
)

func (c Config) validate() error {
	if !strings.HasPrefix(c.Path, "/") || c.Path == "" || (&url.URL{Path: c.Path}).EscapedPath() != c.Path {
		return fmt.Errorf("Path is %q; use a path like /account, without letters that need escapes", c.Path)
	}
	if c.Logo != "" {
		if u, err := url.Parse(c.Logo); err != nil || !isPath(u) && (u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("Logo is %q; use a path like /logo.svg, or an https URL", c.Logo)
		}
	}
	for _, shade := range []struct{ field, color, background string }{{"Accent", c.Accent, surface}, {"AccentDark", c.AccentDark, surfaceDark}} {
		if shade.color == "" {
			continue
		}
		if !color.MatchString(shade.color) {
			return fmt.Errorf("%s is %q; use a color like #3451d1", shade.field, shade.color)
		}
		if got := contrast(shade.color, shade.background); got < minContrast {
			return fmt.Errorf("%s is %s, which has a contrast of %.1f to the background %s; use a color with at least %.1f", shade.field, shade.color, got, shade.background, minContrast)
		}
	}
	if strings.Contains(strings.ToLower(c.CSS), "@import") {
		return fmt.Errorf("CSS has @import; write the rules here")
	}
	if c.Home != "" {
		if u, err := url.Parse(c.Home); err != nil || !isPath(u) && !slices.Contains(c.NextOrigins, u.Scheme+"://"+u.Host) {
			return fmt.Errorf("Home is %q; use a path like /, or a URL of one of NextOrigins", c.Home)
		}
	}
	for _, origin := range c.NextOrigins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("NextOrigins holds %q; use origins like https://www.example.com, without a path", origin)
		}
	}
	for _, language := range slices.Sorted(maps.Keys(c.Texts)) {
		for _, name := range slices.Sorted(maps.Keys(c.Texts[language])) {
			if _, ok := texts["en"][name]; !ok {
				return fmt.Errorf("Texts[%q] holds %q, which is no text of the pages; elements/texts/en.js lists them", language, name)
			}
		}
	}
	return nil
}

// isPath reports whether a URL is an absolute path of this host.
func isPath(u *url.URL) bool {
	return u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "/\\")
}

// theme returns the style sheet with the settings of the host.
func (c Config) theme() string {
	var b strings.Builder
	if c.Accent != "" || c.AccentDark != "" {
		accent := cmp.Or(c.Accent, "#3451d1")
		dark := cmp.Or(c.AccentDark, "color-mix(in srgb, "+accent+" 45%, #fff)")
		onDark := "#10131f"
		if c.AccentDark != "" {
			onDark = legible(c.AccentDark)
		}
		fmt.Fprintf(&b, ".allauth, .allauth-page {\n  --allauth-accent: light-dark(%s, %s);\n  --allauth-on-accent: light-dark(%s, %s);\n}\n", accent, dark, legible(accent), onDark)
	}
	b.WriteString(c.CSS)
	return b.String()
}

// legible returns the color of text on a background: black or white, whichever has more
// contrast.
func legible(background string) string {
	if contrast("#000000", background) > contrast("#ffffff", background) {
		return "#000"
	}
	return "#fff"
}

// contrast returns the contrast ratio of two colors (WCAG 2.2).
func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// luminance returns the relative luminance of a color like #3451d1 (WCAG 2.2).
func luminance(text string) float64 {
	total := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, _ := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8) // it is a color
		channel := float64(value) / 255
		if channel <= 0.04045 {
			total += weight * channel / 12.92
		} else {
			total += weight * math.Pow((channel+0.055)/1.055, 2.4)
		}
	}
	return total
}
