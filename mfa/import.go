package mfa

import (
	"crypto/hmac"
	"crypto/sha1"
	"fmt"
	"math/big"
	"time"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// Imported is an authenticator of a user in another system. Exactly one of
// Secret, Codes and Key is set.
type Imported struct {
	// Secret is the secret of an authenticator app, in base32. Its codes have Digits
	// digits and change after Period. Zero: those of Config.
	Secret string
	Digits int
	Period time.Duration
	// Codes is a set of recovery codes.
	Codes []RecoveryCode
	// Key is a security key or passkey, see [webauthn.ImportCredential]. Name is
	// the user's name for it (empty: a name is chosen), and SignCount its
	// signature counter, zero if unknown.
	Key       *webauthn.Credential
	Name      string
	SignCount uint32
	// Unconfirmed is true for a Key that is the passkey of an upgrade and has not logged
	// its user in yet. It is no second factor before it does.
	Unconfirmed bool
	// CreatedAt is when the authenticator was added to the other system. Zero:
	// now. LastUsedAt is zero if it was never used, or if that is unknown.
	CreatedAt, LastUsedAt time.Time
}

// RecoveryCode is one code of a set.
type RecoveryCode struct {
	Code string `json:"code"`
	Used bool   `json:"used,omitempty"`
}

// DjangoRecoveryCodes computes the recovery codes that django-allauth stores as a
// seed and a mask of used codes. count and digits are its settings
// RECOVERY_CODE_COUNT and RECOVERY_CODE_DIGITS. Sets that were migrated to
// django-allauth are stored as lists of codes and need no computation.
func DjangoRecoveryCodes(seed string, usedMask *big.Int, count, digits int) ([]RecoveryCode, error) {
	if count < 1 || count > 999 || digits < 2 || digits > 40 {
		return nil, fmt.Errorf("mfa: %d recovery codes of %d digits cannot be computed", count, digits)
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	mac := hmac.New(sha1.New, []byte(seed))
	codes := make([]RecoveryCode, count)
	for i := range codes {
		_, _ = fmt.Fprintf(mac, "%3d,", i) // writing to a hash returns no error
		n := new(big.Int).SetBytes(mac.Sum(nil)[:min(digits/2, sha1.Size)])
		codes[i] = RecoveryCode{Code: fmt.Sprintf("%0*d", digits, n.Mod(n, limit)), Used: usedMask.Bit(i) == 1}
	}
	return codes, nil
}
