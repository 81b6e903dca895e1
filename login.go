package allauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/api"
	"github.com/allauth-go/allauth/internal/login"
)

// LoginOptions describe a login of a user whom the host has authenticated itself.
// The zero value says nothing about the user but that, so the login waits at every
// stage at which one with a password waits.
type LoginOptions struct {
	// Method is how the host authenticated the user, as clients see it in
	// data.methods. Its Name is "password", "code" with an Email or Phone,
	// "socialaccount" with a Provider and a UID, or "host". The zero value is "host"
	// at the present time.
	Method authn.Method
	// AllowUnverified logs in users who have not verified their email address or phone
	// number. The address stays unverified.
	AllowUnverified bool
	// SecondFactorChecked says that the host has checked a second factor of its own,
	// such as the one of an identity provider. The login does not wait for one, nor
	// for a required code, nor until the user adds one (MFA.RequiredFor), and RequireMFA
	// accepts the session.
	SecondFactorChecked bool
	// Client is the client of NewSessionToken, for the user's list of sessions. LogIn
	// describes that of the request.
	Client authn.Client
}

// LoginResult says how far a login came.
type LoginResult struct {
	// User is the user who is logged in, nil if the login waits at a stage.
	User *authn.User
	// Pending is the stage at which the login waits, like "verify_email" or
	// "mfa_authenticate" in data.flows. The client continues at the API. It is empty
	// if User is set.
	Pending string
	// SessionToken is the token for the header X-Session-Token, AccessToken and
	// RefreshToken are those of Config.Tokens. They are empty after LogIn, and the
	// last two also while the login is pending.
	SessionToken, AccessToken, RefreshToken string
}

// LogIn logs in a user whom the host has authenticated itself, for example by its own
// single sign-on. It sets the session cookie of the browser that sent r, with a new
// token, and must be called before the response is written. It logs out another user,
// and reauthenticates a user who is logged in already. UserFrom describes the session
// from the next request on.
//
// LogIn does not check that the browser wanted the login: in a response to a provider
// compare its state first, and wrap your own form in ProtectForms.
//
// It returns [authn.ErrNotFound] if there is no such user, [authn.ErrForbidden] if the
// user is disabled, or in a request of a user who acts as another one, see Impersonate,
// the error of Config.BeforeLogin if that refuses the login, [authn.ErrConflict] if another
// request of the browser changed the session meanwhile, ratelimit.ErrLimited if a code
// cannot be sent now, and [errors.ErrUnsupported] if Headless.Clients has no browser.
func (a *Auth) LogIn(w http.ResponseWriter, r *http.Request, userID string, options LoginOptions) (LoginResult, error) {
	in, err := a.hostLogin(r.Context(), login.Browser, userID, options)
	if err != nil {
		return LoginResult{}, fmt.Errorf("allauth: log in: %w", err)
	}
	return loginResult(a.handler.LogIn(w, r, in))
}

// NewSessionToken logs in a user whom the host has authenticated itself, in a new
// session of an app. It returns the errors of LogIn. If ctx is that of a request below
// Middleware, a user who acts as another one gets no session.
func (a *Auth) NewSessionToken(ctx context.Context, userID string, options LoginOptions) (LoginResult, error) {
	in, err := a.hostLogin(ctx, login.App, userID, options)
	if err != nil {
		return LoginResult{}, fmt.Errorf("allauth: log in: %w", err)
	}
	return loginResult(a.handler.LogInApp(ctx, options.Client, in))
}

func loginResult(s api.HostSession, err error) (LoginResult, error) {
	if err != nil {
		return LoginResult{}, fmt.Errorf("allauth: log in: %w", err)
	}
	return LoginResult{User: s.User, Pending: s.Pending, SessionToken: s.SessionToken, AccessToken: s.AccessToken, RefreshToken: s.RefreshToken}, nil
}

// hostLogin returns the login that the options describe. It refuses those in a request of
// an impersonation: they would make it a session of the user that names no actor.
func (a *Auth) hostLogin(ctx context.Context, kind login.Kind, userID string, options LoginOptions) (api.HostLogin, error) {
	if !a.serves(kind) {
		return api.HostLogin{}, fmt.Errorf("Headless.Clients has no %s: %w", kind, errors.ErrUnsupported)
	}
	if by := a.sessionFrom(ctx); by != nil && by.Actor != nil {
		return api.HostLogin{}, authn.ErrForbidden
	}
	m := options.Method
	m.Name = cmp.Or(m.Name, "host")
	if m.At.IsZero() {
		m.At = a.cfg.Now()
	}
	switch {
	case m.Name == "code" && (m.Email == "") == (m.Phone == ""):
		return api.HostLogin{}, errors.New("a Method with the name code needs either an Email or a Phone")
	case m.Name == "socialaccount" && (m.Provider == "" || m.UID == ""):
		return api.HostLogin{}, errors.New("a Method with the name socialaccount needs a Provider and a UID")
	case m.Name != "host" && m.Name != "password" && m.Name != "code" && m.Name != "socialaccount":
		return api.HostLogin{}, fmt.Errorf("a Method cannot have the name %q; leave it empty, or set SecondFactorChecked after a second factor", m.Name)
	}
	in := api.HostLogin{UserID: userID, Methods: []authn.Method{m}}
	if options.AllowUnverified {
		in.Skipped = append(in.Skipped, login.StageVerifyPhone, login.StageVerifyEmail)
	}
	if options.SecondFactorChecked {
		in.Methods = append(in.Methods, authn.Method{Name: "mfa", Type: "host", At: m.At})
		in.Skipped = append(in.Skipped, login.StageLoginByCode, login.StageMFAAuthenticate, login.StageMFAEnroll)
	}
	return in, nil
}

// LogOut ends the session of r as DELETE auth/session does, and clears its cookie. If
// the user acts as another one, only that ends, see Impersonate. It is not an error if
// no user is logged in. Wrap the host's form in ProtectForms, so that other sites cannot
// log out users.
func (a *Auth) LogOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.handler.LogOut(w, r, a.kindOf(r)); err != nil {
		return fmt.Errorf("allauth: log out: %w", err)
	}
	return nil
}

// kindOf returns the kind of client of a request: that of the session that Middleware
// has loaded, or else the one whose credentials it has.
func (a *Auth) kindOf(r *http.Request) login.Kind {
	if s := a.sessionFrom(r.Context()); s != nil {
		return s.Kind
	}
	return a.handler.KindOf(r)
}
