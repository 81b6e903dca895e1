package accounts

import (
	"context"

	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
)

const (
	purposeLoginCode = "login_code"
	// purposeReauthenticationCode keeps these codes apart from login codes: neither
	// counts as the other.
	purposeReauthenticationCode = "reauthentication_code"
	purposeVerifyPhone          = "phone_verification"
	// purposeVerifyEmail names the signature of links, too.
	purposeVerifyEmail = "email_verification"
	purposeResetCode   = "password_reset_code"
)

// loginCode are the codes by which a login proves who the user is.
func (s *Service) loginCode(l *login.Attempt) codes.Kind {
	return s.sentTo(l, purposeLoginCode, "account/login_code", "verification_code")
}

// ownCode are the codes by which a logged-in user proves it again.
func (s *Service) ownCode(l *login.Attempt) codes.Kind {
	return s.sentTo(l, purposeReauthenticationCode, "account/reauthentication_code", "reauthentication_code")
}

// sentTo are codes that are mailed or texted, by what the login goes by.
func (s *Service) sentTo(l *login.Attempt, purpose, mail, text string) codes.Kind {
	kind := codes.Kind{Purpose: purpose, Param: "code"}
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

// phoneCode are the codes that verify a number: for the login, or, if that is nil, for
// the logged-in user, who has to enter the number again for another code.
func (s *Service) phoneCode(sess *login.Session, l *login.Attempt) codes.Kind {
	kind := codes.Kind{Purpose: purposeVerifyPhone, Param: "code", Text: "verification_code", Taken: s.isPhoneTaken}
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

// emailCode are the codes that verify an address: for the login, or, if that is nil, for
// the logged-in user.
func (s *Service) emailCode(l *login.Attempt) codes.Kind {
	signup := l != nil && claimsEmail(l)
	kind := codes.Kind{Purpose: purposeVerifyEmail, Param: "key", Mail: confirmationKind(signup), Charge: s.takeConfirmEmail, Taken: s.isTaken}
	if s.cfg.EmailVerificationByCode != nil {
		kind.CodeConfig = *s.cfg.EmailVerificationByCode
	}
	return correctable(kind, signup)
}

// resetCode are the codes that reset a password.
func (s *Service) resetCode() codes.Kind {
	return codes.Kind{Purpose: purposeResetCode, Param: "key", Mail: "account/password_reset_code", CodeConfig: *s.cfg.PasswordResetByCode}
}

// correctable allows one correction of the contact after the sign-up in any case:
// without it a mistyped contact would lock the user out.
func correctable(kind codes.Kind, signup bool) codes.Kind {
	if !signup {
		kind.Changes = max(kind.Changes, 1)
	}
	return kind
}
