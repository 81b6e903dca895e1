package mfa

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

const trustPurpose = "mfa trusted browser"

// trusts is the cookie with an entry for each user who trusts the browser. The
// id of an entry names the challenge that lasts as long as the trust does:
// without it the entry is worth nothing.
func (s *Service) trusts() flow.UserCookie {
	return flow.UserCookie{
		Name: s.cfg.TrustCookieName, Purpose: trustPurpose, MaxAge: s.cfg.TrustCookieAge,
		Keys: s.deps.Keys, Now: s.deps.Now,
	}
}

// enterTrust is the stage that asks whether the browser is trusted, after a
// step that it could save the next time.
func (s *Service) enterTrust(_ context.Context, sess *flow.Session, l *flow.Login) (flow.Verdict, error) {
	if sess.Kind != flow.Browser || l.UserID == "" {
		return flow.Pass, nil
	}
	var codeRequired bool
	l.Note(flow.NoteCodeRequired, &codeRequired)
	if s.cfg.TrustEnabled && l.HasPassed(flow.StageMFAAuthenticate) || s.options.TrustsCodes && codeRequired {
		return flow.Wait, nil
	}
	return flow.Pass, nil
}

// CheckTrustPending returns flow.ErrStageNotPending unless a login in the
// session waits for the answer whether the browser is trusted.
func (s *Service) CheckTrustPending(_ context.Context, sess *flow.Session) error {
	if s.pipeline.Pending(sess, flow.StageMFATrust) == nil {
		return flow.ErrStageNotPending
	}
	return nil
}

// Trust goes on with the login that asked whether the browser is trusted. If it
// is, it needs no second factor for a while. flow.ErrStageNotPending if no login
// asked.
func (s *Service) Trust(ctx context.Context, sess *flow.Session, trusted bool) error {
	login := s.pipeline.Pending(sess, flow.StageMFATrust)
	if login == nil {
		return flow.ErrStageNotPending
	}
	userID := login.UserID
	err := s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		return s.pipeline.Pass(ctx, sess, flow.StageMFATrust)
	})
	if err != nil || !trusted || sess.UserID() != userID {
		return err
	}
	return s.setTrustCookie(ctx, sess)
}

// setTrustCookie adds whoever is logged in to those that the browser is trusted
// for. The oldest makes room.
func (s *Service) setTrustCookie(ctx context.Context, sess *flow.Session) error {
	parts, err := s.trustParts(ctx, sess.Identity)
	if err != nil {
		return err
	}
	c, err := s.deps.Challenges.Issue(ctx, authn.Challenge{Purpose: trustPurpose, UserID: sess.UserID()}, "", s.cfg.TrustCookieAge)
	if err != nil {
		return err
	}
	return s.trusts().Put(sess, c.ID, parts...)
}

// Trusts reports whether the user trusts the browser of the session. If that can
// not be found out, they do not.
func (s *Service) Trusts(ctx context.Context, sess *flow.Session, userID string) bool {
	trusted, err := s.isTrusted(ctx, sess, userID)
	if err != nil {
		s.deps.Logger.WarnContext(ctx, "trusted browser not checked", "user", userID, "error", err)
	}
	return err == nil && trusted
}

func (s *Service) isTrusted(ctx context.Context, sess *flow.Session, userID string) (bool, error) {
	if !s.TrustAsked() {
		return false, nil
	}
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
	known := slices.IndexFunc(list, func(e flow.UserCookieEntry) bool { return trusts.Matches(e, parts...) })
	if known < 0 {
		return false, nil
	}
	_, err = s.deps.Challenges.Find(ctx, trustPurpose, list[known].ID)
	if errors.Is(err, flow.ErrNotPending) {
		return false, nil
	}
	return err == nil, err
}

// Distrust ends the trust of the user in all browsers.
func (s *Service) Distrust(ctx context.Context, userID string) error {
	return s.deps.Challenges.Store.DeleteUserChallenges(ctx, trustPurpose, userID)
}

// trustParts is what trust hangs on: a new password, and any authenticator that
// is added, removed or made anew, ends it.
func (s *Service) trustParts(ctx context.Context, id *flow.Identity) ([][]byte, error) {
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
