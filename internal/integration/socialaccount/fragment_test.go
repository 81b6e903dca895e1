package socialaccount_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

func withTelegram(cfg *allauth.Config) {
	cfg.SocialAccount.Providers = append(cfg.SocialAccount.Providers, provider.App{Provider: "telegram", ClientID: "7", ClientSecret: "7:bot"})
}

func TestAnswerBehindTheHash(t *testing.T) {
	t.Parallel()
	w := start(t, withTelegram)
	c := w.Client(browser)
	callback := parameter(t, w.begin(c, "telegram", "login", "/done"), "return_to")
	response, err := c.HTTP.Get(callback)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(page), "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	policy := response.Header.Get("Content-Security-Policy")
	if response.StatusCode != 200 || !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Fatalf("status %d, policy %s: %s", response.StatusCode, policy, page)
	}
	// As the script does, the fragment becomes parameters.
	date := fmt.Sprint(w.Clock.Now().Unix())
	key := sha256.Sum256([]byte("7:bot"))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("auth_date=" + date + "\nfirst_name=Ann\nid=42"))
	answer := fmt.Sprintf(`{"id":42,"first_name":"Ann","auth_date":%s,"hash":"%s"}`, date, hex.EncodeToString(mac.Sum(nil)))
	callback += "&" + url.Values{"tgAuthResult": {base64.StdEncoding.EncodeToString([]byte(answer))}}.Encode()
	if where := w.comeBack(c, callback); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	c.Get("auth/session").Status(401).Pending("provider_signup")
}

func TestNothingBehindTheHash(t *testing.T) {
	t.Parallel()
	w := start(t, withTelegram)
	c := w.Client(browser)
	callback := parameter(t, w.begin(c, "telegram", "login", "/done"), "return_to")
	if where := w.comeBack(c, callback+"&error=access_denied"); where != failed("/done", "cancelled", "login") {
		t.Fatalf("lands at %s", where)
	}
	forged := parameter(t, w.begin(c, "telegram", "login", "/done"), "return_to") + "&id=42&auth_date=1&hash=00"
	if where := w.comeBack(c, forged); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
}
