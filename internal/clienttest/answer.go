package clienttest

import (
	"net/http"
	"slices"
	"testing"
)

// Answer is what the server answered.
type Answer struct {
	*http.Response
	// Text is the body, JSON its members.
	Text string
	JSON map[string]any

	t    testing.TB
	what string
}

// Status fails the test unless the status is the one given.
func (a *Answer) Status(status int) *Answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.StatusCode, status, a.Text)
	}
	return a
}

// Pending fails the test unless exactly these flows are pending.
func (a *Answer) Pending(flows ...string) *Answer {
	a.t.Helper()
	if pending := a.pending(); !slices.Equal(pending, flows) {
		a.t.Fatalf("%s: pending %v, want %v: %s", a.what, pending, flows, a.Text)
	}
	return a
}

// IsPending reports whether the flow is pending.
func (a *Answer) IsPending(flow string) bool { return slices.Contains(a.pending(), flow) }

func (a *Answer) pending() []string {
	var pending []string
	for _, flow := range a.list("data", "flows") {
		member, _ := flow.(map[string]any)
		if member["is_pending"] == true {
			id, _ := member["id"].(string)
			pending = append(pending, id)
		}
	}
	return pending
}

// Flows returns the ids of the flows that are offered.
func (a *Answer) Flows() []string {
	var ids []string
	for _, flow := range a.list("data", "flows") {
		member, _ := flow.(map[string]any)
		id, _ := member["id"].(string)
		ids = append(ids, id)
	}
	return ids
}

// Problems fails the test unless the status is 400 and these are the problems,
// each written as "param:code" or, without a param, "code".
func (a *Answer) Problems(want ...string) *Answer {
	a.t.Helper()
	a.Status(http.StatusBadRequest)
	var got []string
	for _, e := range a.list("errors") {
		member, _ := e.(map[string]any)
		code, _ := member["code"].(string)
		if param, ok := member["param"].(string); ok {
			code = param + ":" + code
		}
		got = append(got, code)
	}
	if !slices.Equal(got, want) {
		a.t.Fatalf("%s: problems %v, want %v: %s", a.what, got, want, a.Text)
	}
	return a
}

// LoggedIn fails the test unless the answer says that the user with that
// address is logged in.
func (a *Answer) LoggedIn(email string) *Answer {
	a.t.Helper()
	a.Status(http.StatusOK)
	if a.Value("meta", "is_authenticated") != true || a.Value("data", "user", "email") != email {
		a.t.Fatalf("%s: %s is not logged in: %s", a.what, email, a.Text)
	}
	return a
}

// Value returns the member at a path, nil if there is none.
func (a *Answer) Value(path ...string) any {
	var value any = a.JSON
	for _, name := range path {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return value
}

func (a *Answer) list(path ...string) []any {
	list, _ := a.Value(path...).([]any)
	return list
}
