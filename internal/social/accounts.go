package social

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// Connected is an account at a provider as the API shows it.
type Connected struct {
	UID      string
	Provider provider.Info
	// Display is a name or address by which the user recognizes the account.
	Display string
	// CreatedAt is when the account was connected.
	CreatedAt time.Time
}

// connected returns an account as the API shows it. If its provider is no longer
// configured, the provider's name is its id.
func (s *Service) connected(a socialaccount.Account) Connected {
	c := Connected{UID: a.UID, CreatedAt: a.CreatedAt, Provider: provider.Info{ID: a.Provider, Name: a.Provider}}
	if e := s.providers.byID(a.Provider); e != nil {
		c.Provider = e.info
	}
	c.Display = display(a.ExtraData, c.Provider.Name)
	return c
}

// Accounts returns the provider accounts of the logged-in user.
func (s *Service) Accounts(ctx context.Context, sess *login.Session) ([]Connected, error) {
	accounts, err := s.store.SocialAccountsByUser(ctx, sess.UserID())
	if err != nil {
		return nil, fmt.Errorf("load accounts at providers: %w", err)
	}
	list := make([]Connected, len(accounts))
	for i, a := range accounts {
		list[i] = s.connected(a)
	}
	return list, nil
}

// Disconnect removes a provider account of the logged-in user, and returns the remaining
// ones. Returns authn.Errors if the user has no such account, or could not log in without
// it, and work.ErrReauthenticate if the user has not authenticated recently.
func (s *Flows) Disconnect(ctx context.Context, sess *login.Session, providerID, uid string) (rest []Connected, err error) {
	err = s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		userID := sess.UserID()
		accounts, err := s.store.SocialAccountsByUser(ctx, userID)
		if err != nil {
			return fmt.Errorf("load accounts at providers: %w", err)
		}
		i := slices.IndexFunc(accounts, func(a socialaccount.Account) bool { return a.Provider == providerID && a.UID == uid })
		if i < 0 {
			return problem.List("", code.AccountNotFound)
		}
		if err := s.checkCanLogInWith(ctx, sess, slices.Delete(slices.Clone(accounts), i, i+1)); err != nil {
			return err
		}
		if err := s.accounts.RequireRecent(ctx, sess); err != nil {
			return err
		}
		err = s.store.DeleteSocialAccount(ctx, userID, providerID, uid)
		if errors.Is(err, authn.ErrNotFound) {
			return problem.List("", code.AccountNotFound)
		}
		if err != nil {
			return fmt.Errorf("delete account at provider: %w", err)
		}
		work.Emit(ctx, userID, socialaccount.AccountDisconnected{Provider: providerID, UID: uid})
		if err := s.notify(ctx, sess, "socialaccount/account_disconnected", userID, s.connected(accounts[i]).Provider.Name); err != nil {
			return err
		}
		rest, err = s.Accounts(ctx, sess) // before the commit: a change whose response fails was not stored
		return err
	})
	return rest, err
}

// checkCanLogInWith returns authn.Errors if the user could not log in with the password
// or the provider accounts in rest.
func (s *Flows) checkCanLogInWith(ctx context.Context, sess *login.Session, rest []socialaccount.Account) error {
	if slices.ContainsFunc(rest, s.isConfigured) {
		return nil
	}
	if s.cfg.Only {
		return problem.List("", code.DisconnectLast)
	}
	if !sess.Identity.HasUsablePassword {
		return problem.List("", code.NoPassword)
	}
	if !s.accounts.EmailVerificationMandatory() {
		return nil
	}
	verified, err := s.accounts.HasVerifiedEmail(ctx, sess.UserID())
	if err == nil && !verified {
		return problem.List("", code.NoVerifiedEmail)
	}
	return err
}

// isConfigured reports whether the provider of an account is configured, so that its
// user can log in with it.
func (s *Service) isConfigured(a socialaccount.Account) bool {
	return s.providers.byID(a.Provider) != nil
}
