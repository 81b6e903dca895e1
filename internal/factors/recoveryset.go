package factors

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"slices"

	"github.com/allauth-go/allauth/internal/typedcode"
	"github.com/allauth-go/allauth/mfa"
)

// recoverySet is the stored set of a user's recovery codes. It is encrypted and not
// hashed, because the owner may view the codes again.
type recoverySet struct {
	Codes []mfa.RecoveryCode `json:"codes"`
	// Viewed is true once the owner has seen the codes.
	Viewed bool `json:"viewed,omitempty"`
}

// Codes is a set of recovery codes as its owner sees it.
type Codes struct {
	mfa.Authenticator
	// Total and Unused are numbers of codes.
	Total, Unused int
	// Codes are the unused codes, in order. Nil means that they may not be shown.
	Codes []string
}

// viewOf returns a set as its owner sees it.
func viewOf(a mfa.Authenticator, set *recoverySet) *Codes {
	codes := &Codes{Authenticator: a, Total: len(set.Codes), Codes: []string{}}
	for _, c := range set.Codes {
		if !c.Used {
			codes.Codes = append(codes.Codes, c.Code)
		}
	}
	codes.Unused = len(codes.Codes)
	return codes
}

// newSet returns a set of distinct random codes.
func (s *Service) newSet() (*recoverySet, error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s.cfg.RecoveryCodeDigits)), nil)
	set := &recoverySet{}
	for len(set.Codes) < s.cfg.RecoveryCodeCount {
		n, err := rand.Int(s.deps.Rand, limit)
		if err != nil {
			return nil, fmt.Errorf("read random bytes: %w", err)
		}
		code := mfa.RecoveryCode{Code: fmt.Sprintf("%0*d", s.cfg.RecoveryCodeDigits, n)}
		if !slices.Contains(set.Codes, code) {
			set.Codes = append(set.Codes, code)
		}
	}
	return set, nil
}

// createSet generates and stores recovery codes. It runs in a transaction.
func (s *Service) createSet(ctx context.Context, userID string, viewed bool) (*mfa.Authenticator, *recoverySet, error) {
	set, err := s.newSet()
	if err != nil {
		return nil, nil, err
	}
	set.Viewed = viewed
	row := &mfa.Authenticator{UserID: userID, Type: mfa.RecoveryCodes, Claim: userClaim(mfa.RecoveryCodes, userID)}
	return row, set, s.create(ctx, row, set)
}

// matchRecoveryCode marks a normalized code as used. Returns errWrongCode if it is not
// an unused code of the set, errWrongFormat if no code of the set has its format.
func (s *Service) matchRecoveryCode(a *mfa.Authenticator, code string) error {
	var set recoverySet
	if err := s.open(a, &set); err != nil {
		return err
	}
	found, fits := -1, false
	for i, c := range set.Codes {
		one := typedcode.Normalize(c.Code)
		fits = fits || len(one) == len(code) && (isNumber(code) || !isNumber(one))
		if subtle.ConstantTimeCompare([]byte(one), []byte(code)) == 1 && !c.Used && found < 0 {
			found = i
		}
	}
	switch {
	case !fits:
		return errWrongFormat
	case found < 0:
		return errWrongCode
	}
	set.Codes[found].Used = true
	return s.seal(a, &set)
}
