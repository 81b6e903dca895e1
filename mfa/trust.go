package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

const (
	trustPurpose = "mfa trusted browser"
	// maxTrusts is how many users one browser can be trusted for. The cookie
	// has to stay small.
	maxTrusts = 10
)

// trust is one entry of the cookie.
type trust struct {
	// ID names the challenge that lasts as long as the trust does: without it
	// the entry is worth nothing.
	ID string `json:"i"`
	// Fingerprint authenticates the id, the user, their password and their
	// authenticators.
	Fingerprint []byte `json:"f"`
	// At is when the browser was trusted, in seconds since the epoch.
	At int64 `json:"t"`
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
	list := slices.DeleteFunc(s.trustsIn(sess), func(t trust) bool { return s.isTrustOf(t, parts) })
	list = append(list, trust{c.ID, s.deps.Keys.MAC(trustPurpose, append(parts, []byte(c.ID))...), s.deps.Now().Unix()})
	list = list[max(0, len(list)-maxTrusts):]
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	sess.SetCookie(flow.Cookie{Name: s.cfg.TrustCookieName, Value: s.deps.Keys.Sign(trustPurpose, text), MaxAge: s.cfg.TrustCookieAge})
	return nil
}

// trustsIn returns what is in the cookie and has not expired. A cookie that is
// not ours is empty.
func (s *Service) trustsIn(sess *flow.Session) []trust {
	text, ok := s.deps.Keys.Verify(trustPurpose, sess.SentCookie(s.cfg.TrustCookieName))
	if !ok {
		return nil
	}
	var list []trust
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	return slices.DeleteFunc(list, func(t trust) bool {
		return !s.deps.Now().Before(time.Unix(t.At, 0).Add(s.cfg.TrustCookieAge))
	})
}

// Trusts reports whether the user trusts the browser of the session.
func (s *Service) Trusts(ctx context.Context, sess *flow.Session, userID string) bool {
	if !s.TrustAsked() {
		return false
	}
	list := s.trustsIn(sess)
	if len(list) == 0 {
		return false
	}
	id, err := s.accounts.Identify(ctx, userID)
	if err != nil {
		s.deps.Logger.WarnContext(ctx, "trusted browser not checked", "user", userID, "error", err)
		return false
	}
	parts, err := s.trustParts(ctx, id)
	if err != nil {
		s.deps.Logger.WarnContext(ctx, "trusted browser not checked", "user", userID, "error", err)
		return false
	}
	known := slices.IndexFunc(list, func(t trust) bool { return s.isTrustOf(t, parts) })
	if known < 0 {
		return false
	}
	_, err = s.deps.Challenges.Find(ctx, trustPurpose, list[known].ID)
	if err != nil && !errors.Is(err, flow.ErrNotPending) {
		s.deps.Logger.WarnContext(ctx, "trusted browser not checked", "user", userID, "error", err)
	}
	return err == nil
}

func (s *Service) isTrustOf(t trust, parts [][]byte) bool {
	return s.deps.Keys.CheckMAC(trustPurpose, t.Fingerprint, append(parts, []byte(t.ID))...)
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
