package djangostore

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// KeyType is the type of the users' primary key.
type KeyType int

const (
	// Integer is an AutoField or BigAutoField.
	Integer KeyType = iota
	// UUID is a UUIDField.
	UUID
)

// None says that the user model has no such field.
const None = "-"

// UserModel describes the table of users. The zero value is that of Django's own
// auth_user.
type UserModel struct {
	// Table is the name of the table. Empty: "auth_user".
	Table string
	// Key is the type of the primary key.
	Key KeyType
	// ID, Username, Email, Password, LastLogin, IsActive and DateJoined are the names of
	// columns. Empty: "id", "username", "email", "password", "last_login", "is_active"
	// and "date_joined". All but ID and Password may be [None].
	ID, Username, Email, Password, LastLogin, IsActive, DateJoined string
	// Columns returns values for further columns of a new user, by the names of columns,
	// for example from the custom fields of the sign-up form. Other columns that must not
	// be NULL and have no default get an empty text, zero, false or the current time. Nil:
	// no values.
	Columns func(u authn.NewUser) map[string]any
}

// Config describes the Django site.
type Config struct {
	// Secrets are those of allauth.Config. Authenticators and tokens of providers are
	// encrypted with them between the library and the store.
	Secrets [][]byte
	// TablePrefix is the prefix of the tables beside those of Django. Empty: "allauth_".
	TablePrefix string
	// Users is the user model.
	Users UserModel
	// Phones is where the site keeps phone numbers. Django-allauth has no table for them.
	// Nil: in a table beside. A store in the same database joins the transactions, see
	// sqlstore.Conn.
	Phones account.PhoneStore

	// Decrypt and Encrypt are those of the site's MFA_ADAPTER, with which it encrypts
	// TOTP secrets and recovery codes. Nil: the texts are stored in clear, as
	// django-allauth does.
	Decrypt, Encrypt func(text string) (string, error)
	// TOTPDigits, TOTPPeriod, RecoveryCodeCount and RecoveryCodeDigits are the settings
	// MFA_TOTP_DIGITS, MFA_TOTP_PERIOD, MFA_RECOVERY_CODE_COUNT and
	// MFA_RECOVERY_CODE_DIGITS. Zero: 6, 30 seconds, 10 and 8.
	TOTPDigits                            int
	TOTPPeriod                            time.Duration
	RecoveryCodeCount, RecoveryCodeDigits int

	// Now returns the current time. Nil: time.Now.
	Now func() time.Time
}

// namePattern matches the names of tables and columns that are quoted safely.
var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// complete fills in the defaults and checks the values.
func (c *Config) complete() error {
	u := &c.Users
	for _, name := range []struct {
		field    string
		value    *string
		standard string
		optional bool
	}{
		{"TablePrefix", &c.TablePrefix, "allauth_", false},
		{"Users.Table", &u.Table, "auth_user", false},
		{"Users.ID", &u.ID, "id", false},
		{"Users.Username", &u.Username, "username", true},
		{"Users.Email", &u.Email, "email", true},
		{"Users.Password", &u.Password, "password", false},
		{"Users.LastLogin", &u.LastLogin, "last_login", true},
		{"Users.IsActive", &u.IsActive, "is_active", true},
		{"Users.DateJoined", &u.DateJoined, "date_joined", true},
	} {
		*name.value = cmp.Or(*name.value, name.standard)
		if *name.value == None && name.optional {
			*name.value = ""
			continue
		}
		if !namePattern.MatchString(*name.value) {
			return fmt.Errorf("%s is %q; use letters, digits and underscores", name.field, *name.value)
		}
	}
	if u.Key != Integer && u.Key != UUID {
		return errors.New("Users.Key is unknown; use Integer or UUID")
	}
	if (c.Decrypt == nil) != (c.Encrypt == nil) {
		return errors.New("only one of Decrypt and Encrypt is set; set both, or neither")
	}
	c.TOTPDigits = cmp.Or(c.TOTPDigits, 6)
	c.TOTPPeriod = cmp.Or(c.TOTPPeriod, 30*time.Second)
	c.RecoveryCodeCount = cmp.Or(c.RecoveryCodeCount, 10)
	c.RecoveryCodeDigits = cmp.Or(c.RecoveryCodeDigits, 8)
	if c.TOTPDigits < 4 || c.TOTPDigits > 10 || c.TOTPPeriod < time.Second || c.TOTPPeriod%time.Second != 0 {
		return errors.New("TOTPDigits or TOTPPeriod is out of bounds; use those of MFA_TOTP_DIGITS and MFA_TOTP_PERIOD")
	}
	clear := func(text string) (string, error) { return text, nil }
	if c.Decrypt == nil {
		c.Decrypt, c.Encrypt = clear, clear
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}
