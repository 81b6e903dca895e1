package accounts

import (
	"cmp"
	"context"
	"errors"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// ownContact returns the contact to which a code for the logged-in user is sent, as an
// attempt with it: preferred, or else the primary address, or else the number. Returns
// nil if the user has no reachable contact.
func (s *Service) ownContact(ctx context.Context, sess *login.Session, preferred string) (*login.Attempt, error) {
	c, err := s.contactsOf(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	l := &login.Attempt{UserID: sess.UserID()}
	if c, err = s.reachable(ctx, l, c); err != nil {
		return nil, err
	}
	_, ownEmail := findEmail(c.emails, preferred)
	switch {
	case c.phone != nil && (len(c.emails) == 0 || c.phone.Number == preferred):
		l.Phone = c.phone.Number
	case ownEmail:
		l.Email = preferred
	case len(c.emails) > 0:
		l.Email = primary(c.emails).Email
	default:
		return nil, nil
	}
	return l, nil
}

// appendCodeOffer adds the code by which a user without a password reauthenticates. The
// pipeline removes it if the user has a second factor.
func (s *Service) appendCodeOffer(ctx context.Context, sess *login.Session, offers []login.Offer) ([]login.Offer, error) {
	if !loginByCodeRequestable(s.cfg) || sess.Identity.HasUsablePassword {
		return offers, nil
	}
	contact, err := s.ownContact(ctx, sess, "")
	if err != nil || contact == nil {
		return offers, err
	}
	offer := login.Offer{ID: login.StageLoginByCode}
	_, err = s.LoginCode(ctx, sess)
	switch {
	case err == nil:
		offer.IsPending = login.Pending(true)
	case !errors.Is(err, work.ErrNotPending):
		return nil, err
	}
	return append(offers, offer), nil
}

// requestOwnCode sends a code to a contact of the logged-in user, even if the client sent
// another one. It replaces an earlier code of the session. Returns
// work.ErrReauthenticate if the code was sent, work.ErrNotPending if the user has no
// reachable contact, authn.Errors if a limit is reached.
func (s *Flows) requestOwnCode(ctx context.Context, sess *login.Session, email, phone string) error {
	preferred, ok := identifier.Email(email)
	if !ok && phone != "" {
		preferred, _, _ = s.knownPhone(ctx, phone)
	}
	l, err := s.ownContact(ctx, sess, preferred)
	if err != nil {
		return err
	}
	if l == nil {
		return work.ErrNotPending
	}
	if err := s.takeRequestedCode(ctx, sess, l); err != nil {
		return err
	}
	err = s.pipeline.Change(ctx, sess, l.UserID, func(ctx context.Context) error {
		earlier, err := s.LoginCode(ctx, sess)
		if err == nil {
			err = earlier.Delete(ctx)
		}
		if err != nil && !errors.Is(err, work.ErrNotPending) {
			return err
		}
		waiting := *l
		if err := s.sendLoginCode(ctx, s.ownCode(&waiting), &waiting); err != nil {
			return err
		}
		login.Put(sess, &sess.State.OwnCode, &waiting)
		return nil
	})
	if err != nil {
		return err
	}
	return work.ErrReauthenticate
}

// confirmOwnCode reauthenticates the logged-in user after the right code, and marks the
// contact as verified. Returns work.ErrNotPending if the contact was removed meanwhile,
// or if the user cannot reauthenticate by code any more, because they have set a
// password or added a second factor.
func (s *Flows) confirmOwnCode(ctx context.Context, a *AwaitedCode) error {
	sess := a.sess
	err := s.consumeThen(ctx, a, func(ctx context.Context) error {
		by, err := s.pipeline.ReauthenticatesBy(ctx, sess, login.StageLoginByCode)
		if err != nil {
			return err
		}
		own, err := s.ownContact(ctx, sess, a.Subject)
		if err != nil {
			return err
		}
		if !by || own == nil || cmp.Or(own.Email, own.Phone) != a.Subject {
			return work.ErrNotPending
		}
		if err := s.storeVerifiedContact(ctx, sess, own); err != nil {
			return err
		}
		sess.AddMethod(own.UserID, authn.Method{Name: "code", At: s.deps.Now(), Email: own.Email, Phone: own.Phone, Reauthenticated: true})
		login.Drop(sess, &sess.State.OwnCode)
		return nil
	})
	if errors.Is(err, work.ErrNotPending) {
		// The slot is not emptied: that would store a session that was read before
		// another request authenticated the user in it.
		return errors.Join(err, a.Delete(ctx))
	}
	return err
}

// requireRecentToAdd is RequireRecent for a new contact. It returns nil for a user who
// can reauthenticate only by a code to an unverified contact, so that a user with a
// mistyped contact can add the right one.
func (s *Flows) requireRecentToAdd(ctx context.Context, sess *login.Session) error {
	stale := s.RequireRecent(ctx, sess)
	if !errors.Is(stale, work.ErrReauthenticate) {
		return stale
	}
	only, err := s.pipeline.OnlyReauthenticatesBy(ctx, sess, login.StageLoginByCode)
	if err != nil {
		return err
	}
	c, err := s.contactsOf(ctx, sess.UserID())
	if err != nil {
		return err
	}
	if only && !c.anyVerified() {
		return nil
	}
	return stale
}
