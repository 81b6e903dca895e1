package social

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// Process is the purpose of a login through a provider.
type Process string

// The processes.
const (
	// ProcessLogin logs in, signs up, or reauthenticates the user.
	ProcessLogin Process = "login"
	// ProcessConnect connects the account at the provider to the logged-in user.
	ProcessConnect Process = "connect"
)

// Valid reports whether p is one of the processes.
func (p Process) Valid() bool { return p == ProcessLogin || p == ProcessConnect }

const (
	purposeState = "socialaccount_state"
	// maxStates is the number of logins that can be pending in one browser.
	maxStates = 10
)

// state is a login for which the provider's response is awaited. It is stored encrypted
// in a challenge, whose id the session holds.
type state struct {
	Provider string  `json:"provider"`
	Process  Process `json:"process"`
	// UserID is the user who was logged in at the start, empty if none was.
	UserID    string    `json:"user,omitempty"`
	StartedAt time.Time `json:"started_at"`
	// Next is where the browser is redirected in the end.
	Next         string `json:"next"`
	RedirectURL  string `json:"redirect_url"`
	Nonce        string `json:"nonce"`
	CodeVerifier string `json:"code_verifier"`
}

// reauthenticates reports whether the login reauthenticates a logged-in user.
func (st *state) reauthenticates() bool { return st.Process == ProcessLogin && st.UserID != "" }

// newState generates the secrets of st, stores st for this browser, and returns the value
// of the state parameter.
func (s *Service) newState(ctx context.Context, sess *login.Session, st *state) (string, error) {
	secret, err := keyring.RandomSecret(s.deps.Rand)
	if err != nil {
		return "", err
	}
	if st.Nonce, err = keyring.RandomSecret(s.deps.Rand); err != nil {
		return "", err
	}
	if st.CodeVerifier, err = keyring.RandomSecret(s.deps.Rand); err != nil {
		return "", err
	}
	st.StartedAt = s.deps.Now()
	text, err := json.Marshal(st)
	if err != nil {
		return "", err
	}
	sealed, err := s.deps.Keys.Seal(purposeState, text, []byte(secret))
	if err != nil {
		return "", err
	}
	c, err := s.codes.Issue(ctx, authn.Challenge{Purpose: purposeState, Data: sealed}, secret, s.cfg.StateTimeout)
	if err != nil {
		return "", err
	}
	return c.ID + "." + secret, s.rememberState(ctx, sess, c.ID)
}

// rememberState adds the id of a state to the browser's session. It deletes the oldest
// states beyond maxStates.
func (s *Service) rememberState(ctx context.Context, sess *login.Session, id string) error {
	ids := append(slices.Clone(sess.State.ProviderStates), id)
	for ; len(ids) > maxStates; ids = ids[1:] {
		if err := s.codes.Store.DeleteChallenge(ctx, ids[0]); err != nil {
			return fmt.Errorf("delete oldest state: %w", err)
		}
	}
	login.Put(sess, &sess.State.ProviderStates, ids)
	return nil
}

// consumeState consumes a state parameter and returns its state. Returns
// work.ErrNotPending if the state belongs to another browser, was used, or has expired.
func (s *Service) consumeState(ctx context.Context, sess *login.Session, value string) (*state, error) {
	id, secret, _ := strings.Cut(value, ".")
	ids := slices.Clone(sess.State.ProviderStates)
	if !slices.Contains(ids, id) {
		return nil, work.ErrNotPending
	}
	c, err := s.codes.Match(ctx, purposeState, id, secret)
	if err != nil {
		return nil, err
	}
	text, err := s.deps.Keys.Open(purposeState, c.Data, []byte(secret))
	if err != nil {
		return nil, work.ErrNotPending
	}
	var st state
	if err := json.Unmarshal(text, &st); err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if err := s.codes.Consume(ctx, c); err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(other string) bool { return other == id })
	if len(ids) == 0 {
		login.Drop(sess, &sess.State.ProviderStates)
		return &st, nil
	}
	login.Put(sess, &sess.State.ProviderStates, ids)
	return &st, nil
}
