package timing_test

import (
	"context"
	"slices"
	"strings"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// pair is what a client does about one of two subjects, of which it must not
// learn which it is.
type pair struct {
	name string
	edit []func(cfg *allauth.Config)
	// known makes an account to ask about, or what is taken; unknown makes what
	// looks like it.
	known, unknown func(w *world) subject
	steps          []step
	// told lists the modes in which the answer says which it is.
	told []account.Enumeration
}

// step is one request.
type step struct {
	name   string
	status int
	do     func(c *clienttest.Client, s subject) *clienttest.Answer
}

func post(name string, status int, endpoint string, input func(s subject) body) step {
	return step{name, status, func(c *clienttest.Client, s subject) *clienttest.Answer {
		if input == nil {
			return c.Post(endpoint, nil)
		}
		return c.Post(endpoint, input(s))
	}}
}

// times repeats a step.
func times(n int, s step) []step { return slices.Repeat([]step{s}, n) }

const wrongCode = "BBBB-BBBB"

var (
	allowed = []account.Enumeration{account.AllowEnumeration}

	signup = post("sign up", 401, "auth/signup", func(s subject) body {
		return body{"email": s.email, "password": clienttest.Password}
	})
	signupWithUsername = post("sign up", 401, "auth/signup", func(s subject) body {
		return body{"email": s.email, "username": "own" + s.username, "password": clienttest.Password}
	})
	signupByPhone = post("sign up", 401, "auth/signup", func(s subject) body {
		return body{"phone": s.phone, "password": clienttest.Password}
	})
	signupByBoth = post("sign up", 401, "auth/signup", func(s subject) body {
		return body{"email": s.email, "phone": s.phone, "password": clienttest.Password}
	})
	signupByPasskey = post("sign up", 401, "auth/webauthn/signup", func(s subject) body { return body{"email": s.email} })

	resendEmail  = post("resend", 200, "auth/email/verify/resend", nil)
	resendPhone  = post("resend", 200, "auth/phone/verify/resend", nil)
	correctEmail = post("correct", 200, "account/email", func(s subject) body { return body{"email": s.corrected.email} })
	correctPhone = post("correct", 202, "account/phone", func(s subject) body { return body{"phone": s.corrected.phone} })
	guessEmail   = post("wrong code", 400, "auth/email/verify", func(subject) body { return body{"key": wrongCode} })
	guessPhone   = post("wrong code", 400, "auth/phone/verify", func(subject) body { return body{"code": wrongCode} })

	loginFirst = post("log in", 200, "auth/login", func(s subject) body {
		return body{"email": s.email, "password": clienttest.Password}
	})
	loginWaits = post("log in", 401, "auth/login", func(s subject) body {
		return body{"email": s.email, "password": clienttest.Password}
	})
	loginPhoneWaits = post("log in", 401, "auth/login", func(s subject) body {
		return body{"phone": s.phone, "password": clienttest.Password}
	})
	addEmail    = post("add", 200, "account/email", func(s subject) body { return body{"email": s.corrected.email} })
	changePhone = post("change", 202, "account/phone", func(s subject) body { return body{"phone": s.corrected.phone} })
	resendOwn   = step{"resend", 403, func(c *clienttest.Client, s subject) *clienttest.Answer {
		return c.Put("account/email", body{"email": s.corrected.email})
	}}

	loginByEmail = post("log in", 400, "auth/login", func(s subject) body {
		return body{"email": s.email, "password": "wrong-wrong-1"}
	})
	loginByUsername = post("log in", 400, "auth/login", func(s subject) body {
		return body{"username": s.username, "password": "wrong-wrong-1"}
	})
	loginByPhone = post("log in", 400, "auth/login", func(s subject) body {
		return body{"phone": s.phone, "password": "wrong-wrong-1"}
	})

	requestCode      = post("request", 401, "auth/code/request", func(s subject) body { return body{"email": s.email} })
	requestCodeText  = post("request", 401, "auth/code/request", func(s subject) body { return body{"phone": s.phone} })
	resendCode       = post("resend", 200, "auth/code/resend", nil)
	guessCode        = post("wrong code", 400, "auth/code/confirm", func(subject) body { return body{"code": wrongCode} })
	requestReset     = post("request", 200, "auth/password/request", func(s subject) body { return body{"email": s.email} })
	requestResetCode = post("request", 401, "auth/password/request", func(s subject) body { return body{"email": s.email} })
	guessReset       = post("wrong code", 400, "auth/password/reset", func(subject) body {
		return body{"key": wrongCode, "password": "Another-1-horse"}
	})
	guessKey = post("wrong key", 400, "auth/password/reset", func(subject) body {
		return body{"key": "aaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb", "password": "Another-1-horse"}
	})
)

// refused is the step with another status: the limit is reached.
func refused(status int, s step) step {
	s.name, s.status = s.name+", limited", status
	return s
}

func free(w *world) subject     { return w.free() }
func verified(w *world) subject { return w.account() }

// unverified is an account with nothing verified.
func unverified(w *world) subject {
	return w.account(func(in *clienttest.NewAccount) { in.EmailVerified, in.PhoneVerified = false, false })
}

// silentEmail and silentPhone are accounts with an address or number that does not
// speak for them: another contact is verified.
func silentEmail(w *world) subject {
	return w.account(func(in *clienttest.NewAccount) { in.EmailVerified = false })
}

func silentPhone(w *world) subject {
	return w.account(func(in *clienttest.NewAccount) { in.PhoneVerified = false })
}

// takenPhone is a free address beside a number that is taken.
func takenPhone(w *world) subject {
	s := w.free()
	s.phone = w.account().phone
	return s
}

func disabled(w *world) subject {
	s := w.account()
	if err := w.Auth.Users().Disable(w.t.Context(), s.userID); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func passwordless(w *world) subject {
	return w.account(func(in *clienttest.NewAccount) { in.PasswordHash = "" })
}

// imported is an account with a hash of another system. The test replaces the
// hash at its end: while it is stored every refusal takes as long as it does.
func imported(hash func() string) func(w *world) subject {
	return func(w *world) subject {
		s := w.account(func(in *clienttest.NewAccount) { in.PasswordHash = hash() })
		w.t.Cleanup(func() {
			if err := w.store.SwapPasswordHash(context.Background(), s.userID, hash(), cheapHash); err != nil {
				w.t.Error(err)
			}
		})
		return s
	}
}

// beside is a subject where there is an account with a hash of another system.
func beside(hash func() string, make func(w *world) subject) func(w *world) subject {
	return func(w *world) subject {
		imported(hash)(w)
		return make(w)
	}
}

// freeToFree, freeToTaken and takenToFree are sign-ups whose address or number
// is corrected.
func freeToFree(w *world) subject  { return w.free().correctedTo(w.free()) }
func freeToTaken(w *world) subject { return w.free().correctedTo(w.account()) }
func takenToFree(w *world) subject { return w.account().correctedTo(w.free()) }

// ownerOfTaken and ownerOfFree are accounts that get another address or number.
func ownerOfTaken(w *world) subject { return w.account().correctedTo(w.account()) }
func ownerOfFree(w *world) subject  { return w.account().correctedTo(w.free()) }

// unverifiedToTaken and unverifiedToFree are accounts without a verified contact, which
// are given another one while a login waits.
func unverifiedToTaken(w *world) subject { return unverified(w).correctedTo(w.account()) }
func unverifiedToFree(w *world) subject  { return unverified(w).correctedTo(w.free()) }

func freeToSilent(w *world) subject { return w.free().correctedTo(silentEmail(w)) }

func takenToTaken(w *world) subject {
	return w.account().correctedTo(w.account())
}

func codes(cfg *allauth.Config) {
	again := account.CodeConfig{Resends: 2, Changes: 2}
	cfg.Account.EmailVerificationByCode = &again
	cfg.Account.PasswordResetByCode = &account.CodeConfig{}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: again}
}

func phones(cfg *allauth.Config) {
	again := account.CodeConfig{Resends: 2, Changes: 2}
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByPhone, account.LoginByEmail}
	cfg.Account.SignupFields = []string{"phone*", "email", "password1*"}
	cfg.Account.EmailVerification = authn.VerificationOptional
	cfg.Account.Phone = &account.PhoneConfig{CodeConfig: again}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: again}
	// One request follows the other here.
	cfg.RateLimits = map[string]string{"verify_phone": "10/30s/key,30/m/ip", "change_phone": "10/m/user"}
}

func passkeys(cfg *allauth.Config) {
	codes(cfg)
	cfg.BaseURL = strings.Replace(cfg.BaseURL, "127.0.0.1", "localhost", 1) // keys are bound to names
	cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn}, PasskeyLoginEnabled: true, PasskeySignupEnabled: true}
}

func usernames(cfg *allauth.Config) {
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
	cfg.Account.SignupFields = []string{"username", "email*", "password1*"}
}

// generated gives users who sign up a username. namedByAddress is an account that got
// one so, and freeWithTakenName a free address of which it would be that of another user.
var generated = setting(func(cfg *account.Config) { cfg.GenerateUsernames = true })

func namedByAddress(w *world) subject {
	return w.account(func(in *clienttest.NewAccount) { in.Username, _, _ = strings.Cut(in.Email, "@") })
}

func freeWithTakenName(w *world) subject {
	s := w.free()
	w.account(func(in *clienttest.NewAccount) { in.Username, _, _ = strings.Cut(s.email, "@") })
	return s
}

func setting(edit func(cfg *account.Config)) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) { edit(&cfg.Account) }
}

var (
	silent = setting(func(cfg *account.Config) { cfg.DisableEmailUnknownAccounts = true })
	judged = func(cfg *allauth.Config) {
		cfg.BeforeLogin = func(context.Context, *authn.User, []authn.Method) error { return nil }
	}
	codesRequired = setting(func(cfg *account.Config) { cfg.LoginByCode.Required = true })
	// oftener lets one request follow the other.
	oftener = func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"confirm_email": "10/s/key"} }
)

func with(edit ...func(cfg *allauth.Config)) []func(cfg *allauth.Config) { return edit }

func list(first step, rest ...[]step) []step { return append([]step{first}, slices.Concat(rest...)...) }

// pairs are all of them.
var pairs = []pair{
	{"sign-up by link", nil, verified, free, []step{signup}, allowed},
	{"sign-up by link, address unverified", nil, unverified, free, []step{signup}, allowed},
	{"sign-up by link, address silent", nil, silentEmail, free, []step{signup}, nil},
	{"sign-up by link, again", nil, verified, free, []step{signup, signup}, allowed},
	{"sign-up by link, logins judged by the host", with(judged), verified, free, []step{signup}, allowed},
	{"sign-up by code, logins judged by the host", with(codes, judged), verified, free, []step{signup}, allowed},
	{"sign-up by link with a username", with(usernames), verified, free, []step{signup}, allowed},
	{"sign-up by link with a generated username", with(generated), namedByAddress, free, []step{signup}, allowed},
	{"sign-up by link with a generated username that is taken", with(generated), namedByAddress, freeWithTakenName, []step{signup}, allowed},
	{"sign-up by link with a username that was typed", with(usernames), verified, free, []step{signupWithUsername}, allowed},
	{"sign-up by code", with(codes, oftener), verified, free, []step{signup, resendEmail, guessEmail, resendEmail}, allowed},
	{"sign-up by code, limited", with(codes), verified, free, []step{signup, refused(429, resendEmail), refused(429, signup)}, allowed},
	{"sign-up by code, address corrected to a taken one", with(codes, oftener), freeToTaken, freeToFree,
		[]step{signup, correctEmail, resendEmail, guessEmail}, allowed},
	{"sign-up by code, address silent", with(codes, oftener), silentEmail, free, []step{signup, resendEmail, guessEmail}, nil},
	{"sign-up by code, address corrected to a silent one", with(codes, oftener), freeToSilent, freeToFree, []step{signup, correctEmail}, nil},
	{"sign-up by code, taken address corrected", with(codes, oftener), takenToFree, freeToFree,
		[]step{signup, correctEmail, resendEmail, guessEmail}, allowed},
	{"sign-up by code, taken address corrected to a taken one", with(codes, oftener), takenToTaken, freeToFree,
		[]step{signup, correctEmail, resendEmail, guessEmail}, allowed},
	{"sign-up where a code is required", with(codes, codesRequired), verified, free, []step{signup, resendCode, guessCode}, allowed},

	{"sign-up by phone", with(phones), verified, free, []step{signupByPhone, resendPhone, guessPhone}, allowed},
	{"sign-up by phone, number unverified", with(phones), unverified, free, []step{signupByPhone, resendPhone, guessPhone}, allowed},
	{"sign-up by phone, number silent", with(phones), silentPhone, free, []step{signupByPhone, resendPhone, guessPhone}, nil},
	{"sign-up by phone and address", with(phones), takenPhone, free, []step{signupByBoth, resendPhone, guessPhone}, allowed},
	{"sign-up by phone, number corrected to a taken one", with(phones), freeToTaken, freeToFree,
		[]step{signupByPhone, correctPhone, resendPhone, guessPhone}, allowed},
	{"sign-up by phone, taken number corrected", with(phones), takenToFree, freeToFree,
		[]step{signupByPhone, correctPhone, resendPhone, guessPhone}, allowed},
	{"sign-up by phone, taken number corrected to a taken one", with(phones), takenToTaken, freeToFree,
		[]step{signupByPhone, correctPhone, resendPhone, guessPhone}, allowed},
	{"sign-up by phone where a code is required", with(phones, codesRequired), verified, free, []step{signupByPhone, resendCode, guessCode}, allowed},

	{"sign-up by passkey", with(passkeys, oftener), verified, free, []step{signupByPasskey, resendEmail, guessEmail}, allowed},

	{"sign-up by provider", with(provider), verified, free, []step{signupByProvider}, allowed},
	{"sign-up by provider, by code", with(codes, provider), verified, free, []step{signupByProvider, refused(429, resendEmail)}, allowed},
	{"sign-up by provider with a form", with(provider, providerForm), verified, free, []step{providerAsksForm, completeByProvider}, allowed},
	{"sign-up by provider with a number and another address", with(phones, provider, providerForm), takenPhone, free,
		[]step{providerVerifies, completeWithPhone}, allowed},

	{"another address by link", nil, ownerOfTaken, ownerOfFree, []step{loginFirst, addEmail, resendOwn}, allowed},
	{"another address by code", with(codes), ownerOfTaken, ownerOfFree, []step{loginFirst, addEmail, guessEmail}, allowed},
	{"address given in a login by link", with(oftener), unverifiedToTaken, unverifiedToFree, []step{loginWaits, correctEmail}, allowed},
	{"address given in a login by code", with(codes, oftener), unverifiedToTaken, unverifiedToFree, []step{loginWaits, correctEmail, guessEmail}, allowed},
	{"number given in a login", with(phones), unverifiedToTaken, unverifiedToFree, []step{loginPhoneWaits, correctPhone, guessPhone}, allowed},
	{"another number", with(phones), ownerOfTaken, ownerOfFree, []step{loginFirst, changePhone, guessPhone}, allowed},

	{"login by email", nil, verified, free, times(3, loginByEmail), nil},
	{"login by email, limited", nil, verified, free, times(7, loginByEmail), nil},
	{"login by email, address unverified", nil, unverified, free, []step{loginByEmail}, nil},
	{"login by email, disabled", nil, disabled, free, []step{loginByEmail}, nil},
	{"login by email, no password", nil, passwordless, free, []step{loginByEmail}, nil},
	{"login by username", with(usernames), verified, free, []step{loginByUsername}, nil},
	{"login by username, disabled", with(usernames), disabled, free, []step{loginByUsername}, nil},
	{"login by username, no password", with(usernames), passwordless, free, []step{loginByUsername}, nil},
	{"login by phone", with(phones), verified, free, []step{loginByPhone}, nil},
	{"login by phone, disabled", with(phones), disabled, free, []step{loginByPhone}, nil},

	{"wrong password, bcrypt hash", nil, imported(bcryptHash), beside(bcryptHash, free), times(3, loginByEmail), nil},
	{"wrong password, PBKDF2 hash of Django", nil, imported(djangoHash), beside(djangoHash, free), times(3, loginByEmail), nil},
	{"wrong password, own hash beside bcrypt", nil, beside(bcryptHash, verified), beside(bcryptHash, free), times(3, loginByEmail), nil},
	{"wrong password, no hash beside bcrypt", nil, beside(bcryptHash, passwordless), beside(bcryptHash, free), times(3, loginByEmail), nil},

	{"login code", with(codes), verified, free, list(requestCode, times(2, resendCode), times(3, guessCode)), allowed},
	{"login code, unknown accounts get no mail", with(codes, silent), verified, free, []step{requestCode, resendCode, guessCode}, allowed},
	{"login code, address unverified", with(codes), unverified, free, []step{requestCode, resendCode, guessCode}, allowed},
	{"login code, address silent", with(codes), silentEmail, free, []step{requestCode, resendCode, guessCode}, allowed},
	{"login code, disabled", with(codes), disabled, free, []step{requestCode, resendCode, guessCode}, allowed},
	{"login code, limited", with(codes), verified, free, append(times(3, requestCode), refused(400, requestCode)), allowed},
	{"login code by text", with(phones), verified, free, []step{requestCodeText, resendCode, guessCode}, allowed},
	{"login code by text, disabled", with(phones), disabled, free, []step{requestCodeText, resendCode, guessCode}, allowed},

	{"reset by link", nil, verified, free, []step{requestReset, requestReset, guessKey}, allowed},
	{"reset by link, unknown accounts get no mail", with(silent), verified, free, []step{requestReset}, allowed},
	{"reset by link, address unverified", nil, unverified, free, []step{requestReset}, allowed},
	{"reset by link, address silent", nil, silentEmail, free, []step{requestReset}, allowed},
	{"reset by link, disabled", nil, disabled, free, []step{requestReset}, allowed},
	{"reset by link, limited", nil, verified, free, append(times(5, requestReset), refused(429, requestReset)), allowed},
	{"reset by code", with(codes), verified, free, list(requestResetCode, times(3, guessReset)), allowed},
	{"reset by code, again", with(codes), verified, free, []step{requestResetCode, requestResetCode}, allowed},
	{"reset by code, unknown accounts get no mail", with(codes, silent), verified, free, []step{requestResetCode, guessReset}, allowed},
	{"reset by code, disabled", with(codes), disabled, free, []step{requestResetCode, guessReset}, allowed},
}
