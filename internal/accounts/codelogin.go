package accounts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// LoginByCodeRequestable reports whether users can request a login code in place of
// their password.
func (s *Service) LoginByCodeRequestable() bool { return loginByCodeRequestable(s.cfg) }

// RequestLoginCode starts a login by a code that is mailed or texted. Exactly one of
// email and phone is set. A logged-in user who can reauthenticate by a code gets one at
// a contact of their own; then it returns work.ErrReauthenticate. Returns authn.Errors
// for wrong input.
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
	attempt, err := s.cleanCodeRequest(ctx, email, phone)
	if err != nil {
		return err
	}
	if attempt.UserID, err = s.codeRecipient(ctx, attempt); err != nil {
		return err
	}
	if err := s.takeRequestedCode(ctx, sess, &attempt); err != nil {
		return err
	}
	if attempt.UserID == "" && s.cfg.Enumeration == account.AllowEnumeration {
		if attempt.Email != "" {
			return problem.List("email", code.UnknownEmail)
		}
		return problem.List("phone", code.UnknownPhone)
	}
	if sess.Authenticated() {
		return nil
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.sendLoginCode(ctx, s.loginCode(&attempt), &attempt); err != nil {
			return err
		}
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

// takeLoginCode charges the limit on login codes for the contact of the attempt.
func (s *Service) takeLoginCode(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	_, err := s.deps.Limits.Take(ctx, ratelimit.ActionRequestLoginCode, ratelimit.Subject{
		IP: sess.Client.IP, Key: s.limitKey(sess, cmp.Or(l.Email, l.Phone), l.UserID),
	})
	return err
}

// takeRequestedCode is takeLoginCode for a code that the client has requested. Returns
// authn.Errors if the limit is reached.
func (s *Service) takeRequestedCode(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	err := s.takeLoginCode(ctx, sess, l)
	switch {
	case !errors.Is(err, ratelimit.ErrLimited):
		return err
	case l.Email != "":
		return problem.List("email", code.TooManyLoginAttempts)
	}
	return problem.List("phone", code.TooManyLoginAttempts)
}

// cleanCodeRequest returns an attempt with the contact that is set, in its canonical form,
// or authn.Errors.
func (s *Service) cleanCodeRequest(ctx context.Context, email, phone string) (login.Attempt, error) {
	byPhone := logsInBy(s.cfg, account.LoginByPhone)
	byEmail := logsInBy(s.cfg, account.LoginByEmail) || !byPhone
	switch {
	case byPhone && byEmail && email != "" && phone != "":
		return login.Attempt{}, problem.List("", code.SelectOnlyOne)
	case byPhone && (phone != "" || !byEmail):
		if phone == "" {
			return login.Attempt{}, problem.List("phone", code.Required)
		}
		number, errs, err := s.knownPhone(ctx, phone)
		if len(errs) > 0 {
			return login.Attempt{}, errs
		}
		return login.Attempt{Phone: number}, err
	}
	canonical, errs := cleanKnownEmail("email", email, true)
	if len(errs) > 0 {
		return login.Attempt{}, errs
	}
	return login.Attempt{Email: canonical}, nil
}

// codeRecipient returns the id of the user whom a login code for the contact of the
// attempt would log in, empty if there is none.
func (s *Service) codeRecipient(ctx context.Context, l login.Attempt) (string, error) {
	if l.Email != "" {
		users, err := s.recoverableUsers(ctx, l.Email)
		if err != nil || len(users) == 0 {
			return "", err
		}
		return users[0].ID, nil
	}
	phones, _, err := s.recoverableByPhone(ctx, l.Phone)
	if err != nil {
		return "", err
	}
	if len(phones) == 0 {
		return "", s.lookUpDecoy(ctx)
	}
	user, err := s.activeUser(ctx, phones[0].UserID)
	if errors.Is(err, authn.ErrNotFound) {
		noteDecoy(ctx)
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return user.ID, nil
}

// sendLoginCode sends a code of that kind and stores its id in the attempt.
func (s *Service) sendLoginCode(ctx context.Context, kind codes.Kind, l *login.Attempt) (err error) {
	to := codes.Recipient{UserID: l.UserID, Contact: cmp.Or(l.Email, l.Phone)}
	if l.UserID == "" {
		to.Instead = func(ctx context.Context) error {
			switch {
			case l.Signup:
				return nil // the decoy sign-up sends the owner a message
			case l.Email != "":
				return s.mailUnknownAccount(ctx, l.Email)
			}
			return s.textUnknownAccount(ctx, l.Phone)
		}
	}
	l.LoginCode, err = s.codes.New(kind).Send(ctx, to)
	return err
}

// EnterLoginByCode implements the stage login_by_code, which waits for a login code: one
// that was requested, or one that is required after another authentication, or before the
// user enrolls a second factor. An enrolment is refused if there is no contact to which a
// code could be sent.
func (s *Service) EnterLoginByCode(ctx context.Context, sess *login.Session, l *login.Attempt, trusted func() bool, enrolls func() (bool, error)) (login.Verdict, error) {
	ctx = work.AcceptEarlier(ctx)
	if l.LoginCode != "" {
		return login.Wait, nil
	}
	showsContact, err := s.MustShowContact(ctx, sess, l)
	if err == nil && showsContact {
		showsContact, err = enrolls()
	}
	if err != nil {
		return login.Abort, err
	}
	required := s.codeRequired(sess, l)
	if !showsContact && (!required || trusted()) {
		return login.Pass, nil
	}
	if err := s.chooseCodeContact(ctx, l); err != nil {
		return login.Abort, err
	}
	switch {
	case l.Email == "" && l.Phone == "" && showsContact:
		s.deps.Logger.WarnContext(ctx, "login refused: MFA.RequiredFor requires a second factor, and the account has no contact to which a code can be sent first; add a verified address with Users.AddEmail, or log the user in with LogIn", "user", l.UserID)
		work.Refuse(ctx, problem.List("", code.MFAEnrollBlocked))
		return login.Abort, nil
	case l.Email == "" && l.Phone == "":
		return login.Pass, nil // the user has no contact to which a code could be sent
	case l.Email == "" || l.Signup:
		if err := s.takeLoginCode(ctx, sess, l); err != nil {
			return login.Abort, err
		}
	}
	l.CodeRequired = required
	return login.Wait, s.sendLoginCode(ctx, s.loginCode(l), l)
}

// chooseCodeContact chooses the contact for a required code: that with which the user
// logs in, or else the primary address, or else the number. If the account has a
// verified contact, unverified ones are not chosen.
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

// reachable returns the contacts of the account to which codes may be sent: the verified
// ones, or, if there are none, those that no other user has verified.
func (s *Service) reachable(ctx context.Context, l *login.Attempt, c contacts) (contacts, error) {
	if !s.PhoneEnabled() {
		c.phone = nil
	}
	if c.anyVerified() {
		return c.onlyVerified(), nil
	}
	if l.Signup { // the sign-up has just checked them
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

// MustShowContact implements login.Accounts. It reports whether the user has to show that they can read a contact of the
// account before they may enroll a second factor: after a password, which may be stolen,
// and if all contacts of the account are unverified and stay so.
func (s *Service) MustShowContact(ctx context.Context, sess *login.Session, l *login.Attempt) (bool, error) {
	if l.UserID == "" {
		return false, nil
	}
	if lastMethod(sess, l) == "password" {
		return true, nil
	}
	if s.verificationOf(l) == authn.VerificationMandatory && !slices.Contains(l.Skipped, login.StageVerifyEmail) {
		return false, nil
	}
	if l.GivenEmail != nil && l.GivenEmail.Verified || l.GivenPhone != nil && l.GivenPhone.Verified {
		return false, nil
	}
	c, err := s.contactsOf(ctx, l.UserID)
	return len(c.emails) > 0 && !c.anyVerified(), err
}

// lastMethod returns the name of the last authentication in the login, empty if there is
// none, as after a sign-up.
func lastMethod(sess *login.Session, l *login.Attempt) string {
	if n := len(sess.State.Methods); n > 0 && sess.State.MethodsOf == l.UserID && !l.Signup {
		return sess.State.Methods[n-1].Name
	}
	return ""
}

// codeRequired reports whether this login requires a code after another authentication.
func (s *Service) codeRequired(sess *login.Session, l *login.Attempt) bool {
	if s.cfg.LoginByCode == nil {
		return false
	}
	last := lastMethod(sess, l)
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

// LoginCode returns the code for which a login of the session waits, or that
// reauthenticates the logged-in user. Returns work.ErrNotPending if there is none.
func (s *Service) LoginCode(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	if own := sess.State.OwnCode; own != nil && sess.Authenticated() {
		return s.await(ctx, AwaitedCode{sess: sess}, s.ownCode(own), own.LoginCode)
	}
	l := sess.Pending(login.StageLoginByCode)
	if l == nil {
		return nil, work.ErrNotPending
	}
	return s.await(ctx, AwaitedCode{sess: sess, stage: l.Stage}, s.loginCode(l), l.LoginCode)
}

// ConfirmLoginCode verifies the code. It resumes the login that waits for the code, or
// reauthenticates the logged-in user. Returns authn.Errors for a wrong code.
func (s *Flows) ConfirmLoginCode(ctx context.Context, a *AwaitedCode, typed string) error {
	if err := s.verify(ctx, a, typed); err != nil {
		return err
	}
	if a.sess.Authenticated() {
		return s.confirmOwnCode(ctx, a)
	}
	return s.consumeThen(ctx, a, func(ctx context.Context) error {
		l := a.login()
		if err := s.verifyContact(ctx, a.sess, l); err != nil {
			return err
		}
		method := authn.Method{Name: "code", At: s.deps.Now(), Email: l.Email}
		if l.Email == "" {
			method.Phone = l.Phone
		}
		a.sess.AddMethod(l.UserID, method)
		return s.pipeline.Pass(ctx, a.sess, a.stage)
	})
}

// verifyContact marks the contact as verified to which the user's code was sent. If the
// code is the only authentication, the contact recovers the account, see reclaim.
// Returns work.ErrNotPending if the contact was removed, or cannot recover the account
// any more.
func (s *Flows) verifyContact(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	contact := cmp.Or(l.Email, l.Phone)
	if byCodeAlone(sess, l) {
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
	return s.storeVerifiedContact(ctx, sess, l)
}

// storeVerifiedContact marks the contact of the attempt, to which a code was sent, as
// verified.
func (s *Service) storeVerifiedContact(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	if l.Email == "" {
		return s.storeVerifiedPhone(ctx, l.UserID, l.Phone)
	}
	return s.ensureVerified(ctx, sess, account.EmailAddress{UserID: l.UserID, Email: l.Email}, "code")
}

// byCodeAlone reports whether the code is the only authentication of the login.
func byCodeAlone(sess *login.Session, l *login.Attempt) bool {
	return !l.Signup && (len(sess.State.Methods) == 0 || sess.State.MethodsOf != l.UserID)
}
