package login_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
)

// What two requests changed of a session at once is kept, and what one of them
// dropped stays dropped.
func TestMerge(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	method := func(name string) authn.Method { return authn.Method{Name: name, At: at} }
	pending := &login.Attempt{UserID: "1", StartedAt: at}
	base := login.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password")}, Slots: login.Slots{EmailVerification: "1", PhoneVerification: "1", ProviderStates: []string{"1"}}, Login: pending}
	ours := login.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password"), method("mfa")}, Slots: login.Slots{EmailVerification: "2", ProviderStates: []string{"1"}}, Login: pending}
	theirs := login.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password"), method("code")}, Slots: login.Slots{EmailVerification: "3", PhoneVerification: "1", TOTPSetup: "1"}}
	want := login.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password"), method("code"), method("mfa")}, Slots: login.Slots{EmailVerification: "2", TOTPSetup: "1"}}
	if got := login.Merge(base, ours, theirs); !reflect.DeepEqual(got, want) {
		t.Errorf("merged: %+v, want %+v", got, want)
	}
	other := login.State{UserID: "2", MethodsOf: "2", Methods: []authn.Method{method("code")}}
	if got := login.Merge(base, other, theirs); !reflect.DeepEqual(got, other) {
		t.Errorf("a login of another user took over %+v", got)
	}
	if got := login.Merge(base, ours, other); !reflect.DeepEqual(got, ours) {
		t.Errorf("what another user did was taken over: %+v", got)
	}
}

// What one request drops does not take along what another one has begun in its
// place, and none of two additions to a list is lost.
func TestMergeOfWhatBeganMeanwhile(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	expired := &login.Attempt{UserID: "1", StartedAt: at, Stage: login.StageVerifyEmail}
	begun := &login.Attempt{UserID: "1", StartedAt: at.Add(time.Hour), Stage: login.StageVerifyEmail}
	base := login.State{Login: expired, Slots: login.Slots{PasswordReset: "1", ProviderStates: []string{"1", "2"}}}
	ours := login.State{Slots: login.Slots{ProviderStates: []string{"2", "3"}}}
	theirs := login.State{Login: begun, Slots: login.Slots{PasswordReset: "2", ProviderStates: []string{"1", "2", "4"}}}
	want := login.State{Login: begun, Slots: login.Slots{PasswordReset: "2", ProviderStates: []string{"2", "4", "3"}}}
	if got := login.Merge(base, ours, theirs); !reflect.DeepEqual(got, want) {
		t.Errorf("merged: %+v, want %+v", got, want)
	}
	further := *expired
	further.Stage = login.StageMFAAuthenticate
	if got := login.Merge(base, ours, login.State{Login: &further}); got.Login != nil {
		t.Errorf("a login that was dropped goes on at %s", got.Login.Stage)
	}
}
