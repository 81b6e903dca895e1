package factors

import (
	"context"
	"errors"
	"strconv"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

const trustPurpose = "mfa trusted browser"

// trust is what a browser was trusted after. It is part of an entry's MAC.
type trust string

const (
	// trustedWithFactor is the trust that a login with a second factor gave. It
	// covers required codes as well.
	trustedWithFactor trust = "factor"
	// trustedWithCode is the trust that a login with a required code gave. It
	// covers no second factor.
	trustedWithCode trust = "code"
)

// trusts is the cookie with an entry for each user who trusts the browser. The
// id of an entry names the challenge that lasts as long as the trust does:
// without it the entry is worth nothing.
func (s *Service) trusts() login.UserCookie {
	return login.UserCookie{
		Name: s.cfg.TrustCookieName, Purpose: trustPurpose, MaxAge: s.cfg.TrustCookieAge,
		Keys: s.deps.Keys, Now: s.deps.Now,
	}
}

// EnterTrust is the stage that asks whether the browser is trusted, after a
// step that it could save the next time.
func (s *Service) EnterTrust(_ context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	if sess.Kind != login.Browser || l.UserID == "" {
		return login.Pass, nil
	}
	if s.trustOf(l) == "" {
		return login.Pass, nil
	}
	return login.Wait, nil
}

// trustOf returns the trust that the login may give to a browser, empty if it
// had no step that a trusted browser skips.
func (s *Service) trustOf(l *login.Attempt) trust {
	switch {
	case s.cfg.TrustEnabled && l.HasPassed(login.StageMFAAuthenticate):
		return trustedWithFactor
	case s.options.TrustsCodes && l.CodeRequired:
		return trustedWithCode
	}
	return ""
}

// CheckTrustPending returns work.ErrStageNotPending unless a login in the
// session waits for the answer whether the browser is trusted.
func (s *Service) CheckTrustPending(_ context.Context, sess *login.Session) error {
	if sess.Pending(login.StageMFATrust) == nil {
		return work.ErrStageNotPending
	}
	return nil
}

// Trust goes on with the login that asked whether the browser is trusted. A
// trusted browser skips the steps of that login for a while, each where its own
// setting allows it. Returns work.ErrStageNotPending if no login asked.
func (s *Flows) Trust(ctx context.Context, sess *login.Session, trusted bool) error {
	attempt := sess.Pending(login.StageMFATrust)
	if attempt == nil {
		return work.ErrStageNotPending
	}
	userID, given := attempt.UserID, s.trustOf(attempt)
	err := s.deps.InTx(ctx, func(ctx context.Context) error {
		return s.pipeline.Pass(ctx, sess, login.StageMFATrust)
	})
	if err != nil || !trusted || sess.UserID() != userID {
		return err
	}
	return s.setTrustCookie(ctx, sess, given)
}

// setTrustCookie adds an entry for the logged-in user. The oldest entry makes
// room.
func (s *Service) setTrustCookie(ctx context.Context, sess *login.Session, given trust) error {
	parts, err := s.trustParts(ctx, sess.Identity)
	if err != nil {
		return err
	}
	c, err := s.codes.Issue(ctx, authn.Challenge{Purpose: trustPurpose, UserID: sess.UserID()}, "", s.cfg.TrustCookieAge)
	if err != nil {
		return err
	}
	return s.trusts().Put(sess, c.ID, append(parts, []byte(given))...)
}

// TrustsForCode reports whether the browser of the session may skip a required
// code of the user.
func (s *Service) TrustsForCode(ctx context.Context, sess *login.Session, userID string) bool {
	return s.options.TrustsCodes && s.isTrusted(ctx, sess, userID, trustedWithFactor, trustedWithCode)
}

// trustsForFactor reports whether the browser of the session may skip the second
// factor of the user.
func (s *Service) trustsForFactor(ctx context.Context, sess *login.Session, userID string) bool {
	return s.cfg.TrustEnabled && s.isTrusted(ctx, sess, userID, trustedWithFactor)
}

// isTrusted reports whether the user gave the browser one of these trusts. It is
// false for apps, and where the lookup fails.
func (s *Service) isTrusted(ctx context.Context, sess *login.Session, userID string, kinds ...trust) bool {
	if sess.Kind != login.Browser {
		return false
	}
	trusted, err := s.hasTrust(ctx, sess, userID, kinds)
	if err != nil {
		s.deps.Logger.WarnContext(ctx, "trusted browser not checked", "user", userID, "error", err)
	}
	return err == nil && trusted
}

func (s *Service) hasTrust(ctx context.Context, sess *login.Session, userID string, kinds []trust) (bool, error) {
	trusts := s.trusts()
	list := trusts.Entries(sess)
	if len(list) == 0 {
		return false, nil
	}
	id, err := s.accounts.Identify(ctx, userID)
	if err != nil {
		return false, err
	}
	parts, err := s.trustParts(ctx, id)
	if err != nil {
		return false, err
	}
	for _, given := range kinds {
		matches := func(e login.UserCookieEntry) bool { return trusts.Matches(e, append(parts, []byte(given))...) }
		for _, e := range list {
			if !matches(e) {
				continue
			}
			_, err = s.codes.Find(ctx, trustPurpose, e.ID)
			if !errors.Is(err, work.ErrNotPending) {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// Distrust ends the trust of the user in all browsers.
func (s *Service) Distrust(ctx context.Context, userID string) error {
	return s.codes.Store.DeleteUserChallenges(ctx, trustPurpose, userID)
}

// trustParts is what trust hangs on: a new password, and any authenticator that
// is added, removed or made anew, ends it.
func (s *Service) trustParts(ctx context.Context, id *login.Identity) ([][]byte, error) {
	rows, err := s.rows(ctx, id.User.ID)
	if err != nil {
		return nil, err
	}
	parts := [][]byte{[]byte(id.User.ID), []byte(id.AuthHash)}
	for _, a := range rows {
		parts = append(parts, []byte(string(a.Type)+strconv.FormatInt(a.ID, 10)), []byte(strconv.FormatInt(a.CreatedAt.UnixMicro(), 10)))
	}
	return parts, nil
}
