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

// recoverySet is a set of recovery codes as it is kept: encrypted, because its
// owner may look at it again.
type recoverySet struct {
	Codes []mfa.RecoveryCode `json:"codes"`
	// Viewed is true once the codes were shown.
	Viewed bool `json:"viewed,omitempty"`
}

// Codes is a set of recovery codes as its owner sees it.
type Codes struct {
	mfa.Authenticator
	// Total and Unused count the codes.
	Total, Unused int
	// Codes are those that are left, in their order. Nil where they are not
	// shown any more.
	Codes []string
}

func view(a mfa.Authenticator, set *recoverySet) *Codes {
	codes := &Codes{Authenticator: a, Total: len(set.Codes), Codes: []string{}}
	for _, c := range set.Codes {
		if !c.Used {
			codes.Codes = append(codes.Codes, c.Code)
		}
	}
	codes.Unused = len(codes.Codes)
	return codes
}

// newSet draws codes that differ from each other.
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

// createSet stores new recovery codes; it runs in a transaction.
func (s *Service) createSet(ctx context.Context, userID string, viewed bool) (*mfa.Authenticator, *recoverySet, error) {
	set, err := s.newSet()
	if err != nil {
		return nil, nil, err
	}
	set.Viewed = viewed
	row := &mfa.Authenticator{UserID: userID, Type: mfa.RecoveryCodes, Claim: claimOf(mfa.RecoveryCodes, userID)}
	return row, set, s.create(ctx, row, set)
}

// matchRecoveryCode uses up a normalized code of the set. errWrongCode if it is
// not one that is left, errMisshapen if the codes of the set look different.
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
		return errMisshapen
	case found < 0:
		return errWrongCode
	}
	set.Codes[found].Used = true
	return s.seal(a, &set)
}
