package factors

import (
	"cmp"
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

// totpApp is the stored secret of an authenticator app, with the digits and period that
// were configured when the app was set up.
type totpApp struct {
	Secret string `json:"secret"`
	Digits int    `json:"digits"`
	Period int64  `json:"period"` // in seconds
	// Used are the time steps after the row's Counter whose codes were accepted, in
	// ascending order.
	Used []int64 `json:"used,omitempty"`
}

// maxUsedSteps is the maximum length of totpApp.Used: two hours with a code every 30
// seconds.
const maxUsedSteps = 256

func (s *Service) newApp(secret string) *totpApp {
	return &totpApp{Secret: secret, Digits: s.cfg.TOTPDigits, Period: int64(s.cfg.TOTPPeriod / time.Second)}
}

// hasFormat reports whether a normalized code has the length and digits of the app's
// codes.
func (a *totpApp) hasFormat(code string) bool {
	return len(code) == a.Digits && isNumber(code)
}

// isNumber reports whether a normalized code consists of digits.
func isNumber(code string) bool { return strings.Trim(code, "0123456789") == "" }

// accept reports whether the code belongs to a time step around now that is later than
// used and was not accepted before (RFC 6238 §5.2), and adds the step to Used. Each
// step is remembered by itself: after the clock was set back, used codes stay refused
// and unused ones are still accepted. It returns the step up to which all codes are
// refused from now on: used, or a later one if Used is full.
func (a *totpApp) accept(code string, now time.Time, tolerance int, used int64) (int64, bool) {
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

// code returns the code of a time step (RFC 4226 §5.3).
func (a *totpApp) code(step int64) (string, error) {
	return hotp.GenerateCodeCustom(a.Secret, uint64(step), hotp.ValidateOpts{Digits: otp.Digits(a.Digits), Algorithm: otp.AlgorithmSHA1})
}

// totpURL returns the URL that authenticator apps read from QR codes (Key Uri Format of
// Google Authenticator). Digits and period are left out if they are the default of
// apps.
func (s *Service) totpURL(id *login.Identity, a *totpApp) string {
	label := cmp.Or(id.Email, id.User.Username, id.User.ID)
	issuer := cmp.Or(s.cfg.Issuer, s.options.SiteName)
	address := "otpauth://totp/" + escape(label) + "?secret=" + a.Secret + "&issuer=" + escape(issuer)
	if a.Digits != 6 {
		address += "&digits=" + strconv.Itoa(a.Digits)
	}
	if a.Period != 30 {
		address += "&period=" + strconv.FormatInt(a.Period, 10)
	}
	return address
}

// escape is url.QueryEscape, but with %20 for a space, because some apps do not decode
// a plus sign.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
