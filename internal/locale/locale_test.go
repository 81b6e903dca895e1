package locale

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"github.com/allauth-go/allauth/authn"
)

// shipped are the languages of this module.
var shipped = []string{"en", "de", "fr", "es", "nl", "pl"}

func newSet(t testing.TB, languages ...string) *Set {
	t.Helper()
	s, err := New(nil, languages, "language")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// codes are the values of the constants of authn/code.
func codes(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../authn/code/code.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{"": true} // two email addresses that differ
	for line := range strings.Lines(string(text)) {
		if _, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			value, err := strconv.Unquote(value)
			if err != nil {
				t.Fatal(err)
			}
			found[value] = true
		}
	}
	return found
}

// Every language has every text, in words of its own, and every form of a plural.
func TestTheLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	entries, err := embedded.ReadDir("texts")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(shipped, e.Name()) {
			t.Errorf("%s is not tested", e.Name())
		}
	}
	known, all := codes(t), newSet(t, shipped...).All()
	english := all[0]
	if len(english.texts.Problems) < 50 {
		t.Errorf("%d codes", len(english.texts.Problems))
	}
	for _, l := range all {
		if len(l.Missing) > 0 {
			t.Errorf("%s lacks %v", l.Name, l.Missing)
		}
		for code, fields := range l.texts.Problems {
			if !known[code] {
				t.Errorf("%s: %q is no constant of authn/code", l.Name, code)
			}
			for field, text := range fields {
				if !strings.HasSuffix(text, ".") || !unicode.IsUpper([]rune(text)[0]) {
					t.Errorf("%s: %s of %s is no sentence: %q", l.Name, code, field, text)
				}
				if l != english && text == english.texts.Problems[code][field] {
					t.Errorf("%s: %s of %s is English: %q", l.Name, code, field, text)
				}
			}
		}
		for unit, words := range l.texts.Durations {
			for n := range 1000 {
				if form := l.form(n); words[form] == "" {
					t.Fatalf("%s: %d %s needs the form %q", l.Name, n, unit, form)
				}
			}
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{
		"en": "1 minute, 1 minute, 2 minutes, 15 minutes, 90 minutes, 2 hours, 24 hours, 3 days",
		"de": "1 Minute, 1 Minute, 2 Minuten, 15 Minuten, 90 Minuten, 2 Stunden, 24 Stunden, 3 Tage",
		"nl": "1 minuut, 1 minuut, 2 minuten, 15 minuten, 90 minuten, 2 uur, 24 uur, 3 dagen",
		"pl": "1 minutę, 1 minutę, 2 minuty, 15 minut, 90 minut, 2 godziny, 24 godziny, 3 dni",
	} {
		l := newSet(t, language).All()[0]
		var got []string
		for _, d := range []time.Duration{0, 80 * time.Second, 2 * time.Minute, 15 * time.Minute, 90 * time.Minute, 2 * time.Hour, 24 * time.Hour, 72*time.Hour + time.Minute} {
			got = append(got, l.Duration(d))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q", language, got)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	s := newSet(t, "en", "de", "pl", "pt-BR")
	user := func(setting string) *authn.User {
		return &authn.User{Extra: map[string]json.RawMessage{"language": json.RawMessage(setting)}}
	}
	for _, c := range []struct {
		user         *authn.User
		header, want string
	}{
		{nil, "", "en"},
		{nil, "de", "de"},
		{nil, "de-CH,de;q=0.9,en;q=0.8", "de"},
		{nil, "fr;q=0.9, pl;q=0.5", "pl"},
		{nil, "pl;q=0.4, de;q=0.5", "de"},
		{nil, "pt-PT", "pt-BR"},
		{nil, "ja, zh", "en"},
		{nil, "*", "en"},
		{nil, "!!! de", "en"},
		{nil, "de;q=x", "en"},
		{nil, strings.Repeat("ja,", 200) + "de", "en"},            // too long: the rest is not read
		{nil, "de," + strings.Repeat("x", 100_000), "de"},         // nor is half a tag
		{nil, strings.Repeat("-", 100_000), "en"},                 // no comma at all
		{user(`"pl"`), "de", "pl"},                                // the setting comes first
		{user(`"pl-PL"`), "de", "pl"},                             //
		{user(`"ja"`), "de", "de"},                                // a language that is not offered
		{user(`"` + strings.Repeat("p", 1000) + `"`), "de", "de"}, // no language
		{user(`7`), "de", "de"},                                   //
		{user(`null`), "", "en"},                                  //
		{&authn.User{}, "de", "de"},                               //
	} {
		if got := s.Choose(c.user, c.header); got.Name != c.want {
			t.Errorf("%v with %.40q: %s, want %s", c.user, c.header, got.Name, c.want)
		}
	}
	if got := newSet(t, "de").Choose(user(`"en"`), "en"); got.Name != "de" {
		t.Errorf("of one language %s", got.Name)
	}
}

func TestBrowsers(t *testing.T) {
	t.Parallel()
	l := newSet(t).All()[0]
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":   "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15":           "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0 Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                  "Chrome on ChromeOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                          "Firefox on Linux",
		"curl/8.5.0": "curl", "okhttp/4.12.0": "Android", "": "unknown", "evil.example/EVIL-1234": "unknown",
		strings.Repeat("x", 5000) + "Firefox/1": "unknown",
	} {
		if got := l.Browser(agent); got != want {
			t.Errorf("%.60q: %q, want %q", agent, got, want)
		}
	}
}

// A host adds a language, replaces texts and has codes of its own.
func TestFilesOfAHost(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"texts.json":    {Data: []byte(`{"problems": {"required": {"*": "Fill this in."}, "seats": {"*": "Only %d seats are left."}}}`)},
		"it/texts.json": {Data: []byte(`{"problems": {"required": {"*": "Questo campo è obbligatorio."}}}`)},
		"de/texts.json": {Data: []byte(`{"browser": "%s auf %s"}`)},
	}
	s, err := New(files, []string{"en", "it", "de-AT", "de"}, "")
	if err != nil {
		t.Fatal(err)
	}
	problem := func(i int, code, field string, args ...any) string {
		return s.All()[i].Problem(&authn.Error{Code: code, Param: field, Args: args})
	}
	for got, want := range map[string]string{
		problem(0, "required", "x"):                                         "Fill this in.",
		problem(1, "required", "x"):                                         "Questo campo è obbligatorio.",
		problem(1, "email_taken", ""):                                       newSet(t).All()[0].texts.Problems["email_taken"]["*"],
		problem(2, "required", ""):                                          "Dieses Feld ist erforderlich.",
		problem(0, "seats", "", 3):                                          "Only 3 seats are left.",
		problem(0, "password_too_short", "", 8):                             "Choose a password of at least 8 characters.",
		problem(0, "nothing", "", 8):                                        "",
		s.All()[3].Browser("Firefox/1 (Windows)"):                           "Firefox auf Windows",
		s.All()[2].Browser("Firefox/1 (Windows)"):                           "Firefox unter Windows",
		s.All()[0].Problem(&authn.Error{Code: "required", Message: "Own."}): "Own.",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	italian := s.All()[1].Missing
	if slices.Contains(italian, "problems.required.*") || !slices.Contains(italian, "problems.email_taken.*") || !slices.Contains(italian, "durations.day") {
		t.Errorf("missing: %v", italian)
	}
	for i, l := range s.All() {
		if i != 1 && len(l.Missing) > 0 {
			t.Errorf("%s: %v", l.Name, l.Missing)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`{`:               "EOF",
		`{"problem": {}}`: `"problem"`,
		`{"problems": {"password_too_short": {"*": "Too short."}}}`: "needs the number",
		`{"problems": {"required": {"email": "%d of these."}}}`:     "needs the number",
		`{"browser": "%s"}`: "browser",
		`{"durations": {"week": {"other": "%d weeks"}}}`:               "use minute, hour and day",
		`{"durations": {"day": {"one": "%d day"}}}`:                    "other",
		`{"durations": {"day": {"one": "a day", "other": "%d days"}}}`: "%d once",
	} {
		_, err := New(fstest.MapFS{"de/texts.json": {Data: []byte(content)}}, []string{"de"}, "")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "de/texts.json") {
			t.Errorf("%s: %v", content, err)
		}
	}
	for name, languages := range map[string][]string{"Languages holds \"x\"": {"x"}, "twice": {"de", "de"}, "\"und\"": {"en", "und"}} {
		if _, err := New(nil, languages, ""); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v", languages, err)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	s := newSet(b, shipped...)
	b.ReportAllocs()
	for b.Loop() {
		s.Choose(nil, "pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7")
	}
}

func FuzzChoose(f *testing.F) {
	f.Add("de-CH,de;q=0.9", `"pl"`)
	f.Add("*;q=0", `{"a":1}`)
	s := newSet(f, shipped...)
	f.Fuzz(func(t *testing.T, header, setting string) {
		l := s.Choose(&authn.User{Extra: map[string]json.RawMessage{"language": json.RawMessage(setting)}}, header)
		if l == nil {
			t.Errorf("%q, %q", header, setting)
		}
	})
}
