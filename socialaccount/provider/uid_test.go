package provider

import (
	"regexp"
	"strings"
	"testing"
)

// handed matches the last member of a path that is a name or an address, which
// another user can have later.
var handed = regexp.MustCompile(`(?i)(name|login|mail|nick|handle|address)(\[\w*\])*$`)

// An id that changes hands hands over the account. An entry is keyed by a name
// or an address only if it says why its provider has nothing better, and no
// account is matched by one.
func TestNoUIDChangesHands(t *testing.T) {
	t.Parallel()
	for _, e := range Catalogue() {
		for path := range strings.SplitSeq(e.uid+"|"+e.oldUID+"|"+e.storedUID, "|") {
			if handed.MatchString(path) && e.mutableUID == "" {
				t.Errorf("%s is keyed by %s; use an id, or say in mutableUID why there is none", e.ID, path)
			}
		}
		if e.mutableUID != "" && (e.oldUID != "" || e.oldName != "") {
			t.Errorf("%s is keyed by a name, and moves accounts to it", e.ID)
		}
	}
	for path, want := range map[string]bool{
		"data.login": true, "users[0].email": true, "result.username": true, "response.user.name": true, "a.eMail": true,
		"user_id": false, "list[0].uid": false, "blogs[primary].uuid": false, "name.id": false,
	} {
		if handed.MatchString(path) != want {
			t.Errorf("%s is taken for a name: %v", path, !want)
		}
	}
}

// Accounts that are stored under an old id or a name are found by the id that the
// stored profile has, in the form in which this library or django-allauth stores
// it.
func TestStoredProfilesHaveTheID(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ id, profile, want string }{
		{"bitbucket_oauth2", `{"account_id":"557058:7f5c","username":"annie","uuid":"{7f5c}"}`, "557058:7f5c"},
		{"pinterest", `{"username":"annie","id":"2783136121146311751"}`, "2783136121146311751"},
		{"reddit", `{"id":"5bhn2","name":"annie"}`, "5bhn2"},
		{"soundcloud", `{"id":22341947,"urn":"soundcloud:users:22341947"}`, "soundcloud:users:22341947"},
		{"tumblr_oauth2", `{"response":{"user":{"name":"annie","blogs":[{"uuid":"t:x"},{"uuid":"t:7RBd","primary":true}]}}}`, "t:7RBd"},
		{"tumblr_oauth2", `{"name":"annie","blogs":[{"uuid":"t:7RBd","primary":true}]}`, "t:7RBd"},
		{"tumblr_oauth2", `{"name":"annie","blogs":[]}`, ""},
		{"tumblr_oauth2", `{}`, ""},
		{"tumblr_oauth2", `not JSON`, ""},
		{"github", `{"id":201022}`, ""}, // its accounts were never stored under another id
	} {
		p, err := New(appOf(test.id), Deps{})
		if err != nil {
			t.Fatal(err)
		}
		got, rekeyed := p.Info().StoredUID([]byte(test.profile))
		if got != test.want || rekeyed != (test.id != "github") {
			t.Errorf("%s: the id in %s is %q, want %q; rekeyed %v", test.id, test.profile, got, test.want, rekeyed)
		}
	}
}

// Releases of Open edX whose details of an account have its id can be keyed by it.
func TestEdxAccountsCanBeKeyedByTheirID(t *testing.T) {
	t.Parallel()
	app := appOf("edx")
	app.Settings.UIDField = "id"
	w := worldOf(t, "edx", `{"username":"annie"}`)
	w.answers["edx.org/api/user/v1/accounts/annie"] = `{"id":42,"username":"annie","email":"ann@example.org","name":"Ann Example"}`
	id, err := logIn(t, w, app, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := summary(id), "42 <ann@example.org?> @annie Ann/Example"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
}

// A host that keeps its accounts under another id sets UIDField. None of them is
// moved then.
func TestUIDFieldKeepsAccountsWhereTheyAre(t *testing.T) {
	t.Parallel()
	app := appOf("bitbucket_oauth2")
	app.Settings.UIDField = "uuid"
	profile := `{"account_id":"557058:7f5c","username":"annie","uuid":"{7f5c}"}`
	id, err := logIn(t, worldOf(t, app.Provider, profile), app, nil)
	if err != nil {
		t.Fatal(err)
	}
	if id.UID != "{7f5c}" || id.OldUID != "" || id.OldName != "" {
		t.Errorf("identity %+v", id)
	}
	p, err := New(app, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if got, rekeyed := p.Info().StoredUID([]byte(profile)); rekeyed {
		t.Errorf("the account would be moved to %q", got)
	}
}
