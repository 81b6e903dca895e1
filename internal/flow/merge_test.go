package flow_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// What two requests changed of a session at once is kept, and what one of them
// dropped stays dropped.
func TestMerge(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	method := func(name string) authn.Method { return authn.Method{Name: name, At: at} }
	slots := func(pairs ...string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = json.RawMessage(pairs[i+1])
		}
		return m
	}
	pending := &flow.Login{UserID: "1", StartedAt: at}
	base := flow.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password")}, Slots: slots("a", "1", "b", "1", "c", "1"), Login: pending}
	ours := flow.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password"), method("mfa")}, Slots: slots("a", "2", "c", "1"), Login: pending}
	theirs := flow.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password"), method("code")}, Slots: slots("a", "3", "b", "1", "d", "1")}
	want := flow.State{UserID: "1", MethodsOf: "1", Methods: []authn.Method{method("password"), method("code"), method("mfa")}, Slots: slots("a", "2", "d", "1")}
	if got := flow.Merge(base, ours, theirs); !reflect.DeepEqual(got, want) {
		t.Errorf("merged: %+v, want %+v", got, want)
	}
	other := flow.State{UserID: "2", MethodsOf: "2", Methods: []authn.Method{method("code")}}
	if got := flow.Merge(base, other, theirs); !reflect.DeepEqual(got, other) {
		t.Errorf("a login of another user took over %+v", got)
	}
	if got := flow.Merge(base, ours, other); !reflect.DeepEqual(got, ours) {
		t.Errorf("what another user did was taken over: %+v", got)
	}
}
