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
	"github.com/allauth-go/allauth/internal/clientip"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// maxCandidates bounds how many accounts that share an unverified address are
// tried with one password.
const maxCandidates = password.MaxHashes

// errWrongPassword means that no account has that name and password.
var errWrongPassword = errors.New("account: wrong password")

// authenticate looks for the account with that name and password. The failure
// counter is charged before anything is compared. Known, unknown, disabled and
// passwordless accounts cost the same hashes. The fingerprint of the password is
// returned along with the user.
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
		failed := account.LoginFailed{Identifier: in.Identifier, IP: clientip.Text(sess.Client.IP)}
		if len(candidates) > 0 {
			failed.UserID = candidates[0]
		}
		work.Emit(ctx, failed)
		return nil, "", err
	}
	work.Afterwards(ctx, attempts[1].Refund) // what fails on the server's side is no guess
	return user, authHash(hash), err
}

// failureSubject is what wrong passwords count by: the name that was typed, and
// the accounts that it stands for, so that an account has one counter for all its
// names. A name without an account has a counter in the place of an account's.
// The name counts as well, because it is the same before and after a sign-up.
// Browsers that are known to the account have counters of their own.
func (s *Service) failureSubject(sess *login.Session, identifier string, userIDs ...string) ratelimit.Subject {
	named := canonicalIdentifier(identifier)
	subject := ratelimit.Subject{IP: sess.Client.IP, Key: s.limitKey(sess, named, userIDs...)}
	if subject.Key == named {
		subject.Also = s.accountKeys(named, userIDs...)
	}
	return subject
}

// accountKeys are the counters of accounts, or of a name without one. Whoever
// reads them cannot tell which.
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

// canonicalIdentifier is the same for all spellings that find one account.
func canonicalIdentifier(typed string) string {
	name := identifier.Username(typed)
	if email, ok := identifier.KnownEmail(name); ok {
		return email
	}
	return name
}

// comparedHashes is with how many stored hashes a password is compared at least,
// so that the time does not tell how many accounts share an address.
func (s *Service) comparedHashes(method account.LoginMethod) int {
	if method != account.LoginByPhone && s.acceptsDuplicates() {
		return maxCandidates
	}
	return 1
}

// firstMatch returns the first of the users who has that password, and its hash.
// It compares the password with that many stored hashes at least, or decoys. A
// refusal takes as long as if all of them were of the costliest format.
func (s *Flows) firstMatch(ctx context.Context, userIDs []string, pass string, least int) (*authn.User, string, error) {
	hashes := make([]string, max(len(userIDs), least))
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
		if !match.Upgrade {
			return user, hash, nil
		}
		hash, changed := s.upgrade(ctx, id, pass, hash)
		if changed { // by a login at the same time, or by the user
			return s.firstMatch(ctx, []string{id}, pass, 1)
		}
		return user, hash, nil
	}
	// A client that does not wait for the answer has failed all the same.
	s.refusals.wait(ctx, cost, compared)
	return nil, "", errWrongPassword
}

// upgrade stores the password under the current algorithm and parameters. It is
// done on the side: failing, it is tried again at the next login. It returns the
// hash that is stored now, or that somebody else changed it meanwhile.
func (s *Flows) upgrade(ctx context.Context, userID, pass, old string) (hash string, changed bool) {
	upgraded, err := s.hasher.Rehash(ctx, pass)
	if err == nil {
		err = s.deps.Tx.InTx(ctx, func(ctx context.Context) error {
			if err := s.deps.Tx.LockUser(ctx, userID); err != nil {
				return fmt.Errorf("lock user: %w", err)
			}
			if err := s.store.SwapPasswordHash(ctx, userID, old, upgraded); err != nil {
				return err
			}
			return s.sessions.Rekey(ctx, userID, authHash(old), authHash(upgraded))
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

// candidates returns the users that the identifier may mean, the likeliest
// first.
func (s *Service) candidates(ctx context.Context, method account.LoginMethod, identifier string) ([]string, error) {
	switch method {
	case account.LoginByUsername:
		return s.candidatesByUsername(ctx, identifier)
	case account.LoginByPhone:
		phones, err := s.store.PhonesByNumber(ctx, identifier)
		if err != nil {
			return nil, fmt.Errorf("look up phone number: %w", err)
		}
		return ownersFirst(phones, func(p account.Phone) (string, bool) { return p.UserID, p.Verified }), nil
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
		return nil, fmt.Errorf("look up e-mail address: %w", err)
	}
	slices.SortStableFunc(emails, func(a, b account.EmailAddress) int { return rank(b.Primary) - rank(a.Primary) })
	return ownersFirst(emails, func(e account.EmailAddress) (string, bool) { return e.UserID, e.Verified }), nil
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

// usersByName returns the users with that name: as it is spelled, which tells
// names apart that differ in case only and that an existing table may hold, and
// in its canonical form.
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

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ownersFirst returns the user who proved the address, or, while nobody has, at
// most maxCandidates of those who claim it.
func ownersFirst[T any](rows []T, get func(T) (userID string, verified bool)) []string {
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
