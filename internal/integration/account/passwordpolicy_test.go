package account_test

import (
	"fmt"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Random words are accepted as a password for the longest addresses.
func TestAPassphraseIsNotTooSimilarToALongAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	for n, c := range []struct{ email, password string }{
		{"maria.theresia.von-hohenstein@institute-for-research.example.org", "orbit thermal insane history tonic rested anchor"},
		{"alexander.christopherson@engineering.northern-stations.example.org", "trains-oriental-shingle-corner-neither-phrases-glean-rests"},
		{"international.conference.registration@department.example.org", "nectarineorientaldraftmeetcarnationpagerstone"},
	} {
		s.Client(clienttest.App).Post("auth/signup", body{"email": c.email, "password": c.password}).Status(401).Pending("verify_email")
		s.Client(clienttest.App).Post("auth/signup", body{"email": fmt.Sprintf("ann.wizard%d@example.org", n), "password": "annwizard!2025"}).
			Problems("password:password_too_similar")
	}
}

// Users are likely to choose the name of the site.
func TestTheNameOfTheSiteIsTooCommon(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.SiteName, cfg.Account.Password.Blocklist = "Harbour Lights", []string{"Moby Dick"}
	})
	for _, word := range []string{"harbour2025", "Harbour-Lights!", "lights-harbour-1", "MobyDick-1851"} {
		s.Client(clienttest.App).Post("auth/signup", body{"email": "ann@example.org", "password": word}).
			Problems("password:password_too_common")
	}
	s.Client(clienttest.App).Post("auth/signup", body{"email": "ann@example.org", "password": "a harbour without lights"}).Status(401)
}

// If the password is the only factor, the host can require 15 characters.
func TestALongPasswordWhereItIsTheOnlyFactor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *account.Config) { cfg.Password.SingleFactorMinLength = 15 })
	const short, long, email = "xevqn-77-otter", "xevqn-77-otter-2", "ann@example.org"
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": email, "password": short}).Problems("password:password_too_short")
	ann := s.SignUp(clienttest.App, email)
	ann.Post("account/password/change", body{"current_password": password, "new_password": short}).Problems("new_password:password_too_short")
	ann.Post("account/password/change", body{"current_password": password, "new_password": long}).LoggedIn(email)
	c.Post("auth/password/request", body{"email": email}).Status(200)
	key := s.MailOf("account/password_reset_key", email).Key()
	c.Post("auth/password/reset", body{"key": key, "password": short}).Problems("password:password_too_short")
	c.Post("auth/password/reset", body{"key": key, "password": long + "3"}).Status(401)
}
