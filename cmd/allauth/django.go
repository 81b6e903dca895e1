package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/cmd/allauth/connect"
	"github.com/allauth-go/allauth/internal/settings"
	"github.com/allauth-go/allauth/storage/djangostore"
)

// settingsScript prints the settings of a Django site as JSON.
//
//go:embed djangosettings.py
var settingsScript string

// djangoFile is what settingsScript prints.
type djangoFile struct {
	User struct {
		Table, ID, Key, Username, Email, Password string
		LastLogin                                 string `json:"last_login"`
		IsActive                                  string `json:"is_active"`
		DateJoined                                string `json:"date_joined"`
	} `json:"user"`
	Settings map[string]json.RawMessage `json:"settings"`
}

func djangoFlags(c *call, f *flag.FlagSet) {
	f.StringVar(&c.database, "database", os.Getenv("ALLAUTH_DATABASE"), "the `URL` of the site's database: sqlite:PATH or postgres://…; or $ALLAUTH_DATABASE")
	f.StringVar(&c.prefix, "table-prefix", "", "the `prefix` of the tables beside those of Django, see djangostore.Config")
}

func printDjangoScript(_ context.Context, c *call) error {
	_, err := fmt.Fprint(c.out, settingsScript)
	return err
}

// site opens the database of the site that the file describes.
func (c *call) site() (*djangoFile, *djangostore.Store, error) {
	text, err := os.ReadFile(c.arg(0))
	if err != nil {
		return nil, nil, err
	}
	var file djangoFile
	text = text[max(0, bytes.IndexByte(text, '{')):] // the shell of Django 5.2 says before what it imports
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, nil, fmt.Errorf("%s is not what the script of allauth django settings prints: %w", c.arg(0), err)
	}
	if c.database == "" {
		return nil, nil, errors.New("there is no database; set -database or $ALLAUTH_DATABASE")
	}
	db, dialect, err := connect.Open(c.database)
	if err != nil {
		return nil, nil, err
	}
	c.closers = append(c.closers, func() { _ = db.Close() })
	u := file.User
	cfg := djangostore.Config{
		Secrets: [][]byte{make([]byte, 32)}, TablePrefix: c.prefix, // nothing is encrypted with it
		Users: djangostore.UserModel{
			Table: u.Table, ID: u.ID, Username: u.Username, Email: u.Email, Password: u.Password,
			LastLogin: u.LastLogin, IsActive: u.IsActive, DateJoined: u.DateJoined,
		},
		RecoveryCodeCount: file.number("MFA_RECOVERY_CODE_COUNT"), RecoveryCodeDigits: file.number("MFA_RECOVERY_CODE_DIGITS"), TOTPDigits: file.number("MFA_TOTP_DIGITS"),
	}
	if u.Key == "uuid" {
		cfg.Users.Key = djangostore.UUID
	}
	if file.hasAdapter() {
		// The program of the site decrypts: here a text counts as readable.
		cfg.Decrypt = func(string) (string, error) { return "AAAAAAAAAAAAAAAA", nil }
		cfg.Encrypt = func(string) (string, error) { return "", errors.New("the command does not encrypt") }
	}
	store, err := djangostore.New(db, dialect, cfg)
	return &file, store, err
}

func (f *djangoFile) number(name string) (n int) {
	_ = json.Unmarshal(f.Settings[name], &n) // zero: the default
	return n
}

func (f *djangoFile) text(name string) (text string) {
	_ = json.Unmarshal(f.Settings[name], &text) // empty: the default
	return text
}

func (f *djangoFile) texts(name string) (list []string) {
	_ = json.Unmarshal(f.Settings[name], &list) // none: the default
	return list
}

// hasAdapter reports whether the site has an MFA adapter of its own.
func (f *djangoFile) hasAdapter() bool {
	return !slices.Contains([]string{"", "allauth.mfa.adapter.DefaultMFAAdapter"}, f.text("MFA_ADAPTER"))
}

// without returns the settings of django-allauth for which the library has no counterpart.
func (f *djangoFile) without() (names []string) {
	for name := range f.Settings {
		section, key, _ := strings.Cut(name, "_")
		if slices.Contains([]string{"ACCOUNT", "MFA", "SOCIALACCOUNT", "HEADLESS", "USERSESSIONS"}, section) && !settings.Has(strings.ToLower(section), strings.ToLower(key)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// shownUsers is how many users of a kind are named; with -json all are.
const shownUsers = 5

func inspectDjango(ctx context.Context, c *call) error {
	file, store, err := c.site()
	if err != nil {
		return err
	}
	found, some := map[string]int{}, map[string][]string{}
	err = store.Inspect(ctx, func(f djangostore.Finding) error {
		if found[f.Kind]++; found[f.Kind] <= shownUsers {
			some[f.Kind] = append(some[f.Kind], strings.TrimSpace(f.UserID+" "+printable(f.Detail)))
		}
		return c.printJSON(map[string]string{"user": f.UserID, "kind": f.Kind, "detail": f.Detail})
	})
	if err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(found)) {
		c.printf("%-35s %d users\n", kind, found[kind])
		for _, user := range some[kind] {
			c.printf("    user %s\n", user)
		}
	}
	if len(found) == 0 {
		c.printf("Every user gets in as before.\n")
	}
	if file.hasAdapter() {
		c.printf("\nMFA_ADAPTER is %s. If it encrypts, set Decrypt and Encrypt of djangostore.Config, and call Inspect in your program: this command cannot read what it encrypts.\n", printable(file.text("MFA_ADAPTER")))
	}
	if engine := file.text("SESSION_ENGINE"); engine != "django.contrib.sessions.backends.db" || !strings.HasSuffix(file.text("SESSION_SERIALIZER"), ".JSONSerializer") {
		c.printf("\nOpen sessions end: SESSION_ENGINE is %s with %s.\n", printable(engine), printable(file.text("SESSION_SERIALIZER")))
	}
	if names := file.without(); len(names) > 0 {
		c.printf("\nSettings without a counterpart, see docs/differences.md:\n    %s\n", strings.Join(names, "\n    "))
	}
	if found[djangostore.UnreadableFactor] > 0 {
		return errFound
	}
	return nil
}

func adoptDjango(ctx context.Context, c *call) error {
	file, store, err := c.site()
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	result, err := store.AdoptSessions(ctx, append([]string{file.text("SECRET_KEY")}, file.texts("SECRET_KEY_FALLBACKS")...)...)
	if err != nil {
		return err
	}
	c.printf("Sessions: %d adopted, %d known, %d anonymous, %d ended, %d unreadable.\n", result.Adopted, result.Known, result.Anonymous, result.Ended, result.Unreadable)
	return c.printJSON(map[string]int{"adopted": result.Adopted, "known": result.Known, "anonymous": result.Anonymous, "ended": result.Ended, "unreadable": result.Unreadable})
}
