package headless_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// inLanguages turns on languages, and a custom field in which users set theirs.
func inLanguages(languages ...string) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		cfg.Languages = languages
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 1}}
		cfg.Account.SignupForm = func(_ context.Context, input map[string]json.RawMessage) (map[string]json.RawMessage, error) {
			if input["language"] == nil {
				return nil, nil
			}
			return map[string]json.RawMessage{"language": input["language"]}, nil
		}
	}
}

// message returns the text of the only problem of an answer.
func message(t *testing.T, a *clienttest.Answer) string {
	t.Helper()
	problems, _ := a.Value("errors").([]any)
	if len(problems) != 1 {
		t.Fatalf("%s", a.Text)
	}
	text, _ := problems[0].(map[string]any)["message"].(string)
	return text
}

func TestProblemsAreInTheLanguageOfTheRequest(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, inLanguages("en", "de", "pl"))
	for _, c := range []struct{ header, language, want string }{
		{"", "en", "The email address or the password is incorrect. Check both."},
		{"de-AT,de;q=0.9,en;q=0.5", "de", "Die E-Mail-Adresse oder das Passwort ist falsch. Prüfen Sie beides."},
		{"ja, pl;q=0.1", "pl", "Adres e-mail lub hasło jest nieprawidłowe. Prosimy sprawdzić jedno i drugie."},
		{"ja", "en", "The email address or the password is incorrect. Check both."},
		{strings.Repeat("de-", 20_000), "en", "The email address or the password is incorrect. Check both."},
	} {
		client := s.Client(clienttest.Browser)
		client.Header.Set("Accept-Language", c.header)
		a := client.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "x"})
		a.Problems("password:email_password_mismatch") // the same in every language
		if got := message(t, a); got != c.want {
			t.Errorf("%.20q: %q", c.header, got)
		}
		if a.Header.Get("Content-Language") != c.language || !slices.Contains(a.Header.Values("Vary"), "Accept-Language") {
			t.Errorf("%.20q: %v", c.header, a.Header)
		}
		// An answer without texts is the same for all languages.
		if a := client.Get("config").Status(http.StatusOK); a.Header.Get("Content-Language") != "" || strings.Contains(a.Header.Get("Vary"), "Language") {
			t.Errorf("config: %v", a.Header)
		}
	}
	short := s.Client(clienttest.App)
	short.Header.Set("Accept-Language", "de")
	a := short.Post("auth/signup", clienttest.Body{"email": "ann@example.org", "password": "xq7vzk"})
	if got := message(t, a); got != "Wählen Sie ein Passwort mit mindestens 8 Zeichen." {
		t.Errorf("with a number: %q", got)
	}
}

// A site with one language ignores the header, so that nothing depends on it.
func TestASiteWithOneLanguage(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, inLanguages("nl"))
	client := s.Client(clienttest.App)
	client.Header.Set("Accept-Language", "de")
	a := client.Post("auth/password/request", clienttest.Body{"email": "x"})
	if got := message(t, a); got != "Voer een geldig e-mailadres in." || a.Header.Get("Vary") != "" || a.Header.Get("Content-Language") != "" {
		t.Errorf("%q %v", got, a.Header)
	}
}

// What a user has set comes before the header, in problems and in mails, also when another
// client requests the mail.
func TestTheSettingOfTheUserComesFirst(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, inLanguages("en", "de", "pl"))
	german := s.Client(clienttest.Browser)
	german.Header.Set("Accept-Language", "de")
	german.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	german.Post("auth/signup", clienttest.Body{"email": "ola@example.org", "password": clienttest.Password, "language": "pl-PL"}).Status(401)
	mail := s.MailOf("account/email_confirmation_signup", "ola@example.org")
	if mail.Message.Language != "pl" || !strings.Contains(mail.Message.Text, "Dziękujemy za rejestrację w serwisie Example.") || mail.Message.UserID == "" {
		t.Errorf("%s for %q:\n%s", mail.Message.Language, mail.Message.UserID, mail.Message.Text)
	}
	german.Post("auth/email/verify", clienttest.Body{"key": mail.Key()})
	s.Clock.Advance(clienttest.NextCode)
	german.Post("auth/login", clienttest.Body{"email": "ola@example.org", "password": clienttest.Password}).LoggedIn("ola@example.org")
	a := german.Post("account/email", clienttest.Body{"email": "ola@example.org"})
	if got := message(t, a); got != "Ten adres e-mail jest już przypisany do konta. Prosimy podać inny." || a.Header.Get("Content-Language") != "pl" {
		t.Errorf("logged in: %q", got)
	}
	english := s.Client(clienttest.App)
	english.Post("auth/password/request", clienttest.Body{"email": "ola@example.org"}).Status(200)
	reset := s.MailOf("account/password_reset_key", "ola@example.org").Message
	if reset.Language != "pl" || !strings.HasPrefix(reset.Text, "Dzień dobry!") || reset.UserID != mail.Message.UserID {
		t.Errorf("%s:\n%s", reset.Language, reset.Text)
	}
	if reset.Data["ExpiresIn"] != "3600" || !strings.Contains(reset.Text, "przez 60 minut") || !strings.Contains(reset.Text, reset.Data["URL"]) || reset.Data["Timestamp"] != s.Clock.Now().UTC().Format("2006-01-02T15:04:05Z") {
		t.Errorf("%v", reset.Data)
	}
	german.Neighbor().Post("auth/code/request", clienttest.Body{"email": "ola@example.org"}).Status(401)
	code := s.MailOf("account/login_code", "ola@example.org").Message
	if code.Language != "pl" || !strings.Contains(code.Text, "Adres IP: "+german.Address.String()) {
		t.Errorf("%s:\n%s", code.Language, code.Text)
	}
}

// Without a user the language is that of the request, and so it is for the messages of
// decoys.
func TestMailsWithoutAUser(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, inLanguages("en", "de"))
	client := s.Client(clienttest.App)
	client.Header.Set("Accept-Language", "de")
	client.Post("auth/password/request", clienttest.Body{"email": "eve@example.org"}).Status(200)
	mail := s.MailOf("account/unknown_account", "eve@example.org").Message
	if mail.Language != "de" || mail.UserID != "" || !strings.HasPrefix(mail.Subject, "[Example] Zu dieser Adresse") || !strings.Contains(mail.HTML, `lang="de"`) {
		t.Errorf("%s: %s", mail.Language, mail.Subject)
	}
}

// The problems of a host without a message have the text of the language.
func TestTextsOfTheHost(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, inLanguages("en", "it"), func(cfg *allauth.Config) {
		cfg.Templates = fstest.MapFS{
			"texts.json":    {Data: []byte(`{"problems": {"seats": {"*": "Only %d seats are left."}}}`)},
			"it/texts.json": {Data: []byte(`{"problems": {"seats": {"*": "Restano solo %d posti."}}}`)},
		}
		cfg.Account.BeforeSignup = func(context.Context, *authn.NewUser) error { return &authn.Error{Code: "seats", Args: []any{3}} }
	})
	s.OwnProblems = []string{"seats"}
	client := s.Client(clienttest.App)
	client.Header.Set("Accept-Language", "it")
	a := client.Post("auth/signup", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password})
	if got := message(t, a); got != "Restano solo 3 posti." {
		t.Errorf("%q", got)
	}
	if !strings.Contains(s.Log.Text(), "texts of a language are missing") {
		t.Error("the missing texts are not logged")
	}
}
