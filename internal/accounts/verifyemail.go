package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// EnterVerifyEmail implements the stage verify_email, which waits until the address is
// verified. If the account has no address that the user can verify, it waits until the
// user gives one.
func (s *Service) EnterVerifyEmail(ctx context.Context, _ *login.Session, l *login.Attempt) (login.Verdict, error) {
	ctx = work.AcceptEarlier(ctx)
	switch s.verificationOf(l) {
	case authn.VerificationNone:
		return login.Pass, nil
	case authn.VerificationOptional:
		return login.Pass, s.mailAtOptionalSignup(ctx, l)
	}
	if l.UserID == "" {
		if _, err := s.emailsOf(ctx, ""); err != nil {
			return login.Abort, err
		}
		return login.Wait, s.awaitEmail(ctx, l, account.EmailAddress{Email: l.Email})
	}
	given, verified, err := s.resumeGivenEmail(ctx, l)
	switch {
	case err != nil:
		return login.Abort, err
	case verified:
		return login.Pass, nil
	case given:
		return login.Wait, nil
	}
	address, verified, err := s.awaitedAddress(ctx, l)
	if err != nil {
		return login.Abort, err
	}
	if verified {
		return login.Pass, nil
	}
	taken := false
	if address.Email != "" && !l.Signup { // a sign-up has just checked it
		if taken, err = s.isTaken(ctx, l.UserID, address.Email); err != nil {
			return login.Abort, err
		}
	}
	if address.Email == "" || taken {
		l.Notes.EmailVerification = ""
		return login.Wait, nil
	}
	return login.Wait, s.awaitEmail(ctx, l, address)
}

// awaitedAddress returns the address that the user has to verify, if the account has one:
// that with which the user logs in, or else any. verified is true if it is verified
// already. Another user may have verified the returned address.
func (s *Service) awaitedAddress(ctx context.Context, l *login.Attempt) (address account.EmailAddress, verified bool, err error) {
	emails, err := s.emailsOf(ctx, l.UserID)
	if err != nil {
		return account.EmailAddress{}, false, err
	}
	address, found := findEmail(emails, l.Email)
	if address.Verified || l.Email == "" && anyVerified(emails) {
		return account.EmailAddress{}, true, nil
	}
	if !found {
		address = primary(emails)
	}
	return address, false, nil
}

// verificationOf returns the rule for this login: that of the attempt if it has one, or
// else that of the configuration.
func (s *Service) verificationOf(l *login.Attempt) authn.Verification {
	if l.UserID == "" || l.EmailPolicy == nil {
		return s.cfg.EmailVerification
	}
	return *l.EmailPolicy
}

// mailAtOptionalSignup mails a link to a new user whose address need not be verified.
func (s *Service) mailAtOptionalSignup(ctx context.Context, l *login.Attempt) error {
	if !l.Signup || l.Email == "" || l.UserID == "" {
		return nil
	}
	emails, err := s.emailsOf(ctx, l.UserID)
	if err != nil {
		return err
	}
	if e, found := findEmail(emails, l.Email); found && !e.Verified {
		_, err = s.mailLink(ctx, e, true)
	}
	return err
}

// awaitEmail mails a link, or a code for which the login then waits. For a decoy it mails
// nothing: the owner of the address gets another message.
func (s *Service) awaitEmail(ctx context.Context, l *login.Attempt, address account.EmailAddress) error {
	if s.cfg.EmailVerificationByCode == nil {
		if l.UserID == "" {
			return nil
		}
		_, err := s.mailLink(ctx, address, l.Signup)
		return err
	}
	if err := s.takeConfirmEmail(ctx, address.Email); err != nil {
		return err
	}
	to := codes.Recipient{UserID: l.UserID, Contact: address.Email}
	if l.UserID == "" {
		to.Instead = sendNothing
	}
	var err error
	l.Notes.EmailVerification, err = s.codes.New(s.emailCode(l)).Send(ctx, to)
	return err
}

func (s *Service) takeConfirmEmail(ctx context.Context, email string) error {
	return s.deps.Charge(ctx, ratelimit.ActionConfirmEmail, ratelimit.Subject{Key: email})
}

// checkVerificationLimit returns authn.Errors if the login needs a code for an unverified
// address, but the limit does not allow to send one now.
func (s *Service) checkVerificationLimit(ctx context.Context, sess *login.Session, userID string, in LoginInput) error {
	if s.cfg.EmailVerificationByCode == nil || in.Method != account.LoginByEmail || sess.Authenticated() {
		return nil
	}
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return err
	}
	if e, _ := findEmail(emails, in.Identifier); e.Verified {
		return nil
	}
	allowed, err := s.deps.Limits.Allowed(ctx, ratelimit.ActionConfirmEmail, ratelimit.Subject{Key: in.Identifier})
	if err == nil && !allowed {
		return problem.List("", code.TooManyLoginAttempts)
	}
	return err
}

// mailLink mails a verification link and reports whether it did: it does not if the limit
// on such mails is reached.
func (s *Service) mailLink(ctx context.Context, address account.EmailAddress, signup bool) (bool, error) {
	err := s.takeConfirmEmail(ctx, address.Email)
	if errors.Is(err, ratelimit.ErrLimited) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	hash, err := s.passwordHash(ctx, address.UserID)
	if err != nil {
		return false, err
	}
	return true, s.mailKey(ctx, address.UserID, address.Email, signup, s.cfg.EmailConfirmationTimeout, linkPayload(address.UserID, address.Email, authHash(hash)))
}

// mailKey mails a link whose key signs the payload. Without a user it mails nothing, but
// does the same work.
func (s *Service) mailKey(ctx context.Context, userID, email string, signup bool, lifetime time.Duration, payload []byte) error {
	key := s.deps.Keys.SignUntil(purposeVerifyEmail, payload, s.deps.Now().Add(lifetime))
	user, err := s.recipient(ctx, userID)
	if err != nil {
		return err
	}
	return s.deps.Post.To(userID).Mail(ctx, confirmationKind(signup), email, user, s.deps.Post.Origin(ctx, map[string]any{
		"Key":       key,
		"URL":       work.WithKey(s.deps.FrontendURLs.ConfirmEmail, key),
		"ExpiresIn": lifetime,
	}), lifetime)
}

// linkPayload returns the signed payload of a verification link. It contains the
// fingerprint of the password, so that a new password invalidates earlier links: after
// the owner has recovered the account, an address that an attacker added cannot be
// verified. challenge is the id of the challenge for an address that is given in a
// login.
func linkPayload(userID, email, authHash string, challenge ...string) []byte {
	return []byte(strings.Join(append([]string{userID, email, authHash}, challenge...), "\x00"))
}

func confirmationKind(signup bool) string {
	if signup {
		return "account/email_confirmation_signup"
	}
	return "account/email_confirmation"
}

// PendingEmail is the address that a key or code verifies.
type PendingEmail struct {
	Email string
	// Identity is the user of the address, nil for a decoy.
	Identity *login.Identity
	// Authenticating is true if a login of this session waits for a verification.
	Authenticating bool
}

// EmailVerification returns the address that the key or code verifies, without consuming
// it. Returns authn.Errors for a wrong key or code.
func (s *Service) EmailVerification(ctx context.Context, a *AwaitedCode, key string) (*PendingEmail, error) {
	address, _, err := s.keyAddress(ctx, a, key)
	if err != nil {
		return nil, err
	}
	id, err := s.Identify(ctx, address.UserID)
	if errors.Is(err, authn.ErrNotFound) {
		return nil, problem.List("key", code.InvalidOrExpiredKey)
	}
	if err != nil {
		return nil, err
	}
	return &PendingEmail{
		Email:          address.Email,
		Identity:       id,
		Authenticating: a.sess.Pending(login.StageVerifyEmail) != nil,
	}, nil
}

// keyAddress returns the address that the key or code verifies, and, for a link to an
// address that was given in a login, its challenge.
func (s *Service) keyAddress(ctx context.Context, a *AwaitedCode, key string) (account.EmailAddress, *authn.Challenge, error) {
	if a.Pending == nil {
		return s.linkAddress(ctx, key)
	}
	if err := s.verify(ctx, a, key); err != nil {
		return account.EmailAddress{}, nil, err
	}
	return account.EmailAddress{UserID: a.UserID, Email: a.Subject, CreatedAt: s.deps.Now()}, nil, s.checkFree(ctx, a.UserID, a.Subject)
}

// VerifyEmail verifies an address by key or code. The login that waits for it is resumed
// or ended, see resumeAfterLink. Returns authn.Errors for a wrong key or code.
func (s *Flows) VerifyEmail(ctx context.Context, a *AwaitedCode, key string) error {
	address, given, err := s.keyAddress(ctx, a, key)
	switch {
	case err != nil:
		return err
	case given != nil:
		return s.verifyGivenByLink(ctx, a.sess, given)
	case a.Pending != nil:
		return s.acceptEmail(ctx, a, address)
	}
	return s.pipeline.Change(ctx, a.sess, address.UserID, func(ctx context.Context) error {
		// Check again: a new password invalidates the link.
		if address, _, err = s.linkAddress(ctx, key); err != nil {
			return err
		}
		if err := s.verifyByLink(ctx, a.sess, address); err != nil {
			return err
		}
		return s.resumeAfterLink(ctx, a.sess, address.UserID)
	})
}

// resumeAfterLink resumes the login of the same user that waits in this session, if
// LoginOnEmailConfirmation is set. It ends any other login: opening a link verifies the
// address, but does not authenticate the user.
func (s *Flows) resumeAfterLink(ctx context.Context, sess *login.Session, userID string) error {
	attempt := sess.Pending(login.StageVerifyEmail)
	if attempt == nil {
		return nil
	}
	if s.cfg.LoginOnEmailConfirmation && attempt.UserID == userID {
		return s.pipeline.Pass(ctx, sess, login.StageVerifyEmail)
	}
	sess.SetLogin(nil)
	return nil
}

// linkAddress returns the unverified address that a link's key verifies, and its challenge
// if the address was given in a login. Returns authn.Errors for an invalid key.
func (s *Service) linkAddress(ctx context.Context, key string) (account.EmailAddress, *authn.Challenge, error) {
	if key == "" {
		return account.EmailAddress{}, nil, problem.List("key", code.Required)
	}
	invalid := problem.List("key", code.InvalidOrExpiredKey)
	payload, ok := s.deps.Keys.VerifyAt(purposeVerifyEmail, key, s.deps.Now())
	parts := strings.Split(string(payload), "\x00")
	if !ok || len(parts) != 3 && len(parts) != 4 {
		return account.EmailAddress{}, nil, invalid
	}
	userID, email := parts[0], parts[1]
	hash, err := s.passwordHash(ctx, userID)
	if err != nil {
		return account.EmailAddress{}, nil, err
	}
	if authHash(hash) != parts[2] {
		return account.EmailAddress{}, nil, invalid
	}
	if len(parts) == 4 {
		c, err := s.codes.Find(ctx, purposeGivenEmail, parts[3])
		if errors.Is(err, work.ErrNotPending) {
			return account.EmailAddress{}, nil, invalid
		}
		if err != nil {
			return account.EmailAddress{}, nil, err
		}
		return account.EmailAddress{UserID: userID, Email: email}, c, s.checkFree(ctx, userID, email)
	}
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return account.EmailAddress{}, nil, err
	}
	e, found := findEmail(emails, email)
	if !found || e.Verified {
		return account.EmailAddress{}, nil, invalid
	}
	return e, nil, s.checkFree(ctx, userID, email)
}

// checkFree returns authn.Errors if another user has verified the address.
func (s *Service) checkFree(ctx context.Context, userID, email string) error {
	taken, err := s.isTaken(ctx, userID, email)
	if err == nil && taken {
		return problem.List("key", code.EmailTaken)
	}
	return err
}

// isTaken reports whether another user has verified the address.
func (s *Service) isTaken(ctx context.Context, userID, email string) (bool, error) {
	owner, err := s.VerifiedOwner(ctx, email)
	return owner != "" && owner != userID, err
}

// verifyByLink marks the address as verified. Returns authn.Errors for all but one of
// several concurrent requests.
func (s *Service) verifyByLink(ctx context.Context, sess *login.Session, address account.EmailAddress) error {
	won, err := s.markVerified(ctx, sess, address, "key")
	if errors.Is(err, authn.ErrNotFound) || err == nil && !won {
		return problem.List("key", code.InvalidOrExpiredKey)
	}
	if err != nil {
		return err
	}
	return s.replaceOthers(ctx, sess, address)
}

// markVerified marks an address as verified, makes it the primary one if there is none,
// and reports whether this call verified it. Returns authn.ErrNotFound if the address is
// not on the account, authn.Errors for the field param if another user has verified it.
func (s *Service) markVerified(ctx context.Context, sess *login.Session, address account.EmailAddress, param string) (won bool, err error) {
	won, err = s.store.VerifyEmail(ctx, address.UserID, address.Email)
	if errors.Is(err, authn.ErrConflict) {
		return false, problem.List(param, code.EmailTaken)
	}
	if err != nil {
		return false, fmt.Errorf("verify email address: %w", err)
	}
	if won {
		work.Emit(ctx, address.UserID, account.EmailConfirmed{Email: address.Email})
	}
	emails, err := s.emailsOf(ctx, address.UserID)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Primary }) {
		if err := s.store.SetPrimaryEmail(ctx, address.UserID, address.Email); err != nil {
			return false, fmt.Errorf("set primary email address: %w", err)
		}
	}
	return won, s.refreshOwn(ctx, sess, address.UserID)
}

// ensureVerified is markVerified for an address that may be verified already. Returns
// work.ErrNotPending if the address was removed from the account meanwhile.
func (s *Service) ensureVerified(ctx context.Context, sess *login.Session, address account.EmailAddress, param string) error {
	_, err := s.markVerified(ctx, sess, address, param)
	if errors.Is(err, authn.ErrNotFound) {
		return work.ErrNotPending
	}
	return err
}

// replaceOthers completes a change of address with account.Config.ChangeEmail, with which
// accounts have one address: it deletes all addresses but the one that the user has just
// verified.
func (s *Service) replaceOthers(ctx context.Context, sess *login.Session, address account.EmailAddress) error {
	if !s.cfg.ChangeEmail {
		return nil
	}
	emails, err := s.emailsOf(ctx, address.UserID)
	if err != nil {
		return err
	}
	if old := primary(emails); old.Email != address.Email {
		if err := s.store.SetPrimaryEmail(ctx, address.UserID, address.Email); err != nil {
			return fmt.Errorf("set primary email address: %w", err)
		}
		owner, err := s.Identify(ctx, address.UserID)
		if err != nil {
			return fmt.Errorf("load user: %w", err)
		}
		if err := s.announceEmailChange(ctx, sess, owner, old.Email, address.Email); err != nil {
			return err
		}
	}
	if err := s.deleteEmails(ctx, emails, address.Email); err != nil {
		return err
	}
	return s.refreshOwn(ctx, sess, address.UserID)
}

// refreshOwn is refresh if the user with that id is the session's user.
func (s *Service) refreshOwn(ctx context.Context, sess *login.Session, userID string) error {
	if sess.UserID() != userID {
		return nil
	}
	return s.refresh(ctx, sess)
}
