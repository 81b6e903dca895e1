package djangostore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// beside are the tables that hold what Django's have no columns for. Their rows are
// created when the library first writes: a row of Django without one is complete.
const beside = `
CREATE TABLE IF NOT EXISTS {django_users} (user_id TEXT PRIMARY KEY, display TEXT NOT NULL, extra TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS {django_emails} (address_id BIGINT PRIMARY KEY, exclusive BOOLEAN NOT NULL, created_at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS {django_authenticators} (authenticator_id BIGINT PRIMARY KEY, claim TEXT NOT NULL UNIQUE, data BLOB NOT NULL, source TEXT NOT NULL, counter BIGINT NOT NULL, version BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS {django_tokens} (account_id BIGINT PRIMARY KEY, token BLOB NOT NULL, source TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS {django_sessions} (token_hash TEXT PRIMARY KEY, session_key TEXT NOT NULL, user_id TEXT NOT NULL, session_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS {django_sessions_user} ON {django_sessions} (user_id);
CREATE INDEX IF NOT EXISTS {django_sessions_session} ON {django_sessions} (session_id);
`

// indexes returns the statements that create indexes on Django's tables, for look-ups
// that Django makes without one. Django ignores them.
func (s *Store) indexes() (list []string) {
	collate := ""
	if s.postgres {
		collate = ` COLLATE "C"`
	}
	list = append(list, `CREATE INDEX IF NOT EXISTS {django_password} ON {users} ([password]`+collate+`)`)
	if s.cfg.Users.Email != "" {
		list = append(list, `CREATE INDEX IF NOT EXISTS {django_email} ON {users} (lower([email]))`)
	}
	if s.cfg.Users.Username != "" {
		list = append(list, `CREATE INDEX IF NOT EXISTS {django_username} ON {users} (lower([username]))`)
	}
	return list
}

// SQL returns the statements that Migrate runs beside those of sqlstore: tables beside
// Django's, and indexes on Django's tables.
func (s *Store) SQL() []string {
	text := beside
	if s.postgres {
		text = strings.ReplaceAll(text, "BLOB", "BYTEA")
	}
	var list []string
	for statement := range strings.SplitSeq(text, ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			list = append(list, s.query(statement))
		}
	}
	for _, statement := range s.indexes() {
		list = append(list, s.query(statement))
	}
	return list
}

// migrationLock prevents two servers from creating the tables at the same time.
const migrationLock = 7205759403792794

// Migrate creates the tables beside Django's, and checks that those of Django are there.
// Call it at every start of every server. It does not change a row or a column of Django.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.Store.Migrate(ctx); err != nil {
		return err
	}
	if _, err := s.read(ctx); err != nil {
		return err
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		if s.postgres {
			if _, err := s.exec(ctx, "migrate", `SELECT pg_advisory_xact_lock(?)`, int64(migrationLock)); err != nil {
				return err
			}
		}
		for _, statement := range s.SQL() {
			if _, err := sqlstore.Conn(ctx, s.db).ExecContext(ctx, statement); err != nil {
				return failed("migrate", err)
			}
		}
		return nil
	})
}

// column is a column of the table of users.
type column struct {
	name, kind           string
	required, hasDefault bool
}

// reference is a column of another table that refers to a user.
type reference struct{ table, column string }

// tables is what the database says of Django's tables.
type tables struct {
	columns []column
	// uniqueEmail is true if two users cannot have the same value in the column of the
	// email address.
	uniqueEmail bool
	// references are the columns that refer to users.
	references []reference
	// social, mfa and sessions report whether these applications are installed.
	social, mfa, sessions bool
}

// read returns what the database says of Django's tables, which is read once.
func (s *Store) read(ctx context.Context) (*tables, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.tables != nil {
		return s.tables, nil
	}
	t := &tables{}
	var err error
	if t.columns, err = s.readColumns(ctx); err != nil {
		return nil, err
	}
	u := s.cfg.Users
	if len(t.columns) == 0 {
		return nil, fmt.Errorf("djangostore: the database has no table %q; set Config.Users.Table", u.Table)
	}
	for field, name := range map[string]string{"ID": u.ID, "Username": u.Username, "Email": u.Email, "Password": u.Password, "LastLogin": u.LastLogin, "IsActive": u.IsActive, "DateJoined": u.DateJoined} {
		if name != "" && !slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name }) {
			return nil, fmt.Errorf("djangostore: the table %q has no column %q; set Config.Users.%s", u.Table, name, field)
		}
	}
	names, err := s.tableNames(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, "account_emailaddress") {
		return nil, fmt.Errorf("djangostore: the database has no table account_emailaddress; it is not that of a site with django-allauth")
	}
	t.social, t.mfa, t.sessions = slices.Contains(names, "socialaccount_socialaccount"), slices.Contains(names, "mfa_authenticator"), slices.Contains(names, "django_session")
	if t.references, err = s.readReferences(ctx, names); err != nil {
		return nil, err
	}
	if t.uniqueEmail, err = s.readUniqueEmail(ctx); err != nil {
		return nil, err
	}
	s.tables = t
	return t, nil
}

func scanText(scan func(...any) error) (text string, err error) {
	err = scan(&text)
	return text, err
}

func (s *Store) tableNames(ctx context.Context) ([]string, error) {
	query := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if s.postgres {
		query = `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)`
	}
	return rows(ctx, s, "list tables", query, nil, scanText)
}

func (s *Store) readColumns(ctx context.Context) ([]column, error) {
	query := `SELECT name, lower(type), "notnull" <> 0 AND pk = 0, dflt_value IS NOT NULL OR pk <> 0 FROM pragma_table_info(?)`
	if s.postgres {
		query = `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef OR a.attidentity <> '' FROM pg_attribute a
			JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = ? AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped`
	}
	return rows(ctx, s, "read the columns of users", query, []any{s.cfg.Users.Table}, func(scan func(...any) error) (c column, err error) {
		err = scan(&c.name, &c.kind, &c.required, &c.hasDefault)
		return c, err
	})
}

func scanReference(scan func(...any) error) (r reference, err error) {
	err = scan(&r.table, &r.column)
	return r, err
}

func (s *Store) readReferences(ctx context.Context, names []string) (list []reference, err error) {
	if s.postgres {
		return rows(ctx, s, "read references to users", `SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
			JOIN pg_class r ON r.oid = k.confrelid JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
			WHERE k.contype = 'f' AND r.relname = ? AND pg_table_is_visible(r.oid) AND pg_table_is_visible(c.oid)`, []any{s.cfg.Users.Table}, scanReference)
	}
	for _, name := range names {
		found, err := rows(ctx, s, "read references to users", `SELECT ?, "from" FROM pragma_foreign_key_list(?) WHERE "table" = ?`, []any{name, name, s.cfg.Users.Table}, scanReference)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (s *Store) readUniqueEmail(ctx context.Context) (bool, error) {
	if s.cfg.Users.Email == "" {
		return false, nil
	}
	query := `SELECT COUNT(*) FROM pragma_index_list(?) l WHERE l."unique" <> 0 AND (SELECT COUNT(*) FROM pragma_index_info(l.name)) = 1
		AND EXISTS (SELECT 1 FROM pragma_index_info(l.name) i WHERE i.name = ?)`
	if s.postgres {
		query = `SELECT COUNT(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
			WHERE c.relname = ? AND pg_table_is_visible(c.oid) AND i.indisunique AND i.indnatts = 1 AND a.attname = ?`
	}
	var n int
	err := s.row(ctx, "read the indexes of users", query, []any{s.cfg.Users.Table, s.cfg.Users.Email}, &n)
	return n > 0, err
}
