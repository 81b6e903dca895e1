package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// callers is the number of concurrent calls of which one must succeed.
const callers = 32

// reporter has the methods of *testing.T that a check needs. The tests of the kit
// pass another one, to check that a broken store is reported.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// check is one sentence of a contract.
type check[S any] struct {
	name string
	run  func(k *kit, s S)
}

// run checks a part, each sentence in a test of its own.
func run[S any](t *testing.T, open func(t *testing.T) S, checks []check[S]) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(&kit{t}, open(t)) })
	}
}

// part narrows a function that opens a store to one of its interfaces.
func part[S any, P any](open func(t *testing.T) S, narrow func(S) P) func(t *testing.T) P {
	return func(t *testing.T) P { return narrow(open(t)) }
}

// kit has the helpers of checks.
type kit struct{ reporter }

// ok ends the check if a call returned an error.
func (k *kit) ok(call string, err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("%s returned the error %q; the contract asks for success here", call, err)
	}
}

// fails reports an error if a call did not return the error of the contract.
func (k *kit) fails(call string, err, want error, contract string) {
	k.Helper()
	if !errors.Is(err, want) {
		k.Errorf("%s returned %s; the contract: %s", call, outcome(err), contract)
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "nil"
	case errors.Is(err, authn.ErrNotFound):
		return "ErrNotFound"
	case errors.Is(err, authn.ErrConflict):
		return "ErrConflict"
	}
	return "the error \"" + err.Error() + "\""
}

// same reports an error if two values differ.
func (k *kit) same(call string, got, want any, contract string) {
	k.Helper()
	if !reflect.DeepEqual(got, want) {
		k.Errorf("%s gave\n\t%+v\nwant\n\t%+v\nThe contract: %s", call, got, want, contract)
	}
}

// race calls f from many goroutines at the same time and returns their errors.
func (k *kit) race(f func(i int) error) []error {
	errs := make([]error, callers)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}

// oneWinner reports an error unless exactly one of many concurrent calls succeeds
// and the others return loser.
func (k *kit) oneWinner(call string, loser error, contract string, f func(i int) error) {
	k.Helper()
	k.winners(call, 1, loser, contract, f)
}

func (k *kit) winners(call string, want int, loser error, contract string, f func(i int) error) {
	k.Helper()
	won := 0
	for _, err := range k.race(f) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, loser):
			k.Errorf("%s, called %d times at once, returned %s in a call that lost; the contract: it returns %s", call, callers, outcome(err), outcome(loser))
			return
		}
	}
	if won != want {
		k.Errorf("%s, called %d times at once, succeeded %d times instead of %d; the contract: %s", call, callers, won, want, contract)
	}
}

// cancelled reports an error if a call succeeds although its context has ended,
// or returns a result that it cannot know.
func (k *kit) cancelled(call string, f func(ctx context.Context) error) {
	k.Helper()
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	err := f(ctx)
	if err == nil || errors.Is(err, authn.ErrNotFound) || errors.Is(err, authn.ErrConflict) {
		k.Errorf("%s with a cancelled context returned %s; the contract: it returns the context's error and leaves nothing behind", call, outcome(err))
	}
}

// id returns a random text that no other check uses. It has letters in both
// cases, and differs from others in more than case.
func (k *kit) id() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "Kit-" + hex.EncodeToString(b[:])
}

// user returns the id of a new user. If the store has users, it creates one.
func (k *kit) user(s any) string {
	k.Helper()
	users, ok := s.(authn.UserStore)
	if !ok {
		return k.id()
	}
	name := strings.ToLower(k.id())
	var created *authn.User
	create := func(ctx context.Context) (err error) {
		created, err = users.CreateUser(ctx, authn.NewUser{Username: name, Email: name + "@users.example"})
		return err
	}
	if tx, ok := s.(authn.Transactor); ok {
		k.ok("CreateUser in InTx", tx.InTx(k.Context(), create))
	} else {
		k.ok("CreateUser", create(k.Context()))
	}
	return created.ID
}

// now returns a time with microseconds, later by offset.
func (k *kit) now(offset time.Duration) time.Time {
	return time.Now().UTC().Truncate(time.Second).Add(offset + 123456*time.Microsecond)
}

// swapCase returns a text that differs from s in case only.
func swapCase(s string) string {
	if upper := strings.ToUpper(s); upper != s {
		return upper
	}
	return strings.ToLower(s)
}
