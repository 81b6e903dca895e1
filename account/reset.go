package account

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/ratelimit"
)

const (
	purposeResetLink = "password_reset_link"
	purposeResetCode = "password_reset_code"
	slotReset        = "account.password_reset"
)

// RequestReset mails a link, or starts a reset by code, for the address.
func (s *Service) RequestReset(ctx context.Context, sess *flow.Session, input string) error {
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	users, err := s.recoverable(ctx, email)
	if err != nil {
		return err
	}
	if len(users) == 0 && s.cfg.Enumeration == AllowEnumeration {
		return problems("email", "unknown_email")
	}
	if _, err := s.deps.Limits.Take(ctx, ratelimit.ActionResetPassword, ratelimit.Subject{IP: sess.Client.IP, Key: email}); err != nil {
		return err
	}
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		if s.cfg.PasswordResetByCode != nil {
			return s.startResetByCode(ctx, sess, email, users)
		}
		return s.mailResetLinks(ctx, email, users)
	})
}

// recoverable returns the users who may recover their account by way of the
// address.
func (s *Service) recoverable(ctx context.Context, email string) ([]*authn.User, error) {
	claims, err := s.claimants(ctx, email)
	if err != nil {
		return nil, err
	}
	if len(claims) == 0 {
		return nil, s.lookUpNobody(ctx)
	}
	var users []*authn.User
	for _, claim := range claims[:min(len(claims), maxCandidates)] {
		user, err := s.deps.Users.UserByID(ctx, claim.UserID)
		if err != nil {
			return nil, fmt.Errorf("load user: %w", err)
		}
		if !user.Disabled {
			users = append(users, user)
		}
	}
	return users, nil
}

// nobody returns the id of a user who does not exist. What is done for nobody
// takes the time that it takes for somebody: strangers must not see the
// difference. Each is another one, so that databases lock no row for all.
func nobody() string {
	return strconv.FormatInt(1<<53+rand.Int64N(1<<53), 10)
}

func (s *Service) lookUpNobody(ctx context.Context) error {
	_, err := s.deps.Users.UserByID(ctx, nobody())
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load user: %w", err)
	}
	return nil
}

func (s *Service) mailResetLinks(ctx context.Context, email string, users []*authn.User) error {
	if len(users) == 0 {
		if _, err := s.issueResetKey(ctx, nobody(), email); err != nil { // takes its time, and is told to nobody
			return err
		}
		return s.mailUnknownAccount(ctx, email)
	}
	for _, user := range users {
		key, err := s.issueResetKey(ctx, user.ID, email)
		if err != nil {
			return err
		}
		err = s.deps.Post.Mail(ctx, "account/password_reset_key", email, map[string]any{
			"Key":       key,
			"URL":       flow.WithKey(s.deps.FrontendURLs.ResetPasswordFromKey, key),
			"Username":  user.Username,
			"ExpiresIn": inWords(s.cfg.PasswordResetTimeout),
		}, s.cfg.PasswordResetTimeout)
		if err != nil {
			return err
		}
	}
	return nil
}

// issueResetKey makes the key of a reset link. Earlier ones are void.
func (s *Service) issueResetKey(ctx context.Context, userID, email string) (string, error) {
	if err := s.voidResetKeys(ctx, userID); err != nil {
		return "", err
	}
	secret, err := flow.RandomSecret(s.deps.Rand)
	if err != nil {
		return "", err
	}
	c, err := s.deps.Challenges.Issue(ctx, authn.Challenge{Purpose: purposeResetLink, UserID: userID, Subject: email}, secret, s.cfg.PasswordResetTimeout)
	if err != nil {
		return "", err
	}
	return c.ID + "-" + secret, nil
}

// voidResetKeys ends every reset that is under way for the user.
func (s *Service) voidResetKeys(ctx context.Context, userID string) error {
	for _, purpose := range []string{purposeResetLink, purposeResetCode} {
		if err := s.deps.Challenges.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("void reset keys: %w", err)
		}
	}
	return nil
}

// startResetByCode replaces the reset of this session. Those of other sessions
// go on: whether they end must not tell that there is an account, and nobody can
// stop the owner's by starting another.
func (s *Service) startResetByCode(ctx context.Context, sess *flow.Session, email string, users []*authn.User) error {
	cfg := s.cfg.PasswordResetByCode
	c := authn.Challenge{Purpose: purposeResetCode, Subject: email, MaxAttempts: cfg.MaxAttempts}
	if len(users) > 0 {
		c.UserID = users[0].ID
	}
	var earlier string
	if sess.Slot(slotReset, &earlier) {
		if err := s.deps.Challenges.Store.DeleteChallenge(ctx, earlier); err != nil {
			return fmt.Errorf("void the earlier reset: %w", err)
		}
	}
	code, err := s.codeFor(c.UserID, cfg.Format)
	if err != nil {
		return err
	}
	challenge, err := s.deps.Challenges.Issue(ctx, c, code, cfg.Timeout)
	if err != nil {
		return err
	}
	if err := sess.SetSlot(slotReset, challenge.ID); err != nil {
		return err
	}
	if code == "" {
		return s.mailUnknownAccount(ctx, email)
	}
	return s.mailCode(ctx, "account/password_reset_code", challenge, code)
}

// resetChallenge returns the reset by code that is under way in this session,
// or flow.ErrNotPending.
func (s *Service) resetChallenge(ctx context.Context, sess *flow.Session) (*authn.Challenge, error) {
	var id string
	if !sess.Slot(slotReset, &id) {
		return nil, flow.ErrNotPending
	}
	c, err := s.deps.Challenges.Find(ctx, purposeResetCode, id)
	if errors.Is(err, flow.ErrNotPending) {
		sess.DropSlot(slotReset)
	}
	return c, err
}

func (s *Service) resetPending(ctx context.Context, sess *flow.Session) (bool, error) {
	_, err := s.resetChallenge(ctx, sess)
	if errors.Is(err, flow.ErrNotPending) {
		return false, nil
	}
	return err == nil, err
}

// CheckResetPending returns flow.ErrNotPending where a code is expected and
// none is awaited in this session.
func (s *Service) CheckResetPending(ctx context.Context, sess *flow.Session) error {
	if s.cfg.PasswordResetByCode == nil {
		return nil
	}
	_, err := s.resetChallenge(ctx, sess)
	return err
}

// ResetIdentity shows whose password the key or code resets, without using it
// up.
func (s *Service) ResetIdentity(ctx context.Context, sess *flow.Session, key string) (*flow.Identity, error) {
	c, err := s.resetKey(ctx, sess, key)
	if err != nil {
		return nil, err
	}
	return s.Identify(ctx, c.UserID)
}

// resetKey checks the key of a link, or the code that the session waits for.
func (s *Service) resetKey(ctx context.Context, sess *flow.Session, key string) (*authn.Challenge, error) {
	if s.cfg.PasswordResetByCode != nil {
		return s.tryResetCode(ctx, sess, key)
	}
	if key == "" {
		return nil, problems("key", "required")
	}
	id, secret, _ := strings.Cut(key, "-")
	c, err := s.deps.Challenges.Match(ctx, purposeResetLink, id, secret)
	if errors.Is(err, flow.ErrNotPending) {
		return nil, problems("key", "invalid_password_reset")
	}
	return c, err
}

func (s *Service) tryResetCode(ctx context.Context, sess *flow.Session, code string) (*authn.Challenge, error) {
	c, err := s.resetChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	c, err = s.deps.Challenges.Try(ctx, purposeResetCode, c.ID, code)
	var wrong *flow.WrongSecretError
	if errors.As(err, &wrong) {
		s.rejectCode(sess, wrong)
		if wrong.Last {
			sess.DropSlot(slotReset)
		}
		return nil, wrongCode("key", code)
	}
	return c, err
}

// ResetPassword sets a new password by key or code. All the user's sessions
// end.
func (s *Service) ResetPassword(ctx context.Context, sess *flow.Session, key, replacement string) error {
	c, keyErr := s.resetKey(ctx, sess, key)
	var errs authn.Errors
	if keyErr != nil && !errors.As(keyErr, &errs) {
		return keyErr
	}
	id, passwordErrs, err := s.checkReplacement(ctx, c, replacement)
	if err != nil {
		return err
	}
	if errs = append(errs, passwordErrs...); len(errs) > 0 {
		return errs
	}
	hash, err := s.hasher.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	return s.deps.InTx(ctx, sess, func(ctx context.Context) error { return s.applyReset(ctx, sess, c, id, hash) })
}

// checkReplacement validates the new password. Whose it is matters only once
// the key is right: until then the answer must not depend on it.
func (s *Service) checkReplacement(ctx context.Context, c *authn.Challenge, replacement string) (*flow.Identity, authn.Errors, error) {
	var id *flow.Identity
	var attributes []string
	if c != nil {
		var err error
		if id, err = s.Identify(ctx, c.UserID); err != nil {
			return nil, nil, err
		}
		attributes = append(s.attributes(id), c.Subject)
	}
	if replacement == "" {
		return id, problems("password", "required"), nil
	}
	if c == nil && s.cfg.PasswordResetByCode == nil {
		return nil, nil, nil // a link that is no good is all there is to say
	}
	return id, passwordProblems("password", s.cfg.Password.Validate(ctx, replacement, attributes...)), nil
}

func (s *Service) applyReset(ctx context.Context, sess *flow.Session, c *authn.Challenge, id *flow.Identity, hash string) error {
	if err := s.deps.Challenges.Consume(ctx, c); err != nil {
		if errors.Is(err, flow.ErrNotPending) && c.Purpose == purposeResetLink {
			return problems("key", "invalid_password_reset")
		}
		return err
	}
	sess.DropSlot(slotReset)
	if err := s.reclaim(ctx, sess, c.UserID, c.Subject); err != nil {
		return err
	}
	except := ""
	if s.cfg.LoginOnPasswordReset && sess.UserID() == c.UserID {
		except = sess.RowID // the login that follows replaces it
	}
	old, err := s.passwordHash(ctx, c.UserID)
	if err != nil {
		return err
	}
	if err := s.replacePassword(ctx, c.UserID, authHash(old), hash, except); err != nil {
		return err
	}
	if s.cfg.PasswordResetByCode != nil {
		if err := s.confirmNew(ctx, sess, EmailAddress{UserID: c.UserID, Email: c.Subject, CreatedAt: s.deps.Now()}); err != nil {
			return err
		}
	}
	sess.Emit(PasswordReset{UserID: c.UserID})
	if err := s.forgetFailures(ctx, c.UserID); err != nil {
		return err
	}
	if err := s.notify(ctx, sess, "account/password_reset", id.Email, map[string]any{}); err != nil {
		return err
	}
	return s.loginAfterReset(ctx, sess, c)
}

func (s *Service) loginAfterReset(ctx context.Context, sess *flow.Session, c *authn.Challenge) error {
	if !s.cfg.LoginOnPasswordReset {
		if sess.UserID() == c.UserID {
			s.Logout(sess) // it ended with the others
		}
		return nil
	}
	method := authn.Method{Name: "password_reset", At: s.deps.Now()}
	if s.cfg.PasswordResetByCode != nil {
		method.Email = c.Subject
	}
	sess.AddMethod(c.UserID, method)
	return s.pipeline.Start(ctx, sess, flow.Login{UserID: c.UserID, Email: c.Subject})
}

// forgetFailures clears the counters of wrong passwords: whoever reads the mail
// has proved more than a password would.
func (s *Service) forgetFailures(ctx context.Context, userID string) error {
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	for _, e := range emails {
		if err := s.deps.Limits.Reset(ctx, ratelimit.ActionLoginFailed, ratelimit.Subject{Key: e.Email}); err != nil {
			return err
		}
	}
	return nil
}

// reclaim is called when somebody proves, by recovery, an address that nobody
// had proved before. Whoever made the account may have been somebody else, so
// everything that lets them back in goes: the password, sessions, factors,
// providers, and all other addresses.
func (s *Service) reclaim(ctx context.Context, sess *flow.Session, userID, email string) error {
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	for _, e := range emails {
		if e.Email == email && e.Verified {
			return nil
		}
	}
	for _, e := range emails {
		if e.Email == email {
			continue
		}
		if err := s.store.DeleteEmail(ctx, userID, e.Email); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, email); err != nil {
		return fmt.Errorf("set primary e-mail address: %w", err)
	}
	if err := s.pipeline.Evict(ctx, userID); err != nil {
		return err
	}
	sess.Emit(AddressReclaimed{UserID: userID, Email: email})
	return nil
}

// Evict implements flow.Room.
func (r room) Evict(ctx context.Context, userID string) error {
	if err := r.removePassword(ctx, userID); err != nil {
		return err
	}
	return r.deps.Challenges.Store.DeleteUserChallenges(ctx, purposeVerifyEmail, userID)
}
