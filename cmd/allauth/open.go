package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/cmd/allauth/connect"
	"github.com/allauth-go/allauth/internal/settings"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/sqlstore"
	"github.com/allauth-go/allauth/users"
)

// options are the flags about the servers, and what was opened with them.
type options struct {
	config, database, redis, baseURL string
	schema, prefix                   string
	actor                            string

	sql     *sqlstore.Store
	store   storage.Store
	auth    *allauth.Auth
	closers []func()
}

// declare declares the flags of commands that use the database.
func (o *options) declare(f *flag.FlagSet) {
	f.StringVar(&o.config, "config", os.Getenv("ALLAUTH_CONFIG"), "the configuration `file` of the standalone server, see docs/server.md; or $ALLAUTH_CONFIG")
	f.StringVar(&o.database, "database", "", "the `URL` of the database: sqlite:PATH, postgres://… or mysql://…; or $ALLAUTH_DATABASE, or that of -config")
	f.StringVar(&o.redis, "redis", "", "the `URL` of the Redis that keeps the sessions, if there is one; or $ALLAUTH_REDIS, or that of -config")
	f.StringVar(&o.baseURL, "base-url", "", "the public `URL` of the site; or $ALLAUTH_BASE_URL, or that of -config")
	f.StringVar(&o.schema, "schema", "", "the `name` of the schema with the tables, see sqlstore.Schema")
	f.StringVar(&o.prefix, "table-prefix", "", "the `prefix` of the tables, see sqlstore.TablePrefix")
	f.StringVar(&o.actor, "actor", "", "the `name` of the person who acts, for events; the default is cli: and the name of the system's user")
}

// close closes what was opened.
func (o *options) close() {
	for i := len(o.closers); i > 0; i-- {
		o.closers[i-1]()
	}
}

// open opens the database as the command needs it.
func (c *call) open(ctx context.Context, command *command) error {
	if command.needs == nothing {
		return nil
	}
	file := &settings.File{}
	if c.config != "" {
		var err error
		if file, err = settings.Load(c.config); err != nil {
			return err
		}
	}
	override(&file.Database, c.database, "ALLAUTH_DATABASE")
	override(&file.Redis, c.redis, "ALLAUTH_REDIS")
	override(&file.BaseURL, c.baseURL, "ALLAUTH_BASE_URL")
	override(&file.SecretKey, "", "ALLAUTH_SECRET_KEY")
	if file.Database == "" {
		return errors.New("there is no database; set -database, $ALLAUTH_DATABASE or -config")
	}
	if command.needs == secrets && (file.SecretKey == "" || file.BaseURL == "") {
		return errors.New("this command queues mails, or uses what is encrypted, so it needs the secret and the URL of the servers; set -config, or $ALLAUTH_SECRET_KEY and -base-url")
	}
	if err := c.connect(ctx, file, command.name); err != nil {
		return err
	}
	return c.newAuth(ctx, file)
}

// override replaces a value of the file by that of the flag, or of the environment.
func override(value *string, flag, variable string) {
	*value = cmp.Or(flag, os.Getenv(variable), *value)
}

// connect opens the stores. Only migrate creates what is missing.
func (c *call) connect(ctx context.Context, file *settings.File, name string) error {
	if path, found := connect.SQLitePath(file.Database); found && name != "migrate" {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("database: %w", err)
		}
	}
	var options []sqlstore.Option
	if c.prefix != "" {
		options = append(options, sqlstore.TablePrefix(c.prefix))
	}
	if c.schema != "" {
		options = append(options, sqlstore.Schema(c.schema))
	}
	base, closeSQL, err := connect.SQL(file.Database, options...)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, closeSQL)
	c.sql = base
	if name == "migrate" {
		c.store = base
		return nil
	}
	status, err := base.Status(ctx)
	if err != nil && name != "doctor" {
		return fmt.Errorf("database: %w", err)
	}
	if status.PendingMigrations > 0 && name != "doctor" {
		return fmt.Errorf("database: %d migrations of this version have not run; run allauth migrate, or use the version of allauth that the servers have", status.PendingMigrations)
	}
	store, closeRedis, err := connect.Redis(ctx, base, file.Redis)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, closeRedis)
	c.store = store
	return nil
}

// newAuth creates the Auth of the command: that of the servers, without their work in the
// background.
func (c *call) newAuth(ctx context.Context, file *settings.File) error {
	if file.SecretKey == "" {
		file.SecretKey = rand.Text() + rand.Text() // the command uses no secret
	}
	if file.BaseURL == "" {
		file.BaseURL = "https://localhost" // the command makes no link
	}
	file.Account.EmailNotifications = file.Account.EmailNotifications || c.config == ""
	config, err := file.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", c.config, err)
	}
	if c.config == "" {
		if err := c.assume(ctx, &config); err != nil {
			return err
		}
	}
	config.CleanInterval = -1
	config.Logger = slog.New(slog.NewTextHandler(c.errors, &slog.HandlerOptions{Level: slog.LevelError}))
	auth, err := allauth.New(config, quiet{c.store})
	if err != nil {
		return err
	}
	c.auth = auth
	c.closers = append(c.closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = auth.Close(ctx) // it delivers nothing
	})
	return nil
}

// assume sets what the command has to assume of a host that has no configuration file.
func (c *call) assume(ctx context.Context, config *allauth.Config) error {
	config.Mailer = undelivered{}
	config.Account.Phone = &account.PhoneConfig{Texter: undelivered{}}
	if config.MFA == nil {
		config.MFA = &mfa.Config{}
	}
	if status, err := c.store.Status(ctx); err != nil || status.PendingMigrations > 0 {
		return nil // doctor says so
	}
	// Where events are kept, those of the command are, too.
	events, err := c.store.AuditEvents(ctx, audit.Filter{Limit: 1})
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if len(events) > 0 && config.Audit == nil {
		config.Audit = &audit.Config{}
	}
	return nil
}

// quiet is a store of which the command delivers no messages, as the servers do, and
// carries out no requested deletions, as only hosts know users.Config.BeforeDelete.
type quiet struct{ storage.Store }

// ClaimMessages implements notify.Store.
func (quiet) ClaimMessages(context.Context, time.Time, time.Duration, int, ...string) ([]notify.Entry, error) {
	return nil, nil
}

// DueDeletions implements users.DeletionStore.
func (quiet) DueDeletions(context.Context, time.Time, string, int) ([]users.Deletion, error) {
	return nil, nil
}

// undelivered is the sender of a command that delivers nothing.
type undelivered struct{}

var errUndelivered = errors.New("the command delivers nothing")

// Send implements notify.Mailer.
func (undelivered) Send(context.Context, notify.Message) error { return errUndelivered }

// Text implements notify.Texter.
func (undelivered) Text(context.Context, notify.TextMessage) error { return errUndelivered }

// Validate implements both.
func (undelivered) Validate() error { return nil }

// acting returns a context with the person who acts.
func (c *call) acting(ctx context.Context) context.Context {
	if c.actor != "" {
		return allauth.WithActor(ctx, c.actor)
	}
	name := os.Getenv("SUDO_USER")
	if u, err := user.Current(); err == nil && name == "" {
		name = u.Username
	}
	return allauth.WithActor(ctx, "cli:"+name)
}
