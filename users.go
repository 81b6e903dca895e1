package allauth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// Users administers users from the host's own code. Each call that changes something is
// one transaction that locks the user; it publishes events, with the actor of
// [WithActor], and mails the owner where a change by the user would. Rate limits do not
// apply, except that an address gets as many mails as in the API.
//
// Methods return [authn.ErrNotFound] if there is no such user. Those that list users, or
// change them other than in the library's own tables, return [users.ErrUnsupported] if
// the store has no [users.Directory]. A Users is safe for concurrent use.
type Users struct{ auth *Auth }

// Users returns the administration of users.
func (a *Auth) Users() *Users { return &Users{a} }

// failed returns err with the name of the call, or nil.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("allauth: %s: %w", call, err)
}

// ByID returns the user with that ID.
func (u *Users) ByID(ctx context.Context, userID string) (*users.Account, error) {
	ctx, _ = u.auth.work.Begin(ctx) // which reads the account once
	found, err := u.auth.account.AccountOf(ctx, userID)
	return found, failed("load user", err)
}

// ByEmail returns the user who has verified the email address, or else the first one who
// has it.
func (u *Users) ByEmail(ctx context.Context, email string) (*users.Account, error) {
	return u.by(ctx, account.LoginByEmail, email)
}

// ByUsername returns the user with that username, in any case.
func (u *Users) ByUsername(ctx context.Context, username string) (*users.Account, error) {
	return u.by(ctx, account.LoginByUsername, username)
}

// ByPhone returns the user who has verified the phone number, or else the first one who
// has it.
func (u *Users) ByPhone(ctx context.Context, number string) (*users.Account, error) {
	return u.by(ctx, account.LoginByPhone, number)
}

func (u *Users) by(ctx context.Context, method account.LoginMethod, value string) (*users.Account, error) {
	id, err := u.auth.account.UserIDBy(ctx, method, value)
	if err != nil {
		return nil, failed("look up user", err)
	}
	return u.ByID(ctx, id)
}

// List returns a page of the users whom the filter selects. It returns
// [users.ErrInvalidCursor] if the cursor is not that of a page with the same filter.
func (u *Users) List(ctx context.Context, filter users.Filter) (*users.Page, error) {
	ids, next, err := u.auth.account.ListUsers(ctx, filter)
	if err != nil {
		return nil, failed("list users", err)
	}
	page := &users.Page{Next: next}
	for _, id := range ids {
		found, err := u.ByID(ctx, id)
		if isMissing(err) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		page.Users = append(page.Users, *found)
	}
	return page, nil
}

// Create creates a user. What another user has, or is invalid, is left out and listed in
// Skipped of the result. It calls no hook and, unless Invite is set, sends no mail. The
// error is that of the result's Err, or one of the store.
func (u *Users) Create(ctx context.Context, in users.Create) (users.Result, error) {
	results, err := u.CreateMany(ctx, []users.Create{in})
	if err != nil {
		return users.Result{}, err
	}
	return results[0], failed("create user", results[0].Err)
}

// CreateMany creates users in one transaction, for imports: a few hundred at a time. The
// results are in the order of the list. A user who cannot be created, see Err of the
// result, does not keep the others from being created.
func (u *Users) CreateMany(ctx context.Context, list []users.Create) ([]users.Result, error) {
	var results []users.Result
	err := u.auth.administer(ctx, func(ctx context.Context) (err error) {
		results, err = u.auth.account.CreateUsers(ctx, list)
		return err
	})
	return results, failed("create users", err)
}

// change calls f, which changes a user, as one unit of work.
func (u *Users) change(ctx context.Context, call string, f func(ctx context.Context) error) error {
	return failed(call, u.auth.administer(ctx, f))
}

// administer calls f in a transaction that locks the user, as one unit of work.
func (u *Users) administer(ctx context.Context, call, userID string, f func(ctx context.Context) error) error {
	return u.change(ctx, call, func(ctx context.Context) error {
		return u.auth.account.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error { return f(ctx) })
	})
}

// Update changes the username, the display name or the custom fields. It returns
// [authn.Errors] if the username is invalid, and [authn.ErrConflict] if it is taken.
func (u *Users) Update(ctx context.Context, userID string, in users.Update) error {
	return u.change(ctx, "update user", func(ctx context.Context) error { return u.auth.account.UpdateUser(ctx, userID, in) })
}

// SetPassword sets the password, ends all sessions, and makes reset keys and an
// invitation invalid. The password policy does not apply. It returns
// password.ErrTooLong if the password is longer than 1024 bytes.
func (u *Users) SetPassword(ctx context.Context, userID, password string) error {
	return u.change(ctx, "set password", func(ctx context.Context) error {
		return u.auth.account.SetPassword(ctx, userID, password)
	})
}

// Disable disables a user and ends all sessions with their refresh tokens, pending logins,
// the trust in browsers, codes, reset keys and invitations. Access tokens are valid until
// they expire if Tokens.StatelessValidation is set.
func (u *Users) Disable(ctx context.Context, userID string) error {
	return u.change(ctx, "disable user", func(ctx context.Context) error { return u.auth.account.Disable(ctx, userID) })
}

// Enable enables a user. Nothing that Disable has ended is valid again.
func (u *Users) Enable(ctx context.Context, userID string) error {
	return u.change(ctx, "enable user", func(ctx context.Context) error { return u.auth.account.Enable(ctx, userID) })
}

// Sessions returns the sessions of a user that have not ended, oldest first.
func (u *Users) Sessions(ctx context.Context, userID string) ([]users.Session, error) {
	id, err := u.auth.account.Identify(ctx, userID)
	if err != nil {
		return nil, failed("list sessions", err)
	}
	rows, err := u.auth.sessions.List(ctx, id)
	var list []users.Session
	for _, row := range rows {
		kind := row.Kind
		if kind == "browser host" {
			kind = "browser"
		}
		list = append(list, users.Session{
			ID: row.ID, Kind: kind, IP: row.IP, UserAgent: row.UserAgent, CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, ExpiresAt: row.ExpiresAt,
		})
	}
	return list, failed("list sessions", err)
}

// EndSession ends one session of a user, and the trust in browsers. It returns
// [authn.ErrNotFound] if the user does not have the session.
func (u *Users) EndSession(ctx context.Context, userID, sessionID string) error {
	return u.administer(ctx, "end session", userID, func(ctx context.Context) error {
		rows, err := u.auth.store.SessionsByUser(ctx, userID)
		if err != nil {
			return err
		}
		ids := make([]string, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
		}
		if !slices.Contains(ids, sessionID) {
			return authn.ErrNotFound
		}
		if err := u.auth.pipeline.Distrust(ctx, userID); err != nil {
			return err
		}
		work.Emit(ctx, userID, users.SessionsEnded{SessionID: sessionID})
		return u.auth.sessions.End(ctx, sessionID)
	})
}

// EndSessions ends all sessions and pending logins of a user, and the trust in browsers.
func (u *Users) EndSessions(ctx context.Context, userID string) error {
	return u.administer(ctx, "end sessions", userID, func(ctx context.Context) error {
		if err := u.auth.pipeline.Distrust(ctx, userID); err != nil {
			return err
		}
		work.Emit(ctx, userID, users.SessionsEnded{})
		return u.auth.account.EndLogins(ctx, userID)
	})
}

// AddEmail adds an email address. If it is not verified and addresses are verified by
// link, the user gets one. It returns [authn.ErrConflict] if the user has the address or
// another user has verified it, and [authn.Errors] if it is invalid, if the account
// cannot have more addresses, or if its second factors forbid an unverified one.
func (u *Users) AddEmail(ctx context.Context, userID, email string, verified bool) error {
	return u.change(ctx, "add email address", func(ctx context.Context) error {
		return u.auth.account.AddEmailOf(ctx, userID, email, verified)
	})
}

// SetEmailVerified marks an email address as verified. Other users who have it
// unverified cannot verify it any more. It returns [authn.ErrNotFound] if the user does
// not have the address, and [authn.ErrConflict] if another user has verified it.
func (u *Users) SetEmailVerified(ctx context.Context, userID, email string) error {
	return u.change(ctx, "verify email address", func(ctx context.Context) error {
		return u.auth.account.SetEmailVerified(ctx, userID, email)
	})
}

// SetPrimary makes an email address the primary one, and mails the former one. It
// returns [authn.ErrNotFound] if the user does not have the address, and
// [authn.ErrConflict] if it is unverified and another one is verified.
func (u *Users) SetPrimary(ctx context.Context, userID, email string) error {
	return u.change(ctx, "set primary email address", func(ctx context.Context) error {
		return u.auth.account.SetPrimaryOf(ctx, userID, email)
	})
}

// ResetFactors removes all second factors, passkeys and recovery codes, and the trust in
// browsers, for users who have lost them.
func (u *Users) ResetFactors(ctx context.Context, userID string) error {
	if u.auth.mfa == nil {
		return errMFAOff
	}
	return u.administer(ctx, "reset factors", userID, func(ctx context.Context) error { return u.auth.mfa.Reset(ctx, userID) })
}

// SendPasswordReset mails a link with which the user chooses a new password, even if
// users reset theirs by code. The empty email stands for the primary address. It makes
// an invitation invalid. It returns [authn.ErrNotFound] if the user does not have the
// address, [users.ErrNoEmail] if there is none, and [authn.ErrConflict] if the user is
// disabled, or if the address is unverified and another one is verified.
func (u *Users) SendPasswordReset(ctx context.Context, userID, email string) error {
	return u.change(ctx, "send password reset", func(ctx context.Context) error {
		return u.auth.account.SendPasswordReset(ctx, userID, email)
	})
}

// SendVerification mails a link to verify an email address, the primary one if email is
// empty. It returns [authn.ErrConflict] if a user has verified it, ratelimit.ErrLimited
// if the address got too many mails, and [users.ErrUnsupported] if addresses are
// verified by code, which a login sends.
func (u *Users) SendVerification(ctx context.Context, userID, email string) error {
	return u.change(ctx, "send verification", func(ctx context.Context) error {
		return u.auth.account.SendVerification(ctx, userID, email)
	})
}

// Invite mails an invitation to an email address of the user, the primary one if email
// is empty. Its link leads to the page Headless.FrontendURLs.ResetPasswordFromKey, is
// valid for seven days and works once; it verifies the address. A later invitation, a
// password reset, SetPassword and Disable make it invalid.
//
// Until the user accepts an invitation, the account cannot be used in any other way,
// whatever else it has: logins and resets are answered as for an unknown account, even
// after the invitation has expired.
//
// It returns [authn.ErrConflict] if the user is disabled, has a password, a second
// factor or an account at a provider, or if another user has verified the address, and
// [users.ErrNoEmail] if there is no address. Invite and SendPasswordReset return
// [users.ErrUnsupported] if users log in through providers only.
func (u *Users) Invite(ctx context.Context, userID, email string) error {
	return u.change(ctx, "invite", func(ctx context.Context) error { return u.auth.account.Invite(ctx, userID, email) })
}

// isMissing reports whether err means that there is no such user.
func isMissing(err error) bool { return errors.Is(err, authn.ErrNotFound) }
