// Package idtoken checks the times of ID tokens (OpenID Connect Core 1.0, section 2). It
// limits how long a token is accepted, whatever its issuer says, and thereby how long a
// used token has to be remembered.
package idtoken

import (
	"encoding/json"
	"errors"
	"time"
)

const (
	// MaxAge is how long after its iat a token is accepted. The SDKs of Google and others
	// return the same token for an hour.
	MaxAge = time.Hour
	// ClockSkew is the accepted difference between the clocks of issuer and server.
	ClockSkew = time.Minute
)

// Check returns the time until which a token with those claims is accepted, ClockSkew
// included. Returns an error if the token is not accepted now: iat and exp are required,
// iat may be at most MaxAge ago, and neither iat nor nbf may be later than now. Numbers
// in claims are of type json.Number.
func Check(claims map[string]any, now time.Time) (until time.Time, err error) {
	issued, ok := date(claims["iat"])
	if !ok {
		return until, errors.New("iat is missing or not a date")
	}
	expires, ok := date(claims["exp"])
	if !ok {
		return until, errors.New("exp is missing or not a date")
	}
	if claims["nbf"] != nil {
		if begins, ok := date(claims["nbf"]); !ok || begins.After(now.Add(ClockSkew)) {
			return until, errors.New("nbf is not a date, or later than now")
		}
	}
	until = issued.Add(MaxAge)
	if expires.Before(until) {
		until = expires
	}
	until = until.Add(ClockSkew)
	switch {
	case issued.After(now.Add(ClockSkew)):
		return until, errors.New("iat is later than now")
	case now.After(until):
		return until, errors.New("expired, or issued more than an hour ago")
	}
	return until, nil
}

// maxSeconds is the end of the year 9999.
const maxSeconds = 253402300799

// date returns the time of a NumericDate (RFC 7519 section 2), and false if it is
// invalid.
func date(claim any) (time.Time, bool) {
	number, _ := claim.(json.Number)
	seconds, err := number.Float64()
	if err != nil || !(seconds >= 0 && seconds <= maxSeconds) {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
