package mfa

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// RecoveryCode is one code of a set.
type RecoveryCode struct {
	Code string `json:"code"`
	Used bool   `json:"used,omitempty"`
}

// recoverySet is a set of recovery codes as it is kept: encrypted, because its
// owner may look at it again.
type recoverySet struct {
	Codes []RecoveryCode `json:"codes"`
	// Viewed is true once the codes were shown.
	Viewed bool `json:"viewed,omitempty"`
}

// Codes is a set of recovery codes as its owner sees it.
type Codes struct {
	Authenticator
	// Total and Unused count the codes.
	Total, Unused int
	// Codes are those that are left, in their order. Nil where they are not
	// shown any more.
	Codes []string
}

func view(a Authenticator, set *recoverySet) *Codes {
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
		code := RecoveryCode{Code: fmt.Sprintf("%0*d", s.cfg.RecoveryCodeDigits, n)}
		if !slices.Contains(set.Codes, code) {
			set.Codes = append(set.Codes, code)
		}
	}
	return set, nil
}

// createSet stores new recovery codes; it runs in a transaction.
func (s *Service) createSet(ctx context.Context, userID string, viewed bool) (*Authenticator, *recoverySet, error) {
	set, err := s.newSet()
	if err != nil {
		return nil, nil, err
	}
	set.Viewed = viewed
	row := &Authenticator{UserID: userID, Type: RecoveryCodes, Claim: claimOf(RecoveryCodes, userID)}
	return row, set, s.create(ctx, row, set)
}

// ensureRecoveryCodes makes recovery codes for whoever is logged in unless there
// are some, and reports whether it did.
func (s *Service) ensureRecoveryCodes(ctx context.Context, sess *flow.Session) (bool, error) {
	if !s.cfg.Supports(RecoveryCodes) {
		return false, nil
	}
	row, _, err := s.createSet(ctx, sess.UserID(), false)
	if errors.Is(err, authn.ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sess.Emit(AuthenticatorAdded{UserID: row.UserID, ID: row.ID, Type: row.Type})
	return true, nil
}

// ViewRecoveryCodes shows the codes of whoever is logged in. authn.ErrNotFound
// if there are none.
func (s *Service) ViewRecoveryCodes(ctx context.Context, sess *flow.Session) (*Codes, error) {
	if !sess.Authenticated() {
		return nil, flow.ErrUnauthenticated
	}
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if find(rows, RecoveryCodes) == nil {
		return nil, authn.ErrNotFound
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return nil, err
	}
	var codes *Codes
	err = s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		codes, err = s.showSet(ctx, sess.UserID())
		return err
	})
	return codes, err
}

// showSet reads the codes and notes that they were shown; it runs in a
// transaction, so that only one of several callers is the first.
func (s *Service) showSet(ctx context.Context, userID string) (*Codes, error) {
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return nil, err
	}
	row := find(rows, RecoveryCodes)
	if row == nil {
		return nil, authn.ErrNotFound
	}
	var set recoverySet
	if err := s.open(row, &set); err != nil {
		return nil, err
	}
	codes := view(*row, &set)
	if set.Viewed {
		if s.cfg.RecoveryCodesShowOnce {
			codes.Codes = nil
		}
		return codes, nil
	}
	set.Viewed = true
	if err := s.seal(row, &set); err != nil {
		return nil, err
	}
	if err := s.store.UpdateAuthenticator(ctx, *row); err != nil {
		return nil, fmt.Errorf("update recovery codes: %w", err)
	}
	return codes, nil
}

// ResetRecoveryCodes makes new codes in place of those of whoever is logged in.
// authn.Errors if the user has no other authenticator.
func (s *Service) ResetRecoveryCodes(ctx context.Context, sess *flow.Session) (*Codes, error) {
	if !sess.Authenticated() {
		return nil, flow.ErrUnauthenticated
	}
	main, err := s.HasAuthenticators(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if !main {
		return nil, problems("", "cannot_generate_recovery_codes")
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return nil, err
	}
	var codes *Codes
	err = s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		codes, err = s.replaceSet(ctx, sess)
		return err
	})
	if errors.Is(err, authn.ErrConflict) || errors.Is(err, authn.ErrNotFound) {
		return nil, flow.ErrNotPending // another request did the same
	}
	return codes, err
}

func (s *Service) replaceSet(ctx context.Context, sess *flow.Session) (*Codes, error) {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(rows, isMain) {
		return nil, problems("", "cannot_generate_recovery_codes")
	}
	if old := find(rows, RecoveryCodes); old != nil {
		if err := s.store.DeleteAuthenticator(ctx, old.UserID, old.ID); err != nil {
			return nil, fmt.Errorf("delete recovery codes: %w", err)
		}
	}
	row, set, err := s.createSet(ctx, sess.UserID(), true)
	if err != nil {
		return nil, err
	}
	sess.Emit(AuthenticatorReset{UserID: row.UserID, ID: row.ID, Type: row.Type})
	return view(*row, set), s.notify(ctx, sess, "mfa/recovery_codes_generated", "")
}

// matchRecoveryCode reports whether the code is one of the set, and uses it up.
func (s *Service) matchRecoveryCode(a *Authenticator, code string) (bool, error) {
	var set recoverySet
	if err := s.open(a, &set); err != nil {
		return false, err
	}
	found := -1
	for i, c := range set.Codes {
		if subtle.ConstantTimeCompare([]byte(c.Code), []byte(code)) == 1 && !c.Used && found < 0 {
			found = i
		}
	}
	if found < 0 {
		return false, nil
	}
	set.Codes[found].Used = true
	return true, s.seal(a, &set)
}
