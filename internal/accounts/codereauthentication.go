package accounts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// ownContact returns where a code for the logged-in user goes, as a login by it:
// to the contact that is wanted, else to the primary address, else to the number.
// An unverified contact counts while the user has no verified one, unless another
// user has verified it. Nil if no contact counts.
func (s *Service) ownContact(ctx context.Context, sess *login.Session, wanted string) (*login.Attempt, error) {
	c, err := s.contactsOf(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	l := &login.Attempt{UserID: sess.UserID()}
	if c, err = s.reachable(ctx, l, c); err != nil {
		return nil, err
	}
	switch {
	case c.phone != nil && (len(c.emails) == 0 || c.phone.Number == wanted):
		l.Phone = c.phone.Number
	case slices.ContainsFunc(c.emails, func(e account.EmailAddress) bool { return e.Email == wanted }):
		l.Email = wanted
	case len(c.emails) > 0:
		l.Email = primary(c.emails).Email
	default:
		return nil, nil
	}
	return l, nil
}

// appendCodeOffer lists the code by which a user without a password proves again
// who they are. The kernel takes it back where the user has a second factor.
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

// requestOwnCode sends a code to a contact of the logged-in user, whatever else
// the client sent, in place of one that this session waits for.
// work.ErrReauthenticate then tells the client that the code is awaited.
func (s *Flows) requestOwnCode(ctx context.Context, sess *login.Session, email, phone string) error {
	wanted, ok := identifier.Email(email)
	if !ok && phone != "" {
		wanted, _, _ = s.knownPhone(ctx, phone)
	}
	l, err := s.ownContact(ctx, sess, wanted)
	if err != nil {
		return err
	}
	if l == nil {
		return work.ErrNotPending
	}
	field, subject := "email", l.Email
	if subject == "" {
		field, subject = "phone", l.Phone
	}
	err = s.takeLoginCode(ctx, sess, subject, l.UserID)
	if errors.Is(err, ratelimit.ErrLimited) {
		return problem.List(field, code.TooManyLoginAttempts)
	}
	if err != nil {
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

// confirmOwnCode proves again who is logged in by a code that was right, and
// verifies the contact that it was sent to.
// work.ErrNotPending if a code no longer proves it: the contact was taken off
// the account, or the user has got a password or a second factor.
func (s *Flows) confirmOwnCode(ctx context.Context, a *AwaitedCode) error {
	sess := a.sess
	err := s.use(ctx, a, func(ctx context.Context) error {
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
		if own.Email == "" {
			err = s.provePhone(ctx, own.UserID, own.Phone)
		} else {
			err = s.proveAgain(ctx, sess, account.EmailAddress{UserID: own.UserID, Email: own.Email}, "code")
		}
		if err != nil {
			return err
		}
		sess.AddMethod(own.UserID, authn.Method{Name: "code", At: s.deps.Now(), Email: own.Email, Phone: own.Phone, Reauthenticated: true})
		login.Drop(sess, &sess.State.OwnCode)
		return nil
	})
	if errors.Is(err, work.ErrNotPending) {
		// The slot stays: a session that was read before another request proved who
		// the user is must not be stored after it.
		return errors.Join(err, a.Delete(ctx))
	}
	return err
}

// requireRecentToAdd is requireRecent for a new contact. It passes a user who could
// only prove by a code to an unverified contact who they are: a mistyped one must
// not keep the right one out.
func (s *Flows) requireRecentToAdd(ctx context.Context, sess *login.Session) error {
	stale := s.requireRecent(ctx, sess)
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
