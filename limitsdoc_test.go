package allauth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/ratelimit"
)

// The page about limits lists each action with its default.
func TestTheLimitsAreDocumented(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/limits.md")
	byLink, byCode := ratelimit.Defaults(false), ratelimit.Defaults(true)
	for action := range byLink {
		want := "| `" + action + "` | `" + text(byLink[action]) + "`"
		if other := text(byCode[action]); other != text(byLink[action]) {
			want += "; by code `" + other + "`"
		}
		if !strings.Contains(page, want+" |") {
			t.Errorf("docs/limits.md does not say %q", want)
		}
	}
	if rows := strings.Count(page, "\n| `"); rows != len(byLink) {
		t.Errorf("docs/limits.md has %d actions, there are %d", rows, len(byLink))
	}
}

// text returns rates in the form of the page.
func text(rates []ratelimit.Rate) string {
	var parts []string
	for _, r := range rates {
		per := fmt.Sprintf("%.0fs", r.Per.Seconds())
		if short, ok := map[string]string{"60s": "m", "3600s": "h", "86400s": "d"}[per]; ok {
			per = short
		}
		parts = append(parts, fmt.Sprintf("%d/%s/%s", r.Amount, per, r.Scope))
	}
	return strings.Join(parts, ",")
}
