package locale

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"

	"github.com/allauth-go/allauth/authn"
)

// anyField stands for the fields for which a problem has no text of its own.
const anyField = "*"

// texts is the content of texts.json.
type texts struct {
	// Time is the layout of times, see package time.
	Time string `json:"time"`
	// Browser has the names of a browser and its system: "%s on %s".
	Browser string `json:"browser"`
	// UnknownBrowser stands for a browser that is not recognized.
	UnknownBrowser string `json:"unknown_browser"`
	// Durations are the texts of a number of minutes, hours and days by plural form, see
	// forms.
	Durations map[string]map[string]string `json:"durations"`
	// Problems are the texts of problems by code and field. They say what to do; clients
	// go by the code.
	Problems map[string]map[string]string `json:"problems"`
}

// forms are the names of plural forms, as in the CLDR.
var forms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// parseTexts reads a file whose texts replace others. Returns an error if one of its texts
// takes other values than the text that it replaces.
func parseTexts(content []byte, replaced texts) (t texts, err error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return t, err
	}
	if t.Browser != "" && strings.Count(t.Browser, "%s") != 2 {
		return t, fmt.Errorf("browser is %q; use %%s for the browser and %%s for the system", t.Browser)
	}
	for unit, words := range t.Durations {
		if replaced.Durations != nil && replaced.Durations[unit] == nil {
			return t, fmt.Errorf("durations has %q; use minute, hour and day", unit)
		}
		if words["other"] == "" {
			return t, fmt.Errorf("durations.%s has no text for other, the form of all numbers without a form of their own", unit)
		}
		for form, text := range words {
			if strings.Count(text, "%d") != 1 {
				return t, fmt.Errorf("durations.%s.%s is %q; use %%d once, for the number", unit, form, text)
			}
		}
	}
	for code, fields := range t.Problems {
		for field, text := range fields {
			old := cmp.Or(replaced.Problems[code][field], replaced.Problems[code][anyField])
			if old != "" && strings.Count(old, "%d") != strings.Count(text, "%d") {
				return t, fmt.Errorf("problems.%s.%s is %q, but needs the number of %q", code, field, text, old)
			}
		}
	}
	return t, nil
}

// names returns the names of the texts.
func (t texts) names() []string {
	var names []string
	for _, one := range [][2]string{{"time", t.Time}, {"browser", t.Browser}, {"unknown_browser", t.UnknownBrowser}} {
		if one[1] != "" {
			names = append(names, one[0])
		}
	}
	for unit := range t.Durations {
		names = append(names, "durations."+unit)
	}
	for code, fields := range t.Problems {
		for field := range fields {
			names = append(names, "problems."+code+"."+field)
		}
	}
	return names
}

// replace replaces texts by those of another file.
func (t *texts) replace(by texts) {
	t.Time, t.Browser, t.UnknownBrowser = cmp.Or(by.Time, t.Time), cmp.Or(by.Browser, t.Browser), cmp.Or(by.UnknownBrowser, t.UnknownBrowser)
	t.Durations, t.Problems = maps.Clone(t.Durations), maps.Clone(t.Problems)
	if t.Durations == nil {
		t.Durations, t.Problems = map[string]map[string]string{}, map[string]map[string]string{}
	}
	maps.Copy(t.Durations, by.Durations)
	for code, fields := range by.Problems {
		merged := maps.Clone(fields)
		for field, text := range t.Problems[code] {
			if merged[field] == "" {
				merged[field] = text
			}
		}
		t.Problems[code] = merged
	}
}

// Problem returns the text of a problem: its Message, or else the text of its code and
// field. It is empty for a code without a text.
func (l *Locale) Problem(e *authn.Error) string {
	fields := l.texts.Problems[e.Code]
	text := cmp.Or(e.Message, fields[e.Param], fields[anyField])
	if e.Message == "" && text != "" && len(e.Args) > 0 {
		text = fmt.Sprintf(text, e.Args...)
	}
	return text
}

// Duration returns a duration in words, such as "15 minutes". It is rounded to minutes,
// and from two hours and two days on to hours and days.
func (l *Locale) Duration(d time.Duration) string {
	count, unit := max(int(d.Round(time.Minute)/time.Minute), 1), "minute"
	switch {
	case count >= 48*60:
		count, unit = count/(24*60), "day"
	case count >= 120:
		count, unit = count/60, "hour"
	}
	words := l.texts.Durations[unit]
	return fmt.Sprintf(cmp.Or(words[l.form(count)], words["other"]), count)
}

// form returns the plural form of a whole number.
func (l *Locale) form(count int) string {
	return forms[plural.Cardinal.MatchPlural(l.tag, count%10_000_000, 0, 0, 0, 0)]
}

// Time returns a time in UTC.
func (l *Locale) Time(t time.Time) string { return t.UTC().Format(l.texts.Time) }

// Browser returns the browser and the system of a User-Agent header in words, such as
// "Firefox on Windows".
func (l *Locale) Browser(userAgent string) string {
	browser, system := browserOf(userAgent)
	switch {
	case browser != "" && system != "":
		return fmt.Sprintf(l.texts.Browser, browser, system)
	case browser == "" && system == "":
		return l.texts.UnknownBrowser
	}
	return browser + system
}
