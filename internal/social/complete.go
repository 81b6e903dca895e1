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

// finish is what a login through a provider comes to, whichever way the
// provider vouched for somebody. The session tells the outcome.
func (s *Flows) finish(ctx context.Context, sess *login.Session, c *candidate, process Process) error {
	if err := s.dropPendingSignup(ctx, sess); err != nil {
		return err
	}
	if process == ProcessConnect {
		return s.connect(ctx, sess, c)
	}
	err := s.login(ctx, sess, c)
	if errors.Is(err, errTaken) {
		// Another request with the same identity was faster, or changed the
		// account that it led to.
		err = s.login(ctx, sess, c)
	}
	return err
}

// login logs in to the account that the identity belongs to, or signs up.
func (s *Flows) login(ctx context.Context, sess *login.Session, c *candidate) error {
	known, err := s.store.SocialAccount(ctx, c.Provider, c.UID)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("look up account at provider: %w", err)
	}
	if err == nil {
		return s.loginKnown(ctx, sess, c, known.UserID, s.touch)
	}
	owner, connect, err := s.ownerByEmail(ctx, c)
	if errors.Is(err, authn.ErrNotFound) {
		return s.signup(ctx, sess, c)
	}
	if err != nil {
		return err
	}
	return s.loginKnown(ctx, sess, c, owner, func(ctx context.Context, sess *login.Session, c *candidate, userID string) error {
		// Once more: the address may have left the account meanwhile.
		now, _, err := s.ownerByEmail(ctx, c)
		if errors.Is(err, authn.ErrNotFound) || err == nil && now != userID {
			return errTaken
		}
		if err == nil && connect {
			err = s.attach(ctx, sess, c, userID)
		}
		return err
	})
}

// loginKnown logs in a user who exists, or takes it as a new authentication
// if that user is logged in already. after runs in the same transaction.
func (s *Flows) loginKnown(ctx context.Context, sess *login.Session, c *candidate, userID string,
	after func(context.Context, *login.Session, *candidate, string) error) error {
	_, err := s.identify(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		if !sess.Authenticated() {
			sess.SetLogin(nil)
		}
		return errNoUser
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
		if err := after(ctx, sess, c, userID); err != nil {
			return err
		}
		method := c.method(s.deps.Now())
		if sess.Authenticated() && c.repeated {
			return nil // a token from a cache is no new authentication
		}
		if sess.Authenticated() {
			method.Reauthenticated = true
			sess.AddMethod(userID, method)
			sess.Rotate()
			return nil
		}
		sess.AddMethod(userID, method)
		attempt := login.Attempt{UserID: userID}
		s.prepare(&attempt)
		return s.pipeline.Start(ctx, sess, attempt)
	})
}

// mayConnect reports whether whoever is at it may connect accounts: errAnonymous
// for a client without a user, work.ErrReauthenticate if the last
// authentication is too old.
func (s *Flows) mayConnect(ctx context.Context, sess *login.Session) error {
	if !sess.Authenticated() {
		return errAnonymous
	}
	return s.accounts.RequireRecent(ctx, sess)
}

// connect adds the account at the provider to the logged-in user.
func (s *Flows) connect(ctx context.Context, sess *login.Session, c *candidate) error {
	if err := s.mayConnect(ctx, sess); err != nil {
		return err
	}
	if err := s.beforeLogin(ctx, sess.UserID(), c); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		known, err := s.store.SocialAccount(ctx, c.Provider, c.UID)
		switch {
		case err == nil && known.UserID == sess.UserID():
			return s.touch(ctx, sess, c, known.UserID)
		case err == nil:
			return problem.List("", code.ConnectedOther)
		case !errors.Is(err, authn.ErrNotFound):
			return fmt.Errorf("look up account at provider: %w", err)
		}
		err = s.attach(ctx, sess, c, sess.UserID())
		if errors.Is(err, errTaken) {
			return problem.List("", code.ConnectedOther)
		}
		return err
	})
}

// attach stores the account at the provider for a user and tells them.
func (s *Flows) attach(ctx context.Context, sess *login.Session, c *candidate, userID string) error {
	if err := s.create(ctx, s.store, c, userID); err != nil {
		return err
	}
	work.Emit(ctx, socialaccount.AccountConnected{UserID: userID, Provider: c.Provider, UID: c.UID})
	return s.notify(ctx, sess, "socialaccount/account_connected", userID, c.entry.info.Name)
}

// create stores the account at the provider. errTaken if another user has it.
func (s *Service) create(ctx context.Context, store socialaccount.Store, c *candidate, userID string) error {
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

// touch stores what the provider said this time. It is called only once it is
// clear that the account belongs to whoever is asking.
func (s *Service) touch(ctx context.Context, sess *login.Session, c *candidate, userID string) error {
	account := socialaccount.Account{UserID: userID, Provider: c.Provider, UID: c.UID, ExtraData: c.ExtraData, LastLogin: s.deps.Now()}
	err := s.store.UpdateSocialAccount(ctx, account)
	if errors.Is(err, authn.ErrNotFound) { // disconnected meanwhile
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("update account at provider: %w", err)
	}
	if err := s.keepToken(ctx, c); err != nil {
		return err
	}
	work.Emit(ctx, socialaccount.AccountUpdated{UserID: userID, Provider: c.Provider, UID: c.UID})
	return nil
}

// prepare tells the stages what this package asks of them.
func (s *Service) prepare(l *login.Attempt) { l.EmailPolicy = s.cfg.EmailVerification }

func (s *Service) beforeLogin(ctx context.Context, userID string, c *candidate) error {
	if s.cfg.BeforeLogin == nil || c.identity == nil {
		return nil
	}
	return s.cfg.BeforeLogin(ctx, userID, c.Provider, c.identity)
}

// ownerByEmail returns the user who has verified an address that the provider
// vouches for, where this provider is trusted with that, and whether to connect
// the account at the provider. authn.ErrNotFound otherwise.
func (s *Flows) ownerByEmail(ctx context.Context, c *candidate) (userID string, connect bool, err error) {
	on, connect := s.emailAuthentication(c.entry)
	if !on {
		return "", false, authn.ErrNotFound
	}
	for _, e := range c.Emails {
		if !e.Verified {
			continue
		}
		userID, err := s.accounts.VerifiedOwner(ctx, e.Email)
		if !errors.Is(err, authn.ErrNotFound) {
			return userID, connect, err
		}
	}
	return "", false, authn.ErrNotFound
}
