package session

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/login"
)

// A server of an earlier version, which accepts only the first version of the encoding, must
// not take an impersonation for a session of the user.
func TestOnlyImpersonationsHaveTheNewVersion(t *testing.T) {
	t.Parallel()
	for version, state := range map[int]login.State{
		1: {UserID: "2"},
		2: {UserID: "2", Impersonation: &login.Impersonation{ActorID: "1"}},
	} {
		data, err := codec{}.Encode(time.Now(), map[string]any{stateKey: state})
		var stored struct{ V int }
		if err != nil || json.Unmarshal(data, &stored) != nil || stored.V != version {
			t.Errorf("%s, %v, want version %d", data, err, version)
		}
		read, err := stateOf(data)
		if err != nil || read.OwnerID() != state.OwnerID() {
			t.Errorf("%+v, %v", read, err)
		}
	}
	if _, err := stateOf([]byte(`{"v":3,"state":{"user":"2"}}`)); err == nil {
		t.Error("an unknown version is accepted")
	}
}
