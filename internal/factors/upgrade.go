package factors

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// An upgrade gives a user who has just logged in with a password a passkey, which the
// browser creates without asking (conditional mediation, WebAuthn §5.1.3). Its response
// shows neither presence nor verification of the user, so that the passkey is silent: it
// is no second factor before it has logged its user in, with user verification.

const (
	// upgradePurpose is the purpose of the row that remembers an upgrade.
	upgradePurpose = "mfa.webauthn.upgraded"
	// upgradeAge is how long after a login with a password an upgrade is possible.
	upgradeAge = 5 * time.Minute
)

// upgradeOf names the upgrade that is possible in the session: that of the last login
// with a password. Returns work.ErrNotPending if there was none within upgradeAge.
func (s *Service) upgradeOf(sess *login.Session) ([]byte, error) {
	if !s.cfg.PasskeyUpgradeEnabled || !sess.Authenticated() {
		return nil, work.ErrNotPending
	}
	for _, m := range slices.Backward(sess.State.Methods) {
		if m.Name == "password" && !m.Reauthenticated && s.deps.Now().Sub(m.At).Abs() < upgradeAge {
			return []byte(sess.RowID + " " + strconv.FormatInt(m.At.UnixMicro(), 10)), nil
		}
	}
	return nil, work.ErrNotPending
}

// checkUpgrade returns work.ErrNotPending unless an upgrade is possible in the session,
// and none was made since the login.
func (s *Service) checkUpgrade(ctx context.Context, sess *login.Session) error {
	upgrade, err := s.upgradeOf(sess)
	if err != nil {
		return err
	}
	spent, err := s.codes.IsSpent(ctx, upgradePurpose, upgrade)
	if err == nil && spent {
		return work.ErrNotPending
	}
	return err
}

// spendUpgrade uses up the upgrade of the session. It runs in a transaction. Returns
// work.ErrNotPending to all but one of several callers.
func (s *Service) spendUpgrade(ctx context.Context, sess *login.Session) error {
	upgrade, err := s.upgradeOf(sess)
	if err != nil {
		return err
	}
	return s.codes.Spend(ctx, upgradePurpose, upgrade, 2*upgradeAge)
}

// announceUpgrade publishes the event and mails the owner about the passkey of an upgrade.
// Recovery codes follow once it is a second factor.
func (s *Service) announceUpgrade(ctx context.Context, sess *login.Session, a *mfa.Authenticator) error {
	work.Emit(ctx, a.UserID, mfa.AuthenticatorAdded{ID: a.ID, Type: a.Type, Upgrade: true})
	return s.notify(ctx, sess, "mfa/webauthn_added", a.Name)
}

// staysSilent reports whether the passkey of an upgrade stays silent after it has logged
// its user in: if they have an unverified address, with which an account cannot have
// authenticators. Otherwise the passkey becomes a second factor, the first one if first is
// true, and the user gets recovery codes. It runs in a transaction.
func (s *Service) staysSilent(ctx context.Context, userID string) (stays, first bool, err error) {
	if err := s.deps.Tx.LockUser(ctx, userID); err != nil {
		return false, false, fmt.Errorf("lock user: %w", err)
	}
	blocked, err := s.hasBlockingEmail(ctx, userID)
	if err != nil || blocked {
		return true, false, err
	}
	had, err := s.HasAuthenticators(ctx, userID)
	if err != nil {
		return false, false, err
	}
	_, err = s.ensureRecoveryCodes(ctx, userID)
	return false, !had, err
}
