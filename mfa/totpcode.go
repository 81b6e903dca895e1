package mfa

import (
	"crypto/subtle"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/allauth-go/allauth/internal/flow"
)

// totpApp is an authenticator app as it is kept. Its digits and period stay
// what they were when the app learned of them.
type totpApp struct {
	Secret string `json:"secret"`
	Digits int    `json:"digits"`
	Period int64  `json:"period"` // in seconds
}

func (s *Service) newApp(secret string) *totpApp {
	return &totpApp{Secret: secret, Digits: s.cfg.TOTPDigits, Period: int64(s.cfg.TOTPPeriod / time.Second)}
}

// match returns the time step that the code belongs to, if it is one of those
// around now and later than last (RFC 6238 §5.2).
func (a *totpApp) match(code string, now time.Time, tolerance int, last int64) (step int64, ok bool) {
	current := now.Unix() / a.Period
	for s := current - int64(tolerance); s <= current+int64(tolerance); s++ {
		expected, err := a.code(s)
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(expected), []byte(code)) == 1 && s > last && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// code computes the code of a time step (RFC 4226 §5.3).
func (a *totpApp) code(step int64) (string, error) {
	return hotp.GenerateCodeCustom(a.Secret, uint64(step), hotp.ValidateOpts{Digits: otp.Digits(a.Digits), Algorithm: otp.AlgorithmSHA1})
}

// totpURL is the address that authenticator apps read from QR codes (Key Uri
// Format of Google Authenticator). What an app assumes by itself is left out.
func (s *Service) totpURL(id *flow.Identity, a *totpApp) string {
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
