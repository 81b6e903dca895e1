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
		if err := s.sendLoginCode(ctx, s.loginCode(&attempt), &attempt); err != nil {
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

// sendLoginCode sends a code of that kind and notes in the login that it waits for it.
func (s *Service) sendLoginCode(ctx context.Context, kind codes.Kind, l *login.Attempt) (err error) {
	to := codes.Recipient{UserID: l.UserID, Contact: cmp.Or(l.Email, l.Phone)}
	if l.UserID == "" {
		to.Instead = func(ctx context.Context) error {
			switch {
			case l.Signup:
				return nil // it tells the owner that they have an account
			case l.Email != "":
				return s.mailUnknownAccount(ctx, l.Email)
			}
			return s.textUnknownAccount(ctx, l.Phone)
		}
	}
	l.LoginCode, err = s.codes.New(kind).Send(ctx, to)
	return err
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
	return login.Wait, s.sendLoginCode(ctx, s.loginCode(l), l)
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

// LoginCode returns the code that a login of the session waits for, or that proves
// again who is logged in. work.ErrNotPending if there is none.
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

// ConfirmLoginCode goes on with the login that waits for the code, or proves
// again who is logged in.
func (s *Flows) ConfirmLoginCode(ctx context.Context, a *AwaitedCode, typed string) error {
	if err := s.verify(ctx, a, typed); err != nil {
		return err
	}
	if a.sess.Authenticated() {
		return s.confirmOwnCode(ctx, a)
	}
	return s.use(ctx, a, func(ctx context.Context) error {
		l := a.login()
		if err := s.proveByCode(ctx, a.sess, l); err != nil {
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
		return s.provePhone(ctx, l.UserID, l.Phone)
	}
	return s.proveAgain(ctx, sess, account.EmailAddress{UserID: l.UserID, Email: l.Email}, "code")
}

// recovers reports whether nothing but a code speaks for whoever logs in.
func recovers(sess *login.Session, l *login.Attempt) bool {
	return !l.Signup && (len(sess.State.Methods) == 0 || sess.State.MethodsOf != l.UserID)
}
