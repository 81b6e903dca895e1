package users_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/users"
)

// invited creates a user with the address, who is invited, and returns the id and the
// key of the invitation.
func (w *world) invited(email string) (id, key string) {
	w.t.Helper()
	created, err := w.Create(w.t.Context(), users.Create{Username: "invited", Emails: []users.Email{{Address: email}}, Invite: true})
	w.must(err)
	return created.ID, w.mails(email, "account/invitation").Key()
}

// accept sends the key of an invitation with a password.
func (w *world) accept(key, password string) *clienttest.Answer {
	return w.Client(app).Post("auth/password/reset", body{"key": key, "password": password})
}

const used = "key:invalid_password_reset"

func TestAnInvitedUserChoosesAPassword(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(cfg *allauth.Config){
		"by link": func(*allauth.Config) {},
		"by code": func(cfg *allauth.Config) {
			cfg.Account.PasswordResetByCode, cfg.Account.EmailVerificationByCode = &account.CodeConfig{}, &account.CodeConfig{}
		},
		"and is logged in": func(cfg *allauth.Config) { cfg.Account.LoginOnPasswordReset = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, edit)
			id, key := w.invited(ann)
			w.has("Create", "users.created", "users.invited")
			if u := w.account(id); !u.Invited || u.HasPassword || u.Disabled || u.Emails[0].Verified {
				t.Errorf("%+v", u)
			}
			shown := w.Client(app)
			shown.Header = http.Header{"X-Password-Reset-Key": {key}}
			if got := shown.Get("auth/password/reset").Status(200).Value("data", "user", "username"); got != "invited" {
				t.Errorf("the page shows %v", got)
			}
			w.accept(key, "123").Status(400) // which keeps the invitation
			w.accept(key[:len(key)-1]+"x", password).Problems(used)
			answer := w.accept(key, password)
			if name == "and is logged in" {
				answer.LoggedIn(ann)
			} else {
				answer.Status(401).Pending()
			}
			w.has("the invitation", "users.invitation_accepted", "account.email_confirmed", "account.password_set")
			if u := w.account(id); u.Invited || !u.HasPassword || !u.Emails[0].Verified {
				t.Errorf("%+v", u)
			}
			w.accept(key, "Another-1-horse").Problems(used)
			w.logIn(ann).LoggedIn(ann)
			w.refused("an account in use", w.Invite(t.Context(), id, ""), authn.ErrConflict)
		})
	}
}

// An invitation is valid for seven days, once, and only the last one; what else sets a
// password, and the end of the account, make it invalid.
func TestWhatEndsAnInvitation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end func(w *world, id string)
		// again is true if the user can be invited again.
		again bool
	}{
		"seven days": {func(w *world, _ string) { w.Clock.Advance(7*24*time.Hour + time.Second) }, true},
		"the next one": {func(w *world, id string) {
			w.must(w.Invite(w.t.Context(), id, ann))
			w.mails(ann, "account/invitation")
		}, true},
		"a reset": {func(w *world, id string) {
			w.must(w.SendPasswordReset(w.t.Context(), id, ""))
			w.mails(ann, "account/password_reset_key")
		}, true},
		"a password":  {func(w *world, id string) { w.must(w.SetPassword(w.t.Context(), id, "Another-1-horse")) }, false},
		"a disabling": {func(w *world, id string) { w.must(w.Disable(w.t.Context(), id)) }, false},
		"off and on": {func(w *world, id string) {
			w.must(w.Disable(w.t.Context(), id))
			w.must(w.Enable(w.t.Context(), id))
		}, true},
		"a deletion": {func(w *world, id string) { w.must(w.Delete(w.t.Context(), id)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			id, key := w.invited(ann)
			c.end(w, id)
			w.accept(key, password).Problems(used)
			err := w.Invite(t.Context(), id, "")
			if (err == nil) != c.again {
				t.Fatalf("the next invitation: %v", err)
			}
			if c.again {
				w.accept(w.mails(ann, "account/invitation").Key(), password).Status(401)
				w.logIn(ann).LoggedIn(ann)
			}
		})
	}
}

// An invitation voids a reset, whose link the host has sent before.
func TestAnInvitationEndsAReset(t *testing.T) {
	t.Parallel()
	w := start(t)
	id := w.create("", ann)
	w.must(w.SendPasswordReset(t.Context(), id, ""))
	reset := w.mails(ann, "account/password_reset_key").Key()
	w.must(w.Invite(t.Context(), id, ""))
	invitation := w.mails(ann, "account/invitation").Key()
	w.accept(reset, password).Problems(used)
	// The other way round: the user resets the password by the link of the host.
	w.must(w.SendPasswordReset(t.Context(), id, ""))
	w.accept(w.mails(ann, "account/password_reset_key").Key(), password).Status(401)
	w.mails(ann, "account/password_reset")
	w.accept(invitation, "Another-1-horse").Problems(used)
	w.logIn(ann).Status(401)
}

// An account that waits for the invited user can be had in no other way, even if its
// address is verified and it has an account at a provider, and even after the invitation
// has expired.
func TestAnInvitedAccountCannotBeClaimed(t *testing.T) {
	t.Parallel()
	for _, verified := range []bool{false, true} {
		for _, expired := range []bool{false, true} {
			t.Run(map[bool]string{false: "unverified", true: "verified"}[verified]+map[bool]string{true: ", expired"}[expired], func(t *testing.T) {
				t.Parallel()
				cannotBeClaimed(t, verified, expired)
			})
		}
	}
}

func cannotBeClaimed(t *testing.T, verified, expired bool) {
	var w *world
	op, err := demoprovider.Start(demoprovider.Config{ClientID: "op", ClientSecret: "secret", Key: demoprovider.SharedKey(), Now: func() time.Time {
		if w == nil {
			return time.Now()
		}
		return w.Clock.Now()
	}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = op.Close(context.Background()) })
	w = start(t, clienttest.Unlimited, byUsername, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		cfg.SocialAccount = &socialaccount.Config{EmailAuthentication: true, EmailAuthenticationAutoConnect: true, Providers: []provider.App{{
			Provider: "openid_connect", ProviderID: "op", Name: "OP", ClientID: "op", ClientSecret: "secret", Settings: provider.Settings{ServerURL: op.Issuer()},
		}}}
	})
	byProvider := func(sub, email string) *clienttest.Answer {
		token, err := op.IDToken(map[string]any{"sub": sub, "email": email, "email_verified": true})
		w.must(err)
		return w.Client(app).Post("auth/provider/token", body{"provider": "op", "process": "login", "token": body{"client_id": "op", "id_token": token}})
	}
	created, err := w.Create(t.Context(), users.Create{
		Username: "invited", Emails: []users.Email{{Address: ann, Verified: verified}, {Address: "second@example.org"}}, Invite: true,
	})
	w.must(err)
	key := w.mails(ann, "account/invitation").Key()
	if expired {
		w.Clock.Advance(8 * 24 * time.Hour)
	}
	before := *w.account(created.ID)
	c := func() *clienttest.Client { return w.Client(app) }
	for _, email := range []string{ann, "second@example.org"} {
		c().Post("auth/login", body{"email": email, "password": password}).Problems("password:email_password_mismatch")
		c().Post("auth/password/request", body{"email": email}).Status(200)
		w.mails(email, "account/unknown_account")
		c().Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code")
		w.mails(email, "account/unknown_account")
	}
	c().Post("auth/login", body{"username": "invited", "password": password}).Problems("password:username_password_mismatch")
	c().Post("auth/signup", body{"email": ann, "username": "eve", "password": password}).Status(401).Pending("verify_email")
	w.mails(ann, "account/account_already_exists")
	if answer := byProvider("ann", ann); answer.StatusCode == 200 {
		t.Errorf("a login through a provider: %s", answer.Text)
	}
	if after := *w.account(created.ID); !reflect.DeepEqual(after, before) {
		t.Errorf("the account was %+v and is %+v", before, after)
	}
	if list, err := w.Sessions(t.Context(), created.ID); err != nil || len(list) > 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if !expired {
		w.accept(key, password).Status(401)
		w.logIn(ann).LoggedIn(ann)
		byProvider("ann", ann).LoggedIn(ann)
	}
}

// An address that its owner verifies on another account meanwhile stays there.
func TestTheAddressOfAnInvitationIsVerifiedElsewhere(t *testing.T) {
	t.Parallel()
	w := start(t)
	id, key := w.invited(ann)
	w.must(w.AddEmail(t.Context(), w.create("", "+bob@example.org"), ann, true))
	w.accept(key, password).Problems("key:email_taken")
	w.refused("the next invitation", w.Invite(t.Context(), id, ann), authn.ErrConflict)
	if u := w.account(id); !u.Invited || u.HasPassword {
		t.Errorf("%+v", u)
	}
}

// Only accounts that are not in use get an invitation.
func TestWhoIsInvited(t *testing.T) {
	t.Parallel()
	w, ctx := start(t), t.Context()
	w.SignUp(app, bob)
	w.refused("a user with a password", w.Invite(ctx, w.idOf(bob), ""), authn.ErrConflict)
	id := w.create("", "+ann@example.org", "second@example.org")
	w.refused("another address", w.Invite(ctx, id, "other@example.org"), authn.ErrNotFound)
	w.must(w.Invite(ctx, id, "second@example.org"))
	w.accept(w.mails("second@example.org", "account/invitation").Key(), password).Status(401)
	for _, e := range w.account(id).Emails {
		if !e.Verified || e.Primary != (e.Address == ann) {
			t.Errorf("%+v", e)
		}
	}
	none := w.create("none")
	w.refused("no address", w.Invite(ctx, none, ""), users.ErrNoEmail)
	_, err := w.Create(ctx, users.Create{Username: "no-address", Invite: true})
	w.refused("no address", err, users.ErrNoEmail)
	_, err = w.ByUsername(ctx, "no-address")
	w.refused("a user who was not created", err, authn.ErrNotFound)
	w.must(w.Disable(ctx, none))
	w.refused("a disabled user", w.Invite(ctx, none, ann), authn.ErrNotFound)
	w.refused("a missing user", w.Invite(ctx, "1", ann), authn.ErrNotFound)
}

// Where users have no passwords there are no links to choose one.
func TestThereAreNoPasswords(t *testing.T) {
	t.Parallel()
	w, ctx := start(t, func(cfg *allauth.Config) {
		cfg.SocialAccount = &socialaccount.Config{Only: true, Providers: []provider.App{{Provider: "github", ClientID: "id", ClientSecret: "secret"}}}
		cfg.Account.EmailVerification = authn.VerificationNone
	}), t.Context()
	id := w.create("", "+ann@example.org")
	w.refused("Invite", w.Invite(ctx, id, ""), users.ErrUnsupported)
	w.refused("SendPasswordReset", w.SendPasswordReset(ctx, id, ""), users.ErrUnsupported)
	_, err := w.Create(ctx, users.Create{Emails: []users.Email{{Address: bob}}, Invite: true})
	w.refused("Create", err, users.ErrUnsupported)
}

// Of many uses of one invitation one sets the password.
func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	w := start(t, clienttest.Unlimited)
	_, key := w.invited(ann)
	var won, winner atomic.Int32
	clienttest.Parallel(32, func(i int) {
		answer := w.accept(key, fmt.Sprintf("Horse-number-%d-41", i))
		switch {
		case answer.StatusCode == 401:
			won.Add(1)
			winner.Store(int32(i))
		case !strings.Contains(answer.Text, "invalid_password_reset"):
			t.Errorf("status %d: %s", answer.StatusCode, answer.Text)
		}
	})
	if won.Load() != 1 {
		t.Fatalf("%d of 32 were accepted", won.Load())
	}
	w.Client(app).Post("auth/login", body{"email": ann, "password": fmt.Sprintf("Horse-number-%d-41", winner.Load())}).LoggedIn(ann)
}

// An invited user has no password, and is not disabled: what contradicts it is not dropped
// in silence.
func TestAnInvitationWithAPasswordOrForADisabledUser(t *testing.T) {
	t.Parallel()
	w, ctx := start(t), t.Context()
	to := []users.Email{{Address: ann}}
	_, err := w.Create(ctx, users.Create{Emails: to, Invite: true, Disabled: true})
	w.refused("a disabled user", err, authn.ErrConflict)
	created, err := w.Create(ctx, users.Create{Emails: to, Invite: true, PasswordHash: "pbkdf2_sha256$1$salt$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs="})
	w.must(err)
	if s := created.Skipped; len(s) != 1 || s[0].Field != "password_hash" || !errors.Is(s[0].Err, authn.ErrConflict) {
		t.Errorf("left out: %+v", s)
	}
	w.accept(w.mails(ann, "account/invitation").Key(), password).Status(401)
	w.logIn(ann).LoggedIn(ann)
}
