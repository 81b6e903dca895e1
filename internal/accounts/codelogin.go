package accounts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

const purposeLoginCode = "login_code"

// LoginByCodeRequestable reports whether people may ask for a code in place of
// their password.
func (s *Service) LoginByCodeRequestable() bool { return loginByCodeRequestable(s.cfg) }

// RequestLoginCode starts a login by a code that is mailed or texted. Exactly
// one of the two addresses is given. A logged-in user who can prove by a code
// again who they are gets one at a contact of their own; work.ErrReauthenticate
// is returned then.
func (s *Flows) RequestLoginCode(ctx context.Context, sess *login.Session, email, phone string) error {
	if sess.Authenticated() {
		own, err := s.pipeline.ReauthenticatesBy(ctx, sess, login.StageLoginByCode)
		if err != nil {
			return err
		}
		if own {
			return s.requestOwnCode(ctx, sess, email, phone)
		}
	}
	field, subject, err := s.cleanCodeRequest(ctx, email, phone)
	if err != nil {
		return err
	}
	userID, err := s.codeRecipient(ctx, field, subject)
	if err != nil {
		return err
	}
	err = s.takeLoginCode(ctx, sess, subject, userID)
	if errors.Is(err, ratelimit.ErrLimited) {
		return problem.List(field, code.TooManyLoginAttempts)
	}
	if err != nil {
		return err
	}
	if userID == "" && s.cfg.Enumeration == account.AllowEnumeration {
		return problem.List(field, map[string]string{"email": code.UnknownEmail, "phone": code.UnknownPhone}[field])
	}
	if sess.Authenticated() {
		return nil
	}
	attempt := login.Attempt{UserID: userID}
	if field == "email" {
		attempt.Email = subject
	} else {
		attempt.Phone = subject
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.issueLoginCode(ctx, purposeLoginCode, &attempt); err != nil {
			return err
		}
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

// takeLoginCode charges the limit on codes that are sent to the address or
// number.
func (s *Service) takeLoginCode(ctx context.Context, sess *login.Session, subject, userID string) error {
	_, err := s.deps.Limits.Take(ctx, ratelimit.ActionRequestLoginCode, ratelimit.Subject{
		IP: sess.Client.IP, Key: s.limitKey(sess, subject, userID),
	})
	return err
}

func (s *Service) cleanCodeRequest(ctx context.Context, email, phone string) (field, subject string, err error) {
	byPhone := logsInBy(s.cfg, account.LoginByPhone)
	byEmail := logsInBy(s.cfg, account.LoginByEmail) || !byPhone
	switch {
	case byPhone && byEmail && email != "" && phone != "":
		return "", "", problem.List("", code.SelectOnlyOne)
	case byPhone && (phone != "" || !byEmail):
		if phone == "" {
			return "", "", problem.List("phone", code.Required)
		}
		number, errs, err := s.knownPhone(ctx, phone)
		if len(errs) > 0 {
			return "", "", errs
		}
		return "phone", number, err
	}
	canonical, errs := cleanKnownEmail("email", email, true)
	if len(errs) > 0 {
		return "", "", errs
	}
	return "email", canonical, nil
}

// codeRecipient returns the user whom a login code for the address would log
// in, or "".
func (s *Service) codeRecipient(ctx context.Context, field, subject string) (string, error) {
	if field == "email" {
		users, err := s.recoverable(ctx, subject)
		if err != nil || len(users) == 0 {
			return "", err
		}
		return users[0].ID, nil
	}
	phones, _, err := s.phoneClaimants(ctx, subject)
	if err != nil {
		return "", err
	}
	if len(phones) == 0 {
		standIn(ctx)
		return "", s.lookUpDecoy(ctx)
	}
	user, err := s.activeUser(ctx, phones[0].UserID)
	if errors.Is(err, authn.ErrNotFound) {
		standIn(ctx)
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return user.ID, nil
}

// issueLoginCode sends a code and notes in the login that it waits for it.
func (s *Service) issueLoginCode(ctx context.Context, purpose string, l *login.Attempt) error {
	cfg := s.cfg.LoginByCode
	code, err := s.codeFor(l.UserID, cfg.Format)
	if err != nil {
		return err
	}
	c, err := s.codes.Issue(ctx, authn.Challenge{
		Purpose: purpose, UserID: l.UserID, Subject: cmp.Or(l.Email, l.Phone), MaxAttempts: cfg.MaxAttempts,
	}, code, cfg.Timeout)
	if err != nil {
		return err
	}
	l.LoginCode = c.ID
	switch {
	case code != "":
		return s.sendLoginCode(ctx, l, c, code)
	case l.Signup:
		return nil // it tells the owner that they have an account
	case l.Email != "":
		return s.mailUnknownAccount(ctx, l.Email)
	default:
		return s.textUnknownAccount(ctx, l.Phone)
	}
}

func (s *Service) sendLoginCode(ctx context.Context, l *login.Attempt, c *authn.Challenge, code string) error {
	mail, text := "account/login_code", "verification_code"
	if c.Purpose == purposeReauthenticationCode {
		mail, text = "account/reauthentication_code", "reauthentication_code"
	}
	if l.Email != "" {
		return s.mailCode(ctx, mail, c, code)
	}
	return s.textCode(ctx, text, c, code)
}

// EnterLoginByCode is the stage that waits for a login code: one that was asked
// for, or one that is required after another proof.
func (s *Service) EnterLoginByCode(ctx context.Context, sess *login.Session, l *login.Attempt, trusted func() bool) (login.Verdict, error) {
	ctx = work.AcceptEarlier(ctx)
	if l.LoginCode != "" {
		return login.Wait, nil
	}
	if !s.codeRequired(sess, l) || trusted() {
		return login.Pass, nil
	}
	if err := s.chooseCodeContact(ctx, l); err != nil {
		return login.Abort, err
	}
	switch {
	case l.Email == "" && l.Phone == "":
		return login.Pass, nil // there is nowhere to send a code
	case l.Email == "" || l.Signup:
		if err := s.takeLoginCode(ctx, sess, cmp.Or(l.Email, l.Phone), l.UserID); err != nil {
			return login.Abort, err
		}
	}
	l.CodeRequired = true
	return login.Wait, s.issueLoginCode(ctx, purposeLoginCode, l)
}

// chooseCodeContact decides where the code of a second step goes: to what the
// login went by, else to the primary address, else to the number. Where the
// account has a verified contact it goes to no other one.
func (s *Service) chooseCodeContact(ctx context.Context, l *login.Attempt) error {
	if l.Signup && l.Email != "" {
		return nil
	}
	c, err := s.contactsOf(ctx, l.UserID)
	if err != nil || l.UserID == "" {
		return err
	}
	if c, err = s.reachable(ctx, l, c); err != nil {
		return err
	}
	if found, _ := c.find(l.Email); found {
		return nil
	}
	if found, verified := c.find(l.Phone); found && !verified {
		l.Email = ""
		return nil
	}
	l.Email = primary(c.emails).Email
	if l.Email == "" && c.phone != nil {
		l.Phone = c.phone.Number
	}
	return nil
}

// reachable returns those contacts of the account to which its code may be sent:
// the verified ones, or, while there are none, those that no other user has
// verified.
func (s *Service) reachable(ctx context.Context, l *login.Attempt, c contacts) (contacts, error) {
	if !s.PhoneEnabled() {
		c.phone = nil
	}
	if c.anyVerified() {
		return c.onlyVerified(), nil
	}
	if l.Signup { // it has just claimed them
		return c, nil
	}
	var free contacts
	for _, e := range c.emails {
		taken, err := s.isTaken(ctx, l.UserID, e.Email)
		if err != nil {
			return contacts{}, err
		}
		if !taken {
			free.emails = append(free.emails, e)
		}
	}
	if c.phone == nil {
		return free, nil
	}
	taken, err := s.isPhoneTaken(ctx, l.UserID, c.phone.Number)
	if err == nil && !taken {
		free.phone = c.phone
	}
	return free, err
}

// codeRequired reports whether this login needs a code as a second step.
func (s *Service) codeRequired(sess *login.Session, l *login.Attempt) bool {
	if s.cfg.LoginByCode == nil {
		return false
	}
	var last string
	if n := len(sess.State.Methods); n > 0 && sess.State.MethodsOf == l.UserID && !l.Signup {
		last = sess.State.Methods[n-1].Name
	}
	switch {
	case last == "code":
		return false
	case s.cfg.LoginByCode.Required:
		return true
	case len(s.cfg.LoginByCode.RequiredFor) == 0:
		return false
	}
	return last == "" || slices.Contains(s.cfg.LoginByCode.RequiredFor, last)
}

// loginChallenge returns the login that waits for a code, or what a logged-in
// user is asked for in its place, and the code's challenge. work.ErrNotPending if
// there is none.
func (s *Service) loginChallenge(ctx context.Context, sess *login.Session) (*login.Attempt, *authn.Challenge, error) {
	l, purpose := sess.Pending(login.StageLoginByCode), purposeLoginCode
	if own := sess.State.OwnCode; own != nil && sess.Authenticated() && own.UserID == sess.UserID() {
		copied := *own
		l, purpose = &copied, purposeReauthenticationCode
	}
	if l == nil {
		return nil, nil, work.ErrNotPending
	}
	c, err := s.codes.Find(ctx, purpose, l.LoginCode)
	if errors.Is(err, work.ErrNotPending) {
		sess.SetLogin(nil)
	}
	return l, c, err
}

// CheckLoginCodePending returns work.ErrNotPending unless the session waits for
// a login code.
func (s *Service) CheckLoginCodePending(ctx context.Context, sess *login.Session) error {
	_, _, err := s.loginChallenge(ctx, sess)
	return err
}

// ConfirmLoginCode goes on with the login that waits for the code, or proves
// again who is logged in.
func (s *Flows) ConfirmLoginCode(ctx context.Context, sess *login.Session, code string) error {
	l, c, err := s.loginChallenge(ctx, sess)
	if err != nil {
		return err
	}
	c, err = s.tryCode(ctx, sess, c, "code", code, func() { sess.SetLogin(nil) })
	if err != nil {
		return err
	}
	if sess.Authenticated() {
		return s.confirmOwnCode(ctx, sess, l, c)
	}
	err = s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		if err := s.codes.Consume(ctx, c); err != nil {
			return err
		}
		if err := s.proveByCode(ctx, sess, l); err != nil {
			return err
		}
		method := authn.Method{Name: "code", At: s.deps.Now(), Email: l.Email}
		if l.Email == "" {
			method.Phone = l.Phone
		}
		sess.AddMethod(c.UserID, method)
		return s.pipeline.Pass(ctx, sess, login.StageLoginByCode)
	})
	if errors.Is(err, work.ErrNotPending) {
		sess.SetLogin(nil)
	}
	return err
}

// proveByCode verifies the address or number that a code came back from. A code
// alone recovers the account; beside a sign-up or a password it does not.
// work.ErrNotPending if the contact was taken off the account, or stopped to
// speak for it, meanwhile.
func (s *Flows) proveByCode(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	contact := cmp.Or(l.Email, l.Phone)
	if recovers(sess, l) {
		if err := s.reclaim(ctx, sess, l.UserID, contact); err != nil {
			return err
		}
	} else {
		c, err := s.contactsOf(ctx, l.UserID)
		if err != nil {
			return err
		}
		if found, _ := c.find(contact); !found {
			return work.ErrNotPending
		}
	}
	if l.Email == "" {
		return s.provePhone(ctx, sess, l.UserID, l.Phone)
	}
	return s.proveAgain(ctx, sess, account.EmailAddress{UserID: l.UserID, Email: l.Email}, "code")
}

// recovers reports whether nothing but a code speaks for whoever logs in.
func recovers(sess *login.Session, l *login.Attempt) bool {
	return !l.Signup && (len(sess.State.Methods) == 0 || sess.State.MethodsOf != l.UserID)
}

// ResendLoginCode sends a new code in place of the awaited one.
// work.ErrNotPending if none is awaited or no more may be asked for.
func (s *Service) ResendLoginCode(ctx context.Context, sess *login.Session) error {
	l, c, err := s.loginChallenge(ctx, sess)
	if err != nil {
		return err
	}
	if c.Resends >= s.cfg.LoginByCode.Resends {
		return work.ErrNotPending
	}
	c.Resends++
	code, err := s.codeFor(c.UserID, s.cfg.LoginByCode.Format)
	if err != nil {
		return err
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.codes.Reissue(ctx, c, code); err != nil {
			return err
		}
		return s.sendLoginCode(ctx, l, c, code)
	})
}
