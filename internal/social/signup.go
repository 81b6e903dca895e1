package social

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
)

const purposeSignup = "socialaccount_signup"

// signup signs up a new user. If it needs input that the provider did not send, it
// stores the sign-up until the user sends the form. Returns work.ErrForbidden if sign-up
// is closed.
func (s *Flows) signup(ctx context.Context, sess *login.Session, c *candidate) error {
	if !s.accounts.IsOpenForSignup(ctx) {
		return work.ErrForbidden
	}
	if err := s.beforeLogin(ctx, "", c); err != nil {
		return err
	}
	unit := work.Of(ctx)
	restore, commits := unit.Snapshot(), unit.Commits()
	if sess.Authenticated() {
		s.accounts.Logout(ctx, sess)
	}
	err := login.ErrSignupIncomplete
	if !s.cfg.DisableAutoSignup {
		err = s.accounts.SignupByProvider(ctx, sess, s.providerSignup(sess, c))
	}
	if errors.Is(err, login.ErrSignupIncomplete) {
		err = s.storeSignup(ctx, sess, c)
	}
	if err != nil && unit.Commits() == commits {
		restore() // a failed sign-up does not log the user out
	}
	return err
}

// providerSignup returns the sign-up of a candidate, without a form.
func (s *Service) providerSignup(sess *login.Session, c *candidate) login.ProviderSignup {
	signup := login.ProviderSignup{
		Emails: c.Emails, Username: c.Username, FirstName: c.FirstName, LastName: c.LastName,
		EmailRequired: s.cfg.EmailRequired, Prepare: s.setEmailPolicy,
		AfterCreate: func(ctx context.Context, userID string) error {
			sess.AddMethod(userID, c.method(s.deps.Now()))
			return s.createAccount(ctx, s.store, c, userID)
		},
		AfterDecoy: func(ctx context.Context, userID string) error {
			decoy := *c
			decoy.UID = userID // a UID that does not exist at the provider
			return s.createAccount(ctx, s.decoys, &decoy, userID)
		},
		Recheck: func(ctx context.Context) error {
			_, err := s.store.SocialAccount(ctx, c.Provider, c.UID)
			if errors.Is(err, authn.ErrNotFound) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("look up account at provider: %w", err)
			}
			return errTaken
		},
	}
	if s.cfg.PopulateUser != nil {
		signup.Populate = func(ctx context.Context, u *authn.NewUser) error {
			return s.cfg.PopulateUser(ctx, u, c.Provider, c.publicIdentity())
		}
	}
	return signup
}

// storeSignup stores the candidate, encrypted, until the user sends the form in this
// session.
func (s *Service) storeSignup(ctx context.Context, sess *login.Session, c *candidate) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode sign-up: %w", err)
	}
	secret, err := keyring.RandomSecret(s.deps.Rand)
	if err != nil {
		return err
	}
	sealed, err := s.deps.Keys.Seal(purposeSignup, text, nil)
	if err != nil {
		return err
	}
	challenge, err := s.codes.Issue(ctx, authn.Challenge{Purpose: purposeSignup, Data: sealed}, secret, s.cfg.SignupTimeout)
	if err != nil {
		return err
	}
	sess.SetLogin(nil)
	login.Put(sess, &sess.State.ProviderSignup, challenge.ID)
	return nil
}

// pendingSignup returns the sign-up that waits for its form in this session, or
// work.ErrNotPending.
func (s *Service) pendingSignup(ctx context.Context, sess *login.Session) (*authn.Challenge, *candidate, error) {
	id := sess.State.ProviderSignup
	if sess.Authenticated() || id == "" {
		return nil, nil, work.ErrNotPending
	}
	challenge, err := s.codes.Find(ctx, purposeSignup, id)
	if err != nil {
		return nil, nil, err
	}
	text, err := s.deps.Keys.Open(purposeSignup, challenge.Data, nil)
	if err != nil {
		return nil, nil, work.ErrNotPending // the host removed the secret
	}
	var c candidate
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, nil, fmt.Errorf("read pending sign-up: %w", err)
	}
	if c.entry = s.providers.byID(c.Provider); c.entry == nil {
		return nil, nil, work.ErrNotPending // the host removed the provider
	}
	return challenge, &c, nil
}

// deletePendingSignup deletes the sign-up that waits for its form in this session, if
// there is one.
func (s *Service) deletePendingSignup(ctx context.Context, sess *login.Session) error {
	id := sess.State.ProviderSignup
	if id == "" {
		return nil
	}
	login.Drop(sess, &sess.State.ProviderSignup)
	if err := s.codes.Store.DeleteChallenge(ctx, id); err != nil {
		return fmt.Errorf("delete pending sign-up: %w", err)
	}
	return nil
}

// CheckSignupPending returns work.ErrNotPending unless a sign-up waits for its form in
// this session, and work.ErrForbidden if sign-up was closed meanwhile.
func (s *Flows) CheckSignupPending(ctx context.Context, sess *login.Session) error {
	if _, _, err := s.pendingSignup(ctx, sess); err != nil {
		return err
	}
	if !s.accounts.IsOpenForSignup(ctx) {
		return work.ErrForbidden
	}
	return nil
}

// PendingSignup is a sign-up that waits for its form, as the API shows it.
type PendingSignup struct {
	Account Connected
	Emails  []login.ProviderEmail
	// Username is the user's name at the provider. Display is how the API would show
	// the user.
	Username, Display string
}

// PendingSignup returns the sign-up that waits for its form in this session. Returns
// work.ErrNotPending if there is none, work.ErrForbidden if sign-up was closed
// meanwhile.
func (s *Flows) PendingSignup(ctx context.Context, sess *login.Session) (*PendingSignup, error) {
	_, c, err := s.pendingSignup(ctx, sess)
	if err != nil {
		return nil, err
	}
	if !s.accounts.IsOpenForSignup(ctx) {
		return nil, work.ErrForbidden
	}
	p := &PendingSignup{
		Account:  s.connected(socialaccount.Account{Provider: c.Provider, UID: c.UID, ExtraData: c.ExtraData}),
		Emails:   c.Emails,
		Username: c.Username,
	}
	email := ""
	if len(c.Emails) > 0 {
		email = c.Emails[0].Email
	}
	p.Display = cmp.Or(c.Username, email, p.Account.Display)
	return p, nil
}

// CompleteSignup creates the account of the sign-up that waits for its form in this
// session, and starts its first login. Returns the errors of PendingSignup, and
// authn.Errors for invalid input; then the sign-up still waits.
func (s *Flows) CompleteSignup(ctx context.Context, sess *login.Session, form login.ProviderSignupForm) error {
	challenge, c, err := s.pendingSignup(ctx, sess)
	if err != nil {
		return err
	}
	if !s.accounts.IsOpenForSignup(ctx) {
		return work.ErrForbidden
	}
	signup := s.providerSignup(sess, c)
	signup.Form = &form
	signup.Consume = func(ctx context.Context) error { return s.codes.Consume(ctx, challenge) }
	err = s.accounts.SignupByProvider(ctx, sess, signup)
	switch {
	case errors.Is(err, errTaken):
		// Another session signed up or connected the same identity meanwhile.
		if err := s.deletePendingSignup(ctx, sess); err != nil {
			return err
		}
		return problem.List("", code.ConnectedOther)
	case err != nil:
		return err
	}
	return s.deletePendingSignup(ctx, sess)
}
