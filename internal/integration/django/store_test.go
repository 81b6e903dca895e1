package django

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/djangostore"
	"github.com/allauth-go/allauth/storage/storetest"
	"github.com/allauth-go/allauth/users"
)

func TestStore(t *testing.T) {
	t.Parallel()
	for _, s := range sites() {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			db, store := s.open(t)
			empty := func() {
				tables := []string{"socialaccount_socialtoken", "socialaccount_socialaccount", "mfa_authenticator", "account_emailaddress", "django_session",
					"allauth_django_users", "allauth_django_emails", "allauth_django_authenticators", "allauth_django_tokens", "allauth_django_sessions",
					"allauth_usernames", "allauth_phones", "allauth_challenges", "allauth_sessions", "allauth_outbox", "allauth_refresh_tokens", "allauth_rate_limits",
					"allauth_deletions", "allauth_user_locks", "allauth_audit_events", s.users()}
				for _, table := range tables {
					if _, err := db.Exec("DELETE FROM " + table); err != nil {
						t.Fatal(err)
					}
				}
			}
			open := func(*testing.T) *djangostore.Store {
				empty()
				return store
			}
			whole := func(*testing.T) storage.Store { return open(nil) }
			storetest.Users(t, as[authn.UserStore](open))
			storetest.Sessions(t, as[sessions.Store](open))
			storetest.RefreshTokens(t, as[token.Store](open))
			storetest.Challenges(t, as[authn.ChallengeStore](open))
			storetest.Emails(t, as[account.EmailStore](open))
			storetest.Passwords(t, as[account.PasswordStore](open))
			storetest.Usernames(t, as[account.UsernameStore](open))
			storetest.Phones(t, as[account.PhoneStore](open))
			storetest.SocialAccounts(t, as[socialaccount.Store](open))
			storetest.Outbox(t, as[notify.Store](open))
			storetest.Audit(t, as[audit.Store](open))
			storetest.RateLimits(t, as[ratelimit.Store](open))
			storetest.Deletions(t, as[users.DeletionStore](open))
			storetest.Keeper(t, whole)
			keys, err := keyring.New([][]byte{secret}, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			storetest.Transactions(t, func(*testing.T) storage.Store { return opaque{open(nil), keys} })
			storetest.Authenticators(t, func(*testing.T) mfa.Store { return opaque{open(nil), keys} })
		})
	}
}

// as narrows a function that opens the store to one of its interfaces.
func as[P any](open func(t *testing.T) *djangostore.Store) func(t *testing.T) P {
	return func(t *testing.T) P { return any(open(t)).(P) }
}

// opaque lets the kit store any bytes as data of a key: they become the id of a
// credential, as the store converts data to Django's form.
type opaque struct {
	*djangostore.Store
	keys *keyring.Keyring
}

const keyPurpose = "mfa authenticator"

// publicKey is a COSE key of the curve P-256.
var publicKey = append(append([]byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"),
	"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x22\x58\x20"...),
	"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"...)

func (o opaque) seal(a mfa.Authenticator) (mfa.Authenticator, error) {
	a.Type = mfa.WebAuthn // the kit's data has no type
	text, err := json.Marshal(webauthn.Credential{ID: a.Data, PublicKey: publicKey})
	if err == nil {
		a.Data, err = o.keys.Seal(keyPurpose, text, []byte("webauthn\x00"+a.UserID))
	}
	return a, err
}

func (o opaque) unseal(a *mfa.Authenticator) error {
	text, err := o.keys.Open(keyPurpose, a.Data, []byte("webauthn\x00"+a.UserID))
	if err != nil {
		return err
	}
	var key webauthn.Credential
	err = json.Unmarshal(text, &key)
	a.Data = key.ID
	return err
}

func (o opaque) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	a, err := o.seal(a)
	if err != nil {
		return 0, err
	}
	return o.Store.CreateAuthenticator(ctx, a)
}

func (o opaque) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	a, err := o.seal(a)
	if err != nil {
		return err
	}
	return o.Store.UpdateAuthenticator(ctx, a)
}

func (o opaque) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	list, err := o.Store.AuthenticatorsByUser(ctx, userID)
	for i := range list {
		if err := o.unseal(&list[i]); err != nil {
			return nil, err
		}
	}
	return list, err
}

func (o opaque) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	a, err := o.Store.AuthenticatorByClaim(ctx, claim)
	if err != nil {
		return nil, err
	}
	return a, o.unseal(a)
}
