package audit_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// page is data of the endpoint.
type page struct {
	Events []struct {
		Type, Actor, IP string
		UserAgent       string            `json:"user_agent"`
		IsCurrent       bool              `json:"is_current_session"`
		Details         map[string]string `json:"details"`
	}
	Next string
}

func activity(t *testing.T, c *clienttest.Client, cursor string) (p page, text string) {
	t.Helper()
	answer := c.Get("account/activity?cursor=" + cursor).Status(200)
	var body struct{ Data page }
	if err := json.Unmarshal([]byte(answer.Text), &body); err != nil {
		t.Fatal(err)
	}
	return body.Data, answer.Text
}

func TestUsersReadTheirOwnEvents(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, shown)
		s.Client(kind).Get("account/activity").Status(401)
		c := s.SignUp(kind, ann)
		s.SignUp(kind, bob)
		s.Clock.Advance(time.Second)
		s.Client(kind).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
		s.Clock.Advance(time.Second)
		c.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
		c.Post("account/email", body{"email": "second@example.org"}).Status(200)

		p, text := activity(t, c, "")
		if strings.Contains(text, bob) || len(p.Events) != 5 || p.Next != "" {
			t.Fatalf("%s", text)
		}
		added, failed, login := p.Events[0], p.Events[1], p.Events[2]
		if added.Type != "account.email_added" || added.Details["email"] != "second@example.org" || added.Actor != "user" || !added.IsCurrent || added.IP == "" || added.UserAgent == "" {
			t.Errorf("%+v", added)
		}
		if failed.Type != "account.login_failed" || failed.Actor != "" || failed.IsCurrent || failed.IP == "" || failed.IP == added.IP {
			t.Errorf("%+v", failed)
		}
		if login.Type != "account.user_logged_in" || login.Actor != "user" || !login.IsCurrent || len(login.Details) > 0 {
			t.Errorf("%+v", login)
		}
		c.Get("account/activity?cursor=nonsense").Problems("cursor:invalid")
		c.Post("account/activity", body{}).Status(405)
	})
}

// A user sees that an administrator acted, and neither who nor from where.
func TestAdministratorsAreHidden(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shown)
	s.SignUp(clienttest.App, ann)
	admin := s.SignUp(clienttest.App, bob)
	annID, bobID := userID(t, s, ann), userID(t, s, bob)
	s.Clock.Advance(time.Second)
	below(s, admin, func(ctx context.Context) {
		if err := s.Auth.Users().SetPassword(ctx, annID, "Another-1-horse"); err != nil {
			t.Fatal(err)
		}
	})
	if changed := events(t, s, audit.Filter{Names: []string{"account.password_changed"}}); len(changed) != 1 || changed[0].ActorID != bobID || !changed[0].Client.IP.IsValid() {
		t.Fatalf("%+v", changed)
	}
	c := s.Client(clienttest.App)
	c.Post("auth/login", body{"email": ann, "password": "Another-1-horse"}).LoggedIn(ann)
	p, text := activity(t, c, "")
	if len(p.Events) != 5 || p.Events[1].Type != "account.password_changed" || p.Events[1].Actor != "administrator" || p.Events[1].IP != "" || p.Events[1].UserAgent != "" {
		t.Errorf("%s", text)
	}
	if strings.Contains(text, bobID) || strings.Contains(text, bob) {
		t.Errorf("the administrator is named: %s", text)
	}
}

func TestPagesOfActivity(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, shown)
	c := s.SignUp(clienttest.App, ann)
	id := userID(t, s, ann)
	for i := range 60 {
		row := audit.Row{ID: string(rune('A' + i)), Name: "account.login_failed", Time: s.Clock.Now().Add(-time.Hour), UserID: id, Details: []byte("{}"), ExpiresAt: s.Clock.Now().Add(time.Hour)}
		if err := store.AppendEvents(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	first, _ := activity(t, c, "")
	second, _ := activity(t, c, first.Next)
	if len(first.Events) != 50 || len(second.Events) != 13 || first.Next == "" || second.Next != "" {
		t.Errorf("pages of %d and %d events", len(first.Events), len(second.Events))
	}
}

// Another person signed up with the address of its owner, who takes the account back:
// what happened before is not shown to the owner, on no page.
func TestTheEarlierClaimantIsHidden(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shown, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationOptional
		cfg.Account.PasswordResetByCode = &account.CodeConfig{}
	})
	thief := s.Client(clienttest.App)
	thief.Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Status(200)
	s.Mail(ann)
	thief.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
	thief.Post("account/email", body{"email": "thief@example.org"}).Status(200)
	s.Clock.Advance(clienttest.NextCode)
	owner := s.Client(clienttest.App)
	owner.Post("auth/password/request", body{"email": ann}).Status(401)
	code := s.MailOf("account/password_reset_code", ann).Code()
	owner.Post("auth/password/reset", body{"key": code, "password": "Another-1-horse"})
	owner.Post("auth/login", body{"email": ann, "password": "Another-1-horse"})

	if got := names(events(t, s, audit.Filter{Names: []string{"account.address_reclaimed"}})); len(got) != 1 {
		t.Fatalf("the account was not reclaimed: %v", names(events(t, s, audit.Filter{})))
	}
	cursor := ""
	for range 3 {
		p, text := activity(t, owner, cursor)
		for _, e := range p.Events {
			if e.Type == "account.user_signed_up" || e.Type == "account.email_added" {
				t.Errorf("it is shown: %s", text)
			}
		}
		// A cursor of a later time than all, and one of the sign-up.
		all := events(t, s, audit.Filter{})
		cursor = audit.Row{ID: all[0].ID, Time: all[0].Time.Add(time.Microsecond)}.Cursor()
		if p.Next != "" {
			t.Errorf("there is another page: %s", text)
		}
	}
}

// The export of a user shows no more of the events than the page: neither who acted for the
// user, nor from where and why.
func TestAnExportHidesAdministrators(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shown)
	s.SignUp(clienttest.App, ann)
	admin := s.SignUp(clienttest.App, bob)
	annID := userID(t, s, ann)
	s.Clock.Advance(time.Second)
	below(s, admin, func(ctx context.Context) {
		if err := s.Auth.Users().AddEmail(ctx, annID, "second@example.org", true); err != nil {
			t.Fatal(err)
		}
	})
	added := events(t, s, audit.Filter{Names: []string{"account.email_added"}})
	if len(added) != 1 || !added[0].Client.IP.IsValid() {
		t.Fatalf("%+v", added)
	}
	document, err := s.Auth.Users().Export(t.Context(), annID)
	if err != nil || !strings.Contains(string(document), `"account.email_added"`) || !strings.Contains(string(document), `"actor":"administrator"`) {
		t.Fatalf("%s, %v", document, err)
	}
	for _, foreign := range []string{added[0].Client.IP.String(), bob} {
		if strings.Contains(string(document), foreign) {
			t.Errorf("the export has %q: %s", foreign, document)
		}
	}
}
