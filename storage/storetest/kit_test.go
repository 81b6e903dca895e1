package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// recorder records what a check reports.
type recorder struct {
	ctx    context.Context
	mu     sync.Mutex
	faults []string
}

type stopped struct{}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(stopped{})
}

// faults runs the checks of a part and returns what they report.
func faults[S any](t *testing.T, open func() S, checks []check[S]) []string {
	t.Helper()
	r := &recorder{ctx: t.Context()}
	for _, c := range checks {
		func() {
			defer func() {
				if v := recover(); v != nil {
					if _, ok := v.(stopped); !ok {
						r.Errorf("panic: %v", v)
					}
				}
			}()
			c.run(&kit{r}, open())
		}()
	}
	return r.faults
}

// slowly gives all other callers time to run between two steps, on a busy machine
// too.
func slowly() { time.Sleep(50 * time.Millisecond) }

// The broken stores. Each has one mistake that a real one might have.

type consumesTwice struct{ authn.ChallengeStore }

func (s consumesTwice) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	c, err := s.ChallengeByID(ctx, id)
	if err != nil || string(c.Hash) != string(hash) {
		return authn.ErrNotFound
	}
	slowly()
	return s.DeleteChallenge(ctx, id)
}

type countsApart struct{ authn.ChallengeStore }

func (s countsApart) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	c, err := s.ChallengeByID(ctx, id)
	if err != nil || c.Attempts >= c.MaxAttempts {
		return nil, err
	}
	slowly()
	c.Attempts++
	if err := s.DeleteChallenge(ctx, id); err != nil {
		return nil, err
	}
	return c, s.CreateChallenge(ctx, *c)
}

type lowersIDs struct{ authn.ChallengeStore }

func (s lowersIDs) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	c.ID = strings.ToLower(c.ID)
	return s.ChallengeStore.CreateChallenge(ctx, c)
}

func (s lowersIDs) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	return s.ChallengeStore.ChallengeByID(ctx, strings.ToLower(id))
}

type wholeSeconds struct{ authn.ChallengeStore }

func (s wholeSeconds) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	c.ExpiresAt = c.ExpiresAt.Truncate(time.Second)
	return s.ChallengeStore.CreateChallenge(ctx, c)
}

type ignoresContext struct{ authn.ChallengeStore }

func (s ignoresContext) DeleteChallenge(ctx context.Context, id string) error {
	return s.ChallengeStore.DeleteChallenge(context.WithoutCancel(ctx), id)
}

type bringsBack struct{ sessions.Store }

func (s bringsBack) SaveSession(ctx context.Context, row sessions.Row, loaded []byte) error {
	if err := s.Store.SaveSession(ctx, row, loaded); err != nil {
		return s.CreateSession(ctx, row)
	}
	return nil
}

type renewsInTwoSteps struct{ sessions.Store }

func (s renewsInTwoSteps) RenewSession(ctx context.Context, row, old sessions.Row, _ []byte) error {
	if err := s.DeleteSession(ctx, row.ID); err != nil {
		return err
	}
	if err := s.CreateSession(ctx, row); err != nil {
		return err
	}
	return s.CreateSession(ctx, old)
}

type endsOthersSessions struct{ sessions.Store }

func (s endsOthersSessions) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	rows, err := s.SessionsByUser(ctx, userID)
	for _, row := range rows {
		if err == nil {
			err = s.DeleteSession(ctx, row.ID)
		}
	}
	return err
}

type forgetsConflict struct{ account.EmailStore }

func (s forgetsConflict) AddEmail(ctx context.Context, a account.EmailAddress, _ bool) error {
	return s.EmailStore.AddEmail(ctx, a, false)
}

type twoPrimaries struct{ account.EmailStore }

func (s twoPrimaries) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	list, err := s.EmailsByUser(ctx, userID)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Email == email {
			a.Primary = true
			if err := s.DeleteEmail(ctx, userID, email); err != nil {
				return err
			}
			return s.AddEmail(ctx, a, false)
		}
	}
	return authn.ErrNotFound
}

type swapsBlindly struct{ account.PasswordStore }

func (s swapsBlindly) SwapPasswordHash(ctx context.Context, userID, _, new string) error {
	old, _ := s.PasswordHash(ctx, userID)
	return s.PasswordStore.SwapPasswordHash(ctx, userID, old, new)
}

type readsOtherHashes struct{ account.PasswordStore }

func (s readsOtherHashes) NextPasswordHash(ctx context.Context, from string) (string, error) {
	return memstore.New().NextPasswordHash(ctx, from) // as if the hashes were in a table of the host
}

type foldsNames struct{ account.UsernameStore }

func (s foldsNames) UserIDByUsername(ctx context.Context, name string) (string, error) {
	return s.UsernameStore.UserIDByUsername(ctx, strings.ToLower(strings.TrimSpace(name)))
}

type keepsOldNumber struct{ account.PhoneStore }

func (s keepsOldNumber) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	if old, err := s.PhoneByUser(ctx, p.UserID); err == nil && old.Number != p.Number {
		return nil
	}
	return s.PhoneStore.SetPhone(ctx, p, exclusive)
}

type claimsTwice struct{ notify.Store }

func (s claimsTwice) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) ([]notify.Entry, error) {
	list, err := s.Store.ClaimMessages(ctx, now, 0, limit)
	slowly()
	for i := range list {
		list[i].NotBefore = now.Add(lease)
		_ = s.RescheduleMessage(ctx, list[i].ID, now.Add(lease))
	}
	return list, err
}

type rotatesTwice struct{ token.Store }

func (s rotatesTwice) RotateRefreshToken(ctx context.Context, id string, at time.Time, next token.RefreshToken) error {
	t, err := s.RefreshTokenByID(ctx, id)
	switch {
	case err != nil:
		return err
	case !t.SpentAt.IsZero():
		return authn.ErrConflict
	}
	slowly()
	err = s.Store.RotateRefreshToken(ctx, id, at, next)
	if errors.Is(err, authn.ErrConflict) {
		return s.CreateRefreshToken(ctx, next)
	}
	return err
}

type deletesOthers struct{ socialaccount.Store }

func (s deletesOthers) DeleteSocialAccount(ctx context.Context, _, provider, uid string) error {
	a, err := s.SocialAccount(ctx, provider, uid)
	if err != nil {
		return err
	}
	return s.Store.DeleteSocialAccount(ctx, a.UserID, provider, uid)
}

type noTransactions struct{ storage.Store }

func (s noTransactions) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	return f(ctx)
}

type noSavepoints struct{ storage.Store }

func (s noSavepoints) InSavepoint(ctx context.Context, f func(ctx context.Context) error) error {
	return f(ctx)
}

type cleansAll struct{ storage.Store }

func (s cleansAll) Clean(ctx context.Context, now time.Time, _ int) (int, error) {
	return s.Store.Clean(ctx, now.Add(time.Second), 1000)
}

type forgetsHalf struct{ storage.Store }

func (s forgetsHalf) ForgetUser(ctx context.Context, userID string) error {
	return s.DeleteUserSessions(ctx, userID, "")
}

// pagesByTime continues after the time of a cursor, and so leaves out events of that time.
type pagesByTime struct{ audit.Store }

func (s pagesByTime) AuditEvents(ctx context.Context, f audit.Filter) ([]audit.Row, error) {
	at, id, err := f.Position()
	if err == nil && id != "" {
		f.Cursor, f.Until = "", at
	}
	if err != nil {
		return nil, err
	}
	return s.Store.AuditEvents(ctx, f)
}

// appendsInTurn stores one row after the other.
type appendsInTurn struct{ audit.Store }

func (s appendsInTurn) AppendEvents(ctx context.Context, rows ...audit.Row) error {
	for _, row := range rows {
		if err := s.Store.AppendEvents(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

type sharesUsers struct {
	authn.UserStore
	shared map[string]*authn.User
	mu     *sync.Mutex
}

func (s sharesUsers) UserByID(ctx context.Context, id string) (*authn.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.shared[id]; u != nil {
		return u, nil
	}
	u, err := s.UserStore.UserByID(ctx, id)
	s.shared[id] = u
	return u, err
}

type countsLate struct{ ratelimit.Store }

func (s countsLate) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	if refusal, err := s.PeekBuckets(ctx, now, buckets); err != nil || refusal != nil {
		return refusal, err
	}
	slowly()
	for _, b := range buckets {
		b.Amount++
		if _, err := s.Store.ChargeBuckets(ctx, now, id, []ratelimit.Bucket{b}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// forgetsFields has profiles, and returns less of a new user than it stores.
type forgetsFields struct{ storage.Store }

func (s forgetsFields) ProfileOrigin() any { return s }

func (s forgetsFields) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	user, err := s.Store.CreateUser(ctx, u)
	if err == nil {
		user.Extra = nil
	}
	return user, err
}

// forgetsNumbers has profiles of its own, and tells by addresses alone who is verified.
type forgetsNumbers struct{ storage.Store }

func (s forgetsNumbers) ProfileOrigin() any { return s }

func (s forgetsNumbers) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	list, err := s.Store.EmailsByAddress(ctx, email)
	for i := range list {
		others, _ := s.EmailsByUser(ctx, list[i].UserID)
		list[i].OwnerUnverified = !slices.ContainsFunc(others, func(e account.EmailAddress) bool { return e.Verified })
	}
	return list, err
}

// hasNoLocks has transactions that run concurrently, as those of a database do,
// and no locks.
type hasNoLocks struct{ storage.Store }

func (s hasNoLocks) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	return f(ctx)
}

func (s hasNoLocks) LockUser(ctx context.Context, _ string) error { return ctx.Err() }

func (s hasNoLocks) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	list, err := s.Store.EmailsByUser(ctx, userID)
	slowly()
	return list, err
}

// TestBrokenStoresAreReported checks that the kit can fail: each broken store is
// reported, with the name of the call.
func TestBrokenStoresAreReported(t *testing.T) {
	t.Parallel()
	challenges := func(wrap func(authn.ChallengeStore) authn.ChallengeStore) func(*testing.T) []string {
		return func(t *testing.T) []string {
			return faults(t, func() authn.ChallengeStore { return wrap(memstore.New()) }, challengeChecks)
		}
	}
	sessionsOf := func(wrap func(sessions.Store) sessions.Store) func(*testing.T) []string {
		return func(t *testing.T) []string {
			return faults(t, func() sessions.Store { return wrap(memstore.New()) }, sessionChecks)
		}
	}
	emails := func(wrap func(account.EmailStore) account.EmailStore) func(*testing.T) []string {
		return func(t *testing.T) []string {
			return faults(t, func() account.EmailStore { return wrap(memstore.New()) }, emailChecks)
		}
	}
	whole := func(wrap func(storage.Store) storage.Store, checks []check[storage.Store]) func(*testing.T) []string {
		return func(t *testing.T) []string {
			return faults(t, func() storage.Store { return wrap(memstore.New()) }, checks)
		}
	}
	for name, broken := range map[string]struct {
		run  func(t *testing.T) []string
		call string
	}{
		"consumes twice":    {challenges(func(s authn.ChallengeStore) authn.ChallengeStore { return consumesTwice{s} }), "ConsumeChallenge, called 32 times at once"},
		"counts apart":      {challenges(func(s authn.ChallengeStore) authn.ChallengeStore { return countsApart{s} }), "each gets its own count"},
		"lowers ids":        {challenges(func(s authn.ChallengeStore) authn.ChallengeStore { return lowersIDs{s} }), "differs in case"},
		"drops the seconds": {challenges(func(s authn.ChallengeStore) authn.ChallengeStore { return wholeSeconds{s} }), "microsecond"},
		"ignores contexts":  {challenges(func(s authn.ChallengeStore) authn.ChallengeStore { return ignoresContext{s} }), "cancelled context"},
		"brings back":       {sessionsOf(func(s sessions.Store) sessions.Store { return bringsBack{s} }), "is not stored again"},
		"renews in steps":   {sessionsOf(func(s sessions.Store) sessions.Store { return renewsInTwoSteps{s} }), "RenewSession"},
		"ends too much":     {sessionsOf(func(s sessions.Store) sessions.Store { return endsOthersSessions{s} }), "a stored row"},
		"forgets conflicts": {emails(func(s account.EmailStore) account.EmailStore { return forgetsConflict{s} }), "AddEmail, exclusively"},
		"two primaries":     {emails(func(s account.EmailStore) account.EmailStore { return twoPrimaries{s} }), "SetPrimaryEmail"},
		"swaps blindly": {func(t *testing.T) []string {
			return faults(t, func() account.PasswordStore { return swapsBlindly{memstore.New()} }, passwordChecks)
		}, "SwapPasswordHash"},
		"reads other hashes": {func(t *testing.T) []string {
			return faults(t, func() account.PasswordStore { return readsOtherHashes{memstore.New()} }, passwordChecks)
		}, "NextPasswordHash"},
		"folds names": {func(t *testing.T) []string {
			return faults(t, func() account.UsernameStore { return foldsNames{memstore.New()} }, usernameChecks)
		}, "UserIDByUsername"},
		"keeps old numbers": {func(t *testing.T) []string {
			return faults(t, func() account.PhoneStore { return keepsOldNumber{memstore.New()} }, phoneChecks)
		}, "in place of the user's earlier number"},
		"claims twice": {func(t *testing.T) []string {
			return faults(t, func() notify.Store { return claimsTwice{memstore.New()} }, outboxChecks)
		}, "exactly one returns each entry"},
		"rotates twice": {func(t *testing.T) []string {
			return faults(t, func() token.Store { return rotatesTwice{memstore.New()} }, tokenChecks)
		}, "RotateRefreshToken, called 32 times at once"},
		"deletes others": {func(t *testing.T) []string {
			return faults(t, func() socialaccount.Store { return deletesOthers{memstore.New()} }, socialChecks)
		}, "DeleteSocialAccount of another user's account"},
		"has no transactions": {whole(func(s storage.Store) storage.Store { return noTransactions{s} }, transactionChecks(options{})), "rolls back"},
		"has no locks":        {whole(func(s storage.Store) storage.Store { return hasNoLocks{s} }, lockChecks), "LockUser, EmailsByUser and AddEmail in InTx, called 32 times at once"},
		"has no savepoints":   {whole(func(s storage.Store) storage.Store { return noSavepoints{s} }, transactionChecks(options{})), "if f returns an error, what f did is rolled back"},
		"cleans too much":     {whole(func(s storage.Store) storage.Store { return cleansAll{s} }, keeperChecks(options{})), "Clean with limit 2"},
		"forgets half":        {whole(func(s storage.Store) storage.Store { return forgetsHalf{s} }, keeperChecks(options{})), "ForgetUser"},
		"forgets fields":      {whole(func(s storage.Store) storage.Store { return forgetsFields{s} }, profileChecks), "CreateUser returned"},
		"forgets numbers":     {whole(func(s storage.Store) storage.Store { return forgetsNumbers{s} }, profileChecks), "EmailsByAddress, OwnerUnverified"},
		"pages by time": {func(t *testing.T) []string {
			return faults(t, func() audit.Store { return pagesByTime{memstore.New()} }, auditChecks)
		}, "AuditEvents in pages"},
		"appends in turn": {func(t *testing.T) []string {
			return faults(t, func() audit.Store { return appendsInTurn{memstore.New()} }, auditChecks)
		}, "all rows are stored, or none"},
		"shares users": {func(t *testing.T) []string {
			return faults(t, func() authn.UserStore { return sharesUsers{memstore.New(), map[string]*authn.User{}, &sync.Mutex{}} }, userChecks)
		}, "copies"},
		"counts late": {func(t *testing.T) []string {
			return faults(t, func() ratelimit.Store { return countsLate{ratelimit.NewMemoryStore()} }, rateChecks)
		}, "one atomic step"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := broken.run(t)
			if !strings.Contains(strings.Join(found, "\n"), broken.call) {
				t.Errorf("no report speaks of %q; reports:\n%s", broken.call, strings.Join(found, "\n"))
			}
		})
	}
}

// TestSoundStoresAreNotReported checks that the kit reports nothing for a correct
// store.
func TestSoundStoresAreNotReported(t *testing.T) {
	t.Parallel()
	found := faults(t, func() authn.ChallengeStore { return memstore.New() }, challengeChecks)
	found = append(found, faults(t, func() storage.Store { return memstore.New() }, transactionChecks(options{}))...)
	if len(found) > 0 {
		t.Errorf("reports:\n%s", strings.Join(found, "\n"))
	}
}
