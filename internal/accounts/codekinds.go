package accounts

import (
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
)

const (
	purposeLoginCode = "login_code"
	// purposeReauthenticationCode keeps these codes apart from login codes: neither
	// counts as the other.
	purposeReauthenticationCode = "reauthentication_code"
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
