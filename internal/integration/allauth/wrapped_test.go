package allauth_test

import (
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// New also validates a sender that the host wraps, for example to count its
// messages.
func TestWrappedSendersAreValidated(t *testing.T) {
	t.Parallel()
	cfg := allauth.Config{BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}}
	cfg.Mailer = struct{ notify.Mailer }{notify.SMTP{From: "app@example.org"}}
	if _, err := allauth.New(cfg, memstore.New()); err == nil || !strings.Contains(err.Error(), "Mailer: notify: SMTP.Addr is empty") {
		t.Errorf("a wrapped mailer without a server: %v", err)
	}
	cfg.Mailer = &notify.Log{}
	cfg.Account.Phone = &account.PhoneConfig{Texter: struct{ notify.Texter }{notify.Webhook{}}}
	if _, err := allauth.New(cfg, memstore.New()); err == nil || !strings.Contains(err.Error(), "Account.Phone.Texter: notify: Webhook.URL is empty") {
		t.Errorf("a wrapped texter without a gateway: %v", err)
	}
}
