package social

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
)

// complete logs in or signs up the user of a verified identity, or connects the
// identity to the logged-in user. Afterwards sess shows whether the user is logged in.
func (s *Flows) complete(ctx context.Context, sess *login.Session, c *candidate, process Process) error {
	if err := s.deletePendingSignup(ctx, sess); err != nil {
		return err
	}
	if process == ProcessConnect {
		return s.connect(ctx, sess, c)
	}
	err := s.logInOrSignUp(ctx, sess, c)
	if errors.Is(err, errTaken) {
		// Another request connected the same identity, or changed the account that has
		// it, at the same time.
		err = s.logInOrSignUp(ctx, sess, c)
	}
	return err
}

// logInOrSignUp logs in the user who has the identity, or signs up a new user. Returns
// errTaken if another request changed the user of the identity at the same time.
func (s *Flows) logInOrSignUp(ctx context.Context, sess *login.Session, c *candidate) error {
	known, err := s.findAccount(ctx, c)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return err
	}
	if err == nil {
		return s.logInUser(ctx, sess, c, known.UserID, func(ctx context.Context) error {
			return s.updateAccount(ctx, c, known.UserID)
		})
	}
	owner, email, err := s.ownerByEmail(ctx, c)
	if err != nil {
		return err
	}
	if owner == "" {
		return s.signup(ctx, sess, c)
	}
	return s.logInUser(ctx, sess, c, owner, func(ctx context.Context) error {
		// Check again: another request may have removed the address meanwhile.
		now, err := s.accounts.VerifiedOwner(ctx, email)
		if err == nil && now != owner {
			return errTaken
		}
		if _, connect := s.emailAuthentication(c.entry); err == nil && connect {
			err = s.connectAccount(ctx, sess, c, owner)
		}
		return err
	})
}

// logInUser logs in an existing user, or reauthenticates a user who is logged in
// already. It calls after in the same transaction. Returns errNoLogin if the user was
// deleted or disabled.
func (s *Flows) logInUser(ctx context.Context, sess *login.Session, c *candidate, userID string,
	after func(ctx context.Context) error) error {
	_, err := s.identify(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		if !sess.Authenticated() {
			sess.SetLogin(nil)
		}
		return errNoLogin
	}
	if err != nil {
		return err
	}
	if err := s.beforeLogin(ctx, userID, c); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		if sess.Authenticated() && sess.UserID() != userID {
			s.accounts.Logout(ctx, sess)
		}
		if err := after(ctx); err != nil {
			return err
		}
		method := c.method(s.deps.Now())
		if sess.Authenticated() && c.repeated {
			return nil // a cached token does not reauthenticate the user
		}
		if sess.Authenticated() {
			method.Reauthenticated = true
			sess.AddMethod(userID, method)
			sess.Rotate()
			return nil
		}
		sess.AddMethod(userID, method)
		attempt := login.Attempt{UserID: userID}
		s.setEmailPolicy(&attempt)
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

// checkMayConnect returns errNotLoggedIn if no user is logged in,
// work.ErrReauthenticate if the user has not authenticated recently.
func (s *Flows) checkMayConnect(ctx context.Context, sess *login.Session) error {
	if !sess.Authenticated() {
		return errNotLoggedIn
	}
	return s.accounts.RequireRecent(ctx, sess)
}

// connect adds the account at the provider to the logged-in user. Returns the errors of
// checkMayConnect, and authn.Errors if another user has the account.
func (s *Flows) connect(ctx context.Context, sess *login.Session, c *candidate) error {
	if err := s.checkMayConnect(ctx, sess); err != nil {
		return err
	}
	if err := s.beforeLogin(ctx, sess.UserID(), c); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		known, err := s.findAccount(ctx, c)
		switch {
		case err == nil && known.UserID == sess.UserID():
			return s.updateAccount(ctx, c, known.UserID)
		case err == nil:
			return problem.List("", code.ConnectedOther)
		case !errors.Is(err, authn.ErrNotFound):
			return err
		}
		err = s.connectAccount(ctx, sess, c, sess.UserID())
		if errors.Is(err, errTaken) {
			return problem.List("", code.ConnectedOther)
		}
		return err
	})
}

// connectAccount stores the account at the provider for a user, publishes the event and
// mails the user. Returns errTaken if a user has the account already.
func (s *Flows) connectAccount(ctx context.Context, sess *login.Session, c *candidate, userID string) error {
	if err := s.createAccount(ctx, s.store, c, userID); err != nil {
		return err
	}
	work.Emit(ctx, userID, socialaccount.AccountConnected{Provider: c.Provider, UID: c.UID})
	return s.notify(ctx, sess, "socialaccount/account_connected", userID, c.entry.info.Name)
}

// createAccount stores the account at the provider. Returns errTaken if a user has it
// already.
func (s *Service) createAccount(ctx context.Context, store socialaccount.Store, c *candidate, userID string) error {
	now := s.deps.Now()
	account := socialaccount.Account{
		UserID: userID, Provider: c.Provider, UID: c.UID, ExtraData: c.ExtraData, CreatedAt: now, LastLogin: now,
	}
	var err error
	if account.Token, err = s.sealToken(c.Provider, c.UID, c.Token); err != nil {
		return err
	}
	err = store.CreateSocialAccount(ctx, account)
	if errors.Is(err, authn.ErrConflict) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("store account at provider: %w", err)
	}
	return nil
}

// updateAccount stores the current profile and token of the account at the provider. It
// is called only after the request was found to be that of the account's user. Returns
// errTaken if the account was disconnected at the same time.
func (s *Service) updateAccount(ctx context.Context, c *candidate, userID string) error {
	if c.storedUID != c.UID {
		if err := s.moveAccount(ctx, c, userID); err != nil {
			return err
		}
	}
	account := socialaccount.Account{UserID: userID, Provider: c.Provider, UID: c.UID, ExtraData: c.ExtraData, LastLogin: s.deps.Now()}
	err := s.store.UpdateSocialAccount(ctx, account)
	if errors.Is(err, authn.ErrNotFound) { // disconnected meanwhile
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("update account at provider: %w", err)
	}
	if err := s.updateToken(ctx, c); err != nil {
		return err
	}
	work.Emit(ctx, userID, socialaccount.AccountUpdated{Provider: c.Provider, UID: c.UID})
	return nil
}

// setEmailPolicy makes the attempt follow Config.EmailVerification.
func (s *Service) setEmailPolicy(l *login.Attempt) { l.EmailPolicy = s.cfg.EmailVerification }

// beforeLogin calls the host's hook BeforeLogin, unless the login continues after a
// sign-up form.
func (s *Service) beforeLogin(ctx context.Context, userID string, c *candidate) error {
	if s.cfg.BeforeLogin == nil || c.identity == nil {
		return nil
	}
	return s.cfg.BeforeLogin(ctx, userID, c.Provider, c.identity)
}

// ownerByEmail returns the id of the user who has verified an address that is verified at
// the provider as well, and the address. Both are empty if there is none, or if the
// address must not log in to the account.
func (s *Flows) ownerByEmail(ctx context.Context, c *candidate) (userID, email string, err error) {
	on, _ := s.emailAuthentication(c.entry)
	decide := s.cfg.AuthenticateByEmail
	if !on && decide == nil {
		return "", "", nil
	}
	for _, e := range c.Emails {
		if !e.Verified {
			continue
		}
		userID, err := s.accounts.VerifiedOwner(ctx, e.Email)
		if err == nil && userID == "" {
			continue
		}
		if err == nil && decide != nil {
			on, err = decide(ctx, userID, e.Email, c.Provider, c.publicIdentity())
		}
		if err != nil || on {
			return userID, e.Email, err
		}
	}
	return "", "", nil
}
