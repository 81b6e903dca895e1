package account_test

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
)

// costly returns a bcrypt hash of the password, and the least time that a
// comparison takes here. It is processor time, which does not depend on the load
// of the machine. The race detector multiplies that time, so the hash is a cheaper
// one there.
var costly = sync.OnceValues(func() (hash string, least time.Duration) {
	const enough = 100 * time.Millisecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for cost := bcrypt.DefaultCost; ; cost-- {
		encoded, err := bcrypt.GenerateFromPassword([]byte(password), cost)
		if err != nil {
			panic(err)
		}
		least = time.Hour
		for range 3 {
			began := processorTime()
			_ = bcrypt.CompareHashAndPassword(encoded, []byte("wrong-wrong-1"))
			least = min(least, processorTime()-began)
		}
		if least < 2*enough {
			return string(encoded), least
		}
	}
})

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// While an account has a hash of another system, the response to each refused
// password waits for the time of that hash, from the first request of a server
// on. Right passwords do not wait.
func TestEveryRefusedPasswordTakesTheTimeOfTheCostliestHash(t *testing.T) {
	t.Parallel()
	hash, least := costly()
	const ann, bob, none = "ann@example.org", "bob@example.org", "none@example.org"
	logIn := func(c *clienttest.Client, email, password string) *clienttest.Answer {
		return c.Post("auth/login", body{"email": email, "password": password})
	}
	took := func(f func()) time.Duration {
		began := time.Now()
		f()
		return time.Since(began)
	}
	for name, refuse := range map[string]func(s *clienttest.Server, c, own *clienttest.Client){
		"unknown name": func(_ *clienttest.Server, c, _ *clienttest.Client) {
			logIn(c, "unknown@example.org", password).Problems("password:email_password_mismatch")
		},
		"own hash": func(_ *clienttest.Server, c, _ *clienttest.Client) {
			logIn(c, ann, "wrong-wrong-1").Problems("password:email_password_mismatch")
		},
		"the costly hash": func(_ *clienttest.Server, c, _ *clienttest.Client) {
			logIn(c, bob, "wrong-wrong-1").Problems("password:email_password_mismatch")
		},
		"no password": func(_ *clienttest.Server, c, _ *clienttest.Client) {
			logIn(c, none, "wrong-wrong-1").Problems("password:email_password_mismatch")
		},
		"reauthentication": func(_ *clienttest.Server, _, own *clienttest.Client) {
			own.Post("auth/reauthenticate", body{"password": "wrong-wrong-1"}).Problems("password:incorrect_password")
		},
		"change of the password": func(_ *clienttest.Server, _, own *clienttest.Client) {
			own.Post("account/password/change", body{"current_password": "wrong-wrong-1", "new_password": "Unrelated-7-words"}).
				Problems("current_password:enter_current_password")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			importUser(t, s, bob, hash)
			own := s.SignUp(clienttest.App, ann)
			if _, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: none}, EmailVerified: true}); err != nil {
				t.Fatal(err)
			}
			if d := took(func() { refuse(s, s.Client(clienttest.App), own) }); d < least {
				t.Errorf("it was refused after %v, and the costliest hash takes %v", d, least)
			}
		})
	}
	t.Run("right password", func(t *testing.T) {
		t.Parallel()
		s := start(t)
		importUser(t, s, bob, hash)
		s.SignUp(clienttest.App, ann)
		for range 20 { // the machine may be busy
			c := s.Client(clienttest.App)
			if took(func() { logIn(c, ann, password).LoggedIn(ann) }) < least {
				return
			}
		}
		t.Errorf("no login took less than %v", least)
	})
}

// A hash that is imported into a running server counts within a minute, and for
// at most a minute after it was upgraded. Attempts of a client that does not wait
// for the response are counted.
func TestTheCostFollowsTheStoredHashes(t *testing.T) {
	t.Parallel()
	hash, least := costly()
	s := start(t)
	c := s.Client(clienttest.App)
	refuse := func(name string) time.Duration {
		began := time.Now()
		c.Post("auth/login", body{"email": name, "password": "wrong-wrong-1"}).Problems("password:email_password_mismatch")
		return time.Since(began)
	}
	refuse("a@example.org")
	importUser(t, s, "bob@example.org", hash)
	s.Clock.Advance(time.Minute)
	if d := refuse("b@example.org"); d < least {
		t.Errorf("after the import it was refused after %v, and the costliest hash takes %v", d, least)
	}
	s.LogIn(clienttest.App, "bob@example.org")
	s.Clock.Advance(time.Minute)
	for i := range 20 { // the machine may be busy
		s.Clock.Advance(time.Minute)
		if refuse(string(rune('c'+i))+"@example.org") < least {
			return
		}
	}
	t.Errorf("without the costly hash a refusal takes %v or more", least)
}

// If the store cannot list its hashes, users can still log in.
func TestAFailureToLearnTheCostFailsNoLogin(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store)
	s.SignUp(clienttest.App, "ann@example.org")
	store.Break(`^SELECT hash FROM \S*passwords WHERE hash.* >= `)
	s.Clock.Advance(time.Minute)
	c := s.Client(clienttest.App)
	c.Post("auth/login", body{"email": "ann@example.org", "password": "wrong-wrong-1"}).Problems("password:email_password_mismatch")
	s.Log.Wait(t, "cannot measure the cost of the stored password hashes")
	c.Post("auth/login", body{"email": "ann@example.org", "password": password}).LoggedIn("ann@example.org")
	store.Mend()
}
