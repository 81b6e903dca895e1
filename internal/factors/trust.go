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

// trust is the kind of login after which a browser was trusted. It is part of an
// entry's MAC.
type trust string

const (
	// trustedWithFactor is the trust after a login with a second factor. The browser
	// skips second factors and required login codes.
	trustedWithFactor trust = "factor"
	// trustedWithCode is the trust after a login with a required login code. The
	// browser skips required login codes only.
	trustedWithCode trust = "code"
)

// trustCookie is the cookie with an entry for each user who trusts the browser. The
// id of an entry is that of a challenge; the entry is invalid once the challenge was
// deleted or has expired.
func (s *Service) trustCookie() login.UserCookie {
	return login.UserCookie{
		Name: s.cfg.TrustCookieName, Purpose: trustPurpose, MaxAge: s.cfg.TrustCookieAge,
		Keys: s.deps.Keys, Now: s.deps.Now,
	}
}

// EnterTrust implements the stage mfa_trust, which asks whether the user trusts the
// browser. It waits after a login with a stage that trusted browsers skip.
func (s *Service) EnterTrust(_ context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	if sess.Kind != login.Browser || l.UserID == "" {
		return login.Pass, nil
	}
	if s.trustOf(l) == "" {
		return login.Pass, nil
	}
	return login.Wait, nil
}

// trustOf returns the trust that a browser can get after the login, empty if the login
// had no stage that trusted browsers skip.
func (s *Service) trustOf(l *login.Attempt) trust {
	switch {
	case s.cfg.TrustEnabled && l.HasPassed(login.StageMFAAuthenticate):
		return trustedWithFactor
	case s.options.TrustsCodes && l.CodeRequired:
		return trustedWithCode
	}
	return ""
}

// CheckTrustPending returns work.ErrStageNotPending unless the login of the session
// waits in the stage mfa_trust.
func (s *Service) CheckTrustPending(_ context.Context, sess *login.Session) error {
	if sess.Pending(login.StageMFATrust) == nil {
		return work.ErrStageNotPending
	}
	return nil
}

// Trust resumes the login that waits in the stage mfa_trust. If trusted is set, the
// browser skips the second factor or the required login code of this user for
// Config.TrustCookieAge. A login without a second factor, which the user has got meanwhile,
// waits for it instead. Returns work.ErrStageNotPending if no login waits.
func (s *Flows) Trust(ctx context.Context, sess *login.Session, trusted bool) error {
	attempt := sess.Pending(login.StageMFATrust)
	if attempt == nil {
		return work.ErrStageNotPending
	}
	userID, given := attempt.UserID, s.trustOf(attempt)
	return s.pipeline.Change(ctx, sess, userID, func(ctx context.Context) error {
		if !attempt.HasPassed(login.StageMFAAuthenticate) {
			verdict, err := s.EnterAuthenticate(ctx, sess, attempt)
			if err != nil {
				return err
			}
			if verdict == login.Wait {
				return s.pipeline.BackToFactor(ctx, sess, login.StageMFATrust)
			}
		}
		err := s.pipeline.Pass(ctx, sess, login.StageMFATrust)
		if err != nil || !trusted || sess.UserID() != userID {
			return err
		}
		return s.setTrustCookie(ctx, sess, given)
	})
}

// setTrustCookie adds an entry for the logged-in user. If the cookie is full, it drops
// the oldest entry.
func (s *Service) setTrustCookie(ctx context.Context, sess *login.Session, given trust) error {
	parts, err := s.trustParts(ctx, sess.Identity)
	if err != nil {
		return err
	}
	c, err := s.codes.Issue(ctx, authn.Challenge{Purpose: trustPurpose, UserID: sess.UserID()}, "", s.cfg.TrustCookieAge)
	if err != nil {
		return err
	}
	return s.trustCookie().Put(sess, c.ID, append(parts, []byte(given))...)
}

// TrustsForCode reports whether the browser of the session may skip the user's
// required login code.
func (s *Service) TrustsForCode(ctx context.Context, sess *login.Session, userID string) bool {
	return s.options.TrustsCodes && s.isTrusted(ctx, sess, userID, trustedWithFactor, trustedWithCode)
}

// trustsForFactor reports whether the browser of the session may skip the user's second
// factor.
func (s *Service) trustsForFactor(ctx context.Context, sess *login.Session, userID string) bool {
	return s.cfg.TrustEnabled && s.isTrusted(ctx, sess, userID, trustedWithFactor)
}

// isTrusted reports whether the user trusts the browser in one of these kinds. It
// returns false for apps, and logs a warning and returns false if a lookup fails.
func (s *Service) isTrusted(ctx context.Context, sess *login.Session, userID string, kinds ...trust) bool {
	if sess.Kind != login.Browser {
		return false
	}
	trusted, err := s.hasTrust(ctx, sess, userID, kinds)
	if err != nil {
		s.deps.Logger.WarnContext(ctx, "cannot check whether the browser is trusted", "user", userID, "error", err)
	}
	return err == nil && trusted
}

func (s *Service) hasTrust(ctx context.Context, sess *login.Session, userID string, kinds []trust) (bool, error) {
	cookie := s.trustCookie()
	list := cookie.Entries(sess)
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
		matches := func(e login.UserCookieEntry) bool { return cookie.Matches(e, append(parts, []byte(given))...) }
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

// Distrust implements login.Factors: the user trusts no browser any more.
func (s *Service) Distrust(ctx context.Context, userID string) error {
	return s.codes.Store.DeleteUserChallenges(ctx, trustPurpose, userID)
}

// trustParts returns the input of an entry's MAC: the user, the fingerprint of the
// password, and the authenticators. Trust ends when one of them changes.
func (s *Service) trustParts(ctx context.Context, id *login.Identity) ([][]byte, error) {
	rows, err := s.activeRows(ctx, id.User.ID)
	if err != nil {
		return nil, err
	}
	parts := [][]byte{[]byte(id.User.ID), []byte(id.AuthHash)}
	for _, a := range rows {
		parts = append(parts, []byte(string(a.Type)+strconv.FormatInt(a.ID, 10)), []byte(strconv.FormatInt(a.CreatedAt.UnixMicro(), 10)))
	}
	return parts, nil
}
