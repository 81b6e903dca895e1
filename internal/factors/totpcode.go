package factors

import (
	"crypto/subtle"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/allauth-go/allauth/internal/login"
)

// totpApp is an authenticator app as it is kept. Its digits and period stay
// what they were when the app learned of them.
type totpApp struct {
	Secret string `json:"secret"`
	Digits int    `json:"digits"`
	Period int64  `json:"period"` // in seconds
	// Used are the time steps whose code was accepted, in ascending order and
	// later than the row's Counter.
	Used []int64 `json:"used,omitempty"`
}

// maxUsedSteps bounds totpApp.Used: two hours of a new code every 30 seconds.
const maxUsedSteps = 256

func (s *Service) newApp(secret string) *totpApp {
	return &totpApp{Secret: secret, Digits: s.cfg.TOTPDigits, Period: int64(s.cfg.TOTPPeriod / time.Second)}
}

// fits reports whether a normalized code looks like one of the app.
func (a *totpApp) fits(code string) bool {
	return len(code) == a.Digits && isNumber(code)
}

// isNumber reports whether a normalized code has digits only.
func isNumber(code string) bool { return strings.Trim(code, "0123456789") == "" }

// use accepts the code of a time step around now that is later than used and was
// not accepted before (RFC 6238 §5.2), and remembers the step. Steps are
// remembered one by one, so that a clock that was set back repeats no code and
// still leaves the user the others. Returns the step up to which all codes are
// refused from now on, which is used unless Used is full.
func (a *totpApp) use(code string, now time.Time, tolerance int, used int64) (int64, bool) {
	current := now.Unix() / a.Period
	step, ok := int64(0), false
	for s := current - int64(tolerance); s <= current+int64(tolerance); s++ {
		expected, err := a.code(s)
		if err != nil {
			return used, false
		}
		matches := subtle.ConstantTimeCompare([]byte(expected), []byte(code)) == 1
		if matches && s > used && !slices.Contains(a.Used, s) && !ok {
			step, ok = s, true
		}
	}
	if !ok {
		return used, false
	}
	a.Used = append(a.Used, step)
	slices.Sort(a.Used)
	if len(a.Used) > maxUsedSteps {
		used, a.Used = a.Used[0], a.Used[1:]
	}
	return used, true
}

// code computes the code of a time step (RFC 4226 §5.3).
func (a *totpApp) code(step int64) (string, error) {
	return hotp.GenerateCodeCustom(a.Secret, uint64(step), hotp.ValidateOpts{Digits: otp.Digits(a.Digits), Algorithm: otp.AlgorithmSHA1})
}

// totpURL is the address that authenticator apps read from QR codes (Key Uri
// Format of Google Authenticator). What an app assumes by itself is left out.
func (s *Service) totpURL(id *login.Identity, a *totpApp) string {
	label := id.Email
	if label == "" {
		label = id.User.Username
	}
	if label == "" {
		label = id.User.ID
	}
	issuer := s.cfg.Issuer
	if issuer == "" {
		issuer = s.options.SiteName
	}
	address := "otpauth://totp/" + escape(label) + "?secret=" + a.Secret + "&issuer=" + escape(issuer)
	if a.Digits != 6 {
		address += "&digits=" + strconv.Itoa(a.Digits)
	}
	if a.Period != 30 {
		address += "&period=" + strconv.FormatInt(a.Period, 10)
	}
	return address
}

// escape escapes everything but letters, digits and a few marks: some apps read
// a plus sign as it is.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
