package allauth_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

// No verb of package fmt, and no handler of package slog, prints a secret of the
// configuration or a token.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "top-secret-top-secret-top-secret!"
	key := token.Key{Private: ed25519.NewKeyFromSeed([]byte(secret)[:32])}
	app := provider.App{Provider: "github", ClientID: "id", ClientSecret: secret, Settings: provider.Settings{Scopes: []string{secret}}}
	cfg := allauth.Config{
		BaseURL: "https://app.example.com", Secrets: [][]byte{[]byte(secret)},
		Mailer:        notify.SMTP{Addr: "mail.example.com:587", From: "a@example.com", Username: "a", Password: secret},
		Tokens:        &token.Config{Keys: []token.Key{key, {Secret: []byte(secret)}}},
		Audit:         &audit.Config{Webhooks: []audit.Webhook{{URL: "https://hooks.example.com/" + secret, Secrets: []string{"whsec_dG9wLXNlY3JldC10b3Atc2VjcmV0LXRvcC1zZWNyZXQh"}}}},
		SocialAccount: &socialaccount.Config{Providers: []provider.App{app}},
	}
	auth, err := allauth.New(cfg, memstore.New())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close(t.Context()) })
	for name, value := range map[string]any{
		"Config": cfg, "*Config": &cfg, "Auth": auth, "token.Config": *cfg.Tokens, "token.Key": key, "Key of bytes": cfg.Tokens.Keys[1],
		"provider.App": app, "provider.Settings": provider.Settings{CertificateKey: secret}, "socialaccount.Config": *cfg.SocialAccount,
		"LoginResult":  allauth.LoginResult{SessionToken: secret, AccessToken: secret, RefreshToken: secret},
		"audit.Config": *cfg.Audit, "audit.Webhook": cfg.Audit.Webhooks[0],
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("made", "what", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "what", value)
		text := fmt.Sprintf("%v %+v %#v %s %x", value, value, value, value, value) + log.String()
		for _, form := range []string{secret[:20], fmt.Sprintf("%x", secret[:20]), strings.Trim(fmt.Sprint([]byte(secret)[:20]), "[]"), "dG9wLXNlY3JldC10b3Atc2Vj"} {
			if strings.Contains(text, form) {
				t.Errorf("%s prints a secret: %.300s", name, text)
			}
		}
	}
}
