package accounts

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// maxCandidates is how many accounts with the same unverified address are tried with one
// password.
const maxCandidates = password.MaxHashes

// errWrongPassword means that no account has that identifier and password.
var errWrongPassword = errors.New("account: wrong password")

// authenticate returns the user with that identifier and password, and the fingerprint
// of the password. The limits on logins and on failures are charged before the password
// is compared. Known, unknown, disabled and passwordless accounts cost the same number
// of hashes. Returns errWrongPassword if there is no such user.
func (s *Flows) authenticate(ctx context.Context, sess *login.Session, login ratelimit.Charge, in LoginInput) (*authn.User, string, error) {
	candidates, err := s.candidates(ctx, in.Method, in.Identifier)
	if err != nil {
		return nil, "", err
	}
	attempts, err := s.deps.Limits.TakeAll(ctx, login, ratelimit.Charge{
		Action: ratelimit.ActionLoginFailed, Subject: s.failureSubject(sess, in.Identifier, candidates...),
	})
	if err != nil {
		return nil, "", err
	}
	user, hash, err := s.firstMatch(ctx, candidates, in.Password, s.comparedHashes(in.Method))
	if errors.Is(err, errWrongPassword) {
		userID := ""
		if len(candidates) > 0 {
			userID = candidates[0]
		}
		work.Emit(ctx, userID, account.LoginFailed{Identifier: in.Identifier})
		return nil, "", err
	}
	work.Afterwards(ctx, attempts[1].Refund) // the password was right, or the server failed
	return user, authHash(hash), err
}

// failureSubject returns the counters of wrong passwords for an identifier and its
// accounts:
//   - that of the identifier, which is the same before and after a sign-up,
//   - those of the accounts, so that an account has one counter for all its identifiers;
//     an identifier without an account has a decoy of such a counter,
//   - instead of both that of the browser, if one of the users has logged in with it.
func (s *Service) failureSubject(sess *login.Session, identifier string, userIDs ...string) ratelimit.Subject {
	named := canonicalIdentifier(identifier)
	subject := ratelimit.Subject{IP: sess.Client.IP, Key: s.limitKey(sess, named, userIDs...)}
	if subject.Key == named {
		subject.Also = s.accountKeys(named, userIDs...)
	}
	return subject
}

// accountKeys returns the keys of the counters of accounts, or of an identifier without
// one. The keys do not show which they are.
func (s *Service) accountKeys(named string, userIDs ...string) []string {
	if len(userIDs) == 0 {
		return []string{hex.EncodeToString(s.deps.Keys.MAC(purposeFailures, []byte("name"), []byte(named)))}
	}
	keys := make([]string, len(userIDs))
	for i, id := range userIDs {
		keys[i] = hex.EncodeToString(s.deps.Keys.MAC(purposeFailures, []byte("user"), []byte(id)))
	}
	return keys
}

const purposeFailures = "failed logins"

// canonicalIdentifier returns the same text for all spellings that find the same account.
func canonicalIdentifier(typed string) string {
	name := identifier.Username(typed)
	if email, ok := identifier.KnownEmail(name); ok {
		return email
	}
	return name
}

// comparedHashes returns with how many hashes a password is compared at least, so that
// the time does not show how many accounts share an address.
func (s *Service) comparedHashes(method account.LoginMethod) int {
	if method != account.LoginByPhone && s.acceptsDuplicates() {
		return maxCandidates
	}
	return 1
}

// firstMatch returns the first of the users who has that password, and its hash. It
// compares the password with at least minHashes hashes, decoys included. Returns
// errWrongPassword if none matches, after the time that hashes of the costliest format
// take.
func (s *Flows) firstMatch(ctx context.Context, userIDs []string, pass string, minHashes int) (*authn.User, string, error) {
	hashes := make([]string, max(len(userIDs), minHashes))
	for i := range hashes {
		id := "" // a decoy
		if i < len(userIDs) {
			id = userIDs[i]
		}
		var err error
		if hashes[i], err = s.passwordHash(ctx, id); err != nil {
			return nil, "", err
		}
	}
	cost := s.refusals.begin()
	compared, err := s.hasher.VerifyAll(ctx, pass, hashes...)
	if err != nil && !errors.Is(err, password.ErrTooLong) {
		return nil, "", err
	}
	s.refusals.observe(compared)
	for i, match := range compared.Matches {
		if !match.OK {
			continue
		}
		id, hash := userIDs[i], hashes[i] //nolint:gosec // there is a match for each hash
		user, err := s.activeUser(ctx, id)
		if errors.Is(err, authn.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if !match.Upgrade || s.cfg.KeepPasswordHashes {
			return user, hash, nil
		}
		hash, changed := s.upgradeHash(ctx, id, pass, hash)
		if changed { // by another login, or by the user
			return s.firstMatch(ctx, []string{id}, pass, 1)
		}
		return user, hash, nil
	}
	// If the client disconnects meanwhile, the attempt counts as a failure, too.
	s.refusals.wait(ctx, cost, compared)
	return nil, "", errWrongPassword
}

// upgradeHash stores the password under the current algorithm and parameters and returns
// the new hash. changed is true if another request changed the hash meanwhile. If
// upgrading fails, it logs a warning and returns the old hash; the next login tries
// again.
func (s *Flows) upgradeHash(ctx context.Context, userID, pass, old string) (hash string, changed bool) {
	upgraded, err := s.hasher.Rehash(ctx, pass)
	if err == nil {
		err = work.Retry(ctx, func() error {
			return s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
				if err := s.deps.Tx.LockUser(ctx, userID); err != nil {
					return fmt.Errorf("lock user: %w", err)
				}
				if err := s.store.SwapPasswordHash(ctx, userID, old, upgraded); err != nil {
					return err
				}
				return s.sessions.Rekey(ctx, userID, authHash(old), authHash(upgraded))
			})
		})
	}
	switch {
	case errors.Is(err, authn.ErrConflict):
		return "", true
	case err != nil:
		s.deps.Logger.WarnContext(ctx, "password hash not upgraded", "user", userID, "error", err)
		return old, false
	}
	return upgraded, false
}

// candidates returns the users whom the identifier may denote, the most likely first.
func (s *Service) candidates(ctx context.Context, method account.LoginMethod, identifier string) ([]string, error) {
	switch method {
	case account.LoginByUsername:
		return s.candidatesByUsername(ctx, identifier)
	case account.LoginByPhone:
		phones, err := s.store.PhonesByNumber(ctx, identifier)
		if err != nil {
			return nil, fmt.Errorf("look up phone number: %w", err)
		}
		return ownerOrCandidates(phones, func(p account.Phone) (string, bool) { return p.UserID, p.Verified }), nil
	default:
		return s.candidatesByEmail(ctx, identifier)
	}
}

func (s *Service) candidatesByEmail(ctx context.Context, typed string) ([]string, error) {
	email, ok := identifier.KnownEmail(typed)
	if !ok {
		return nil, nil
	}
	emails, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return nil, fmt.Errorf("look up email address: %w", err)
	}
	slices.SortStableFunc(emails, func(a, b account.EmailAddress) int { return boolToInt(b.Primary) - boolToInt(a.Primary) })
	return ownerOrCandidates(emails, func(e account.EmailAddress) (string, bool) { return e.UserID, e.Verified }), nil
}

func (s *Service) candidatesByUsername(ctx context.Context, username string) ([]string, error) {
	var ids []string
	if logsInBy(s.cfg, account.LoginByEmail) && strings.Contains(username, "@") {
		byEmail, err := s.candidatesByEmail(ctx, username)
		if err != nil {
			return nil, err
		}
		ids = byEmail
	}
	byName, err := s.usersByName(ctx, username)
	for _, id := range byName {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// usersByName returns the users with that username as it is spelled, and in its
// canonical form. An existing user table may have usernames that differ only in case;
// they are told apart by the spelling.
func (s *Service) usersByName(ctx context.Context, username string) ([]string, error) {
	var ids []string
	for _, name := range slices.Compact([]string{username, identifier.Username(username)}) {
		id, err := s.store.UserIDByUsername(ctx, name)
		if errors.Is(err, authn.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look up username: %w", err)
		}
		ids = append(ids, id)
	}
	return slices.Compact(ids), nil
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ownerOrCandidates returns the user who has verified the address or number, or, if
// there is none, at most maxCandidates of the users who have it unverified.
func ownerOrCandidates[T any](rows []T, get func(T) (userID string, verified bool)) []string {
	var ids []string
	for _, row := range rows {
		id, verified := get(row)
		if verified {
			return []string{id}
		}
		if len(ids) < maxCandidates {
			ids = append(ids, id)
		}
	}
	return ids
}
