package accounts

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
)

const (
	purposeLoginCode = "login_code"
	// purposeReauthenticationCode differs from purposeLoginCode, so that codes of one
	// purpose are not accepted for the other.
	purposeReauthenticationCode = "reauthentication_code"
	purposeVerifyPhone          = "phone_verification"
	// purposeVerifyEmail is also the purpose of the signature of links.
	purposeVerifyEmail = "email_verification"
	purposeResetCode   = "password_reset_code"
)

// loginCode is the kind of codes that authenticate the user in a login.
func (s *Service) loginCode(l *login.Attempt) codes.Kind {
	return s.sentTo(l, purposeLoginCode, "account/login_code", "verification_code")
}

// ownCode is the kind of codes that reauthenticate a logged-in user.
func (s *Service) ownCode(l *login.Attempt) codes.Kind {
	return s.sentTo(l, purposeReauthenticationCode, "account/reauthentication_code", "reauthentication_code")
}

// sentTo returns a kind of codes that are mailed or texted, depending on the contact of
// the attempt.
func (s *Service) sentTo(l *login.Attempt, purpose, mail, text string) codes.Kind {
	kind := codes.Kind{Purpose: purpose, Param: "code", User: s.recipient, CodeConfig: *withDefaults(&account.CodeConfig{}, defaultLoginCodeTimeout)}
	if s.cfg.LoginByCode != nil {
		kind.CodeConfig = s.cfg.LoginByCode.CodeConfig
	}
	if l.Email != "" {
		kind.Mail = mail
	} else {
		kind.Text = text
	}
	return kind
}

// phoneCode is the kind of codes that verify a number: for the login, or, if l is nil, for
// the logged-in user, who has to enter the number again to get another code.
func (s *Service) phoneCode(sess *login.Session, l *login.Attempt) codes.Kind {
	kind := codes.Kind{Purpose: purposeVerifyPhone, Param: "code", Text: "verification_code", Taken: s.isPhoneTaken, User: s.recipient}
	kind.Charge = func(ctx context.Context, number string) error { return s.takeVerifyPhone(ctx, sess, number) }
	if s.cfg.Phone != nil {
		kind.CodeConfig = s.cfg.Phone.CodeConfig
	}
	if l == nil {
		kind.Resends = 0
		return kind
	}
	return correctable(kind, l.Signup)
}

// emailCode is the kind of codes that verify an address: for the login, or, if l is nil,
// for the logged-in user.
func (s *Service) emailCode(l *login.Attempt) codes.Kind {
	signup := l != nil && claimsEmail(l)
	kind := codes.Kind{Purpose: purposeVerifyEmail, Param: "key", Mail: confirmationKind(signup), Charge: s.takeConfirmEmail, Taken: s.isTaken, User: s.recipient}
	if s.cfg.EmailVerificationByCode != nil {
		kind.CodeConfig = *s.cfg.EmailVerificationByCode
	}
	return correctable(kind, signup)
}

// resetCode is the kind of codes that reset a password.
func (s *Service) resetCode() codes.Kind {
	return codes.Kind{Purpose: purposeResetCode, Param: "key", Mail: "account/password_reset_code", CodeConfig: *s.cfg.PasswordResetByCode, User: s.recipient}
}

// correctable returns the kind with at least one correction of the contact, except in a
// sign-up. Without it a user with a mistyped contact could not log in.
func correctable(kind codes.Kind, signup bool) codes.Kind {
	if !signup {
		kind.Changes = max(kind.Changes, 1)
	}
	return kind
}
