package mfa

import (
	"crypto/hmac"
	"crypto/sha1"
	"fmt"
	"math/big"
	"time"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// Imported is an authenticator that a user has in another system. Exactly one of
// Secret, Codes and Key is set.
type Imported struct {
	// Secret is that of an authenticator app, in base32. Its codes have the
	// digits and the period of Config.
	Secret string
	// Codes is a set of recovery codes.
	Codes []RecoveryCode
	// Key is a security key or passkey, see webauthn.ImportCredential, Name what
	// its user calls it (empty: one is chosen), and SignCount its signature
	// counter, zero if it is not known.
	Key       *webauthn.Credential
	Name      string
	SignCount uint32
	// CreatedAt is when it was added there. Zero: now. LastUsedAt is zero if it
	// was never used, or nobody knows.
	CreatedAt, LastUsedAt time.Time
}

// RecoveryCode is one code of a set.
type RecoveryCode struct {
	Code string `json:"code"`
	Used bool   `json:"used,omitempty"`
}

// DjangoRecoveryCodes computes the recovery codes that django-allauth keeps as a
// seed and a mask of those that were used. count and digits are its settings
// RECOVERY_CODE_COUNT and RECOVERY_CODE_DIGITS. Sets that were migrated there
// are lists of codes, which need no computing.
func DjangoRecoveryCodes(seed string, usedMask *big.Int, count, digits int) ([]RecoveryCode, error) {
	if count < 1 || count > 999 || digits < 2 || digits > 40 {
		return nil, fmt.Errorf("mfa: %d recovery codes of %d digits can not be computed", count, digits)
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	mac := hmac.New(sha1.New, []byte(seed))
	codes := make([]RecoveryCode, count)
	for i := range codes {
		_, _ = fmt.Fprintf(mac, "%3d,", i) // a hash takes everything
		n := new(big.Int).SetBytes(mac.Sum(nil)[:min(digits/2, sha1.Size)])
		codes[i] = RecoveryCode{Code: fmt.Sprintf("%0*d", digits, n.Mod(n, limit)), Used: usedMask.Bit(i) == 1}
	}
	return codes, nil
}
