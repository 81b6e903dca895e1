package frozen_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/redisstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// database is one that a version has written to.
type database struct {
	store storage.Store
	// dump writes the content below a folder.
	dump func(t *testing.T, dir string)
}

// databases open a database with what lies below a folder, or an empty one for
// "". They return nil where the server for it is missing.
var databases = map[string]func(t *testing.T, dir string) *database{
	"sqlite": openSQLite, "postgres": openPostgres, "mysql": openMySQL, "redis": openRedis,
}

func connect(t *testing.T, driver, source string, dialect sqlstore.Dialect) (*sql.DB, *sqlstore.Store) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	t.Cleanup(func() { _ = db.Close() })
	store := sqlstore.New(db, dialect)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db, store
}

// The files of a fixture, beside fixtureFile.
const (
	sqliteFile   = "sqlite.db"
	postgresFile = "postgres.sql"
	mysqlFile    = "mysql.sql"
	redisFile    = "redis.json"
)

func openSQLite(t *testing.T, dir string) *database {
	t.Helper()
	file := filepath.Join(t.TempDir(), "frozen.db")
	if dir != "" {
		if err := os.WriteFile(file, readFile(t, dir, sqliteFile), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, store := connect(t, "sqlite", sqlstore.SQLiteDSN(file), sqlstore.SQLite)
	return &database{store: store, dump: func(t *testing.T, dir string) {
		t.Helper()
		if _, err := db.Exec("VACUUM INTO ?", filepath.Join(dir, sqliteFile)); err != nil {
			t.Fatal(err)
		}
	}}
}

func openPostgres(t *testing.T, dir string) *database {
	t.Helper()
	source := testserver.Postgres(t)
	if source == "" {
		return nil
	}
	if dir != "" {
		restore(t, "pgx", source+"?default_query_exec_mode=simple_protocol", readFile(t, dir, postgresFile))
	}
	_, store := connect(t, "pgx", source, sqlstore.Postgres)
	return &database{store: store, dump: func(t *testing.T, dir string) {
		t.Helper()
		dump := output(t, "pg_dump", "--inserts", "--no-owner", "--no-privileges", "--no-comments", source)
		// What is left is SQL: no commands of psql, no settings of the session.
		dump = regexp.MustCompile(`(?m)^(--.*|\\.*|SET .*|SELECT pg_catalog.set_config.*|)\n`).ReplaceAll(dump, nil)
		writeFile(t, dir, postgresFile, dump)
	}}
}

func openMySQL(t *testing.T, dir string) *database {
	t.Helper()
	source := testserver.MySQL(t)
	if source == "" {
		return nil
	}
	if dir != "" {
		restore(t, "mysql", source+"?multiStatements=true", readFile(t, dir, mysqlFile))
	}
	_, store := connect(t, "mysql", source, sqlstore.MySQL)
	return &database{store: store, dump: func(t *testing.T, dir string) {
		t.Helper()
		config, err := mysql.ParseDSN(source)
		if err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(config.Addr)
		if err != nil {
			t.Fatal(err)
		}
		dump := output(t, "mariadb-dump", "--no-defaults", "--compact", "--hex-blob", "--skip-lock-tables",
			"--host="+host, "--port="+port, "--user="+config.User, "--password="+config.Passwd, config.DBName)
		dump = regexp.MustCompile(`(?m)^(/\*.*)\n`).ReplaceAll(dump, nil)
		writeFile(t, dir, mysqlFile, dump)
	}}
}

// restore runs the statements of a dump in a connection of their own.
func restore(t *testing.T, driver, source string, statements []byte) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(string(statements)); err != nil {
		t.Fatal(err)
	}
}

// The default prefixes of redisstore: that of today, and that of the first fixture.
const (
	redisPrefix      = "allauth:"
	firstRedisPrefix = "{allauth}:"
)

// redisKey is a key of Redis.
type redisKey struct {
	Key string
	TTL time.Duration
	// One of these holds the value. What may be binary is in base64.
	Text   []byte             `json:",omitempty"`
	Hash   map[string][]byte  `json:",omitempty"`
	Set    []string           `json:",omitempty"`
	Sorted map[string]float64 `json:",omitempty"`
}

// openRedis opens sessions, challenges and limits in Redis, and everything else
// in SQLite.
func openRedis(t *testing.T, dir string) *database {
	t.Helper()
	address := testserver.Redis(t)
	if address == "" {
		return nil
	}
	client := testserver.ConnectRedis(t, address)
	prefix := rand.Text() + ":"
	if dir != "" {
		var keys []redisKey
		if err := json.Unmarshal(readFile(t, dir, redisFile), &keys); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			name := strings.TrimPrefix(strings.TrimPrefix(key.Key, redisPrefix), firstRedisPrefix)
			restoreRedis(t, client, prefix+name, key)
		}
	}
	base, cache := openSQLite(t, dir), redisstore.New(client, redisstore.KeyPrefix(prefix))
	return &database{
		store: storage.Compose(base.store, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache}),
		dump: func(t *testing.T, dir string) {
			t.Helper()
			base.dump(t, dir)
			var keys []redisKey
			for _, name := range client.Keys(t.Context(), prefix+"*").Val() {
				key := dumpRedis(t, client, name)
				key.Key = redisPrefix + strings.TrimPrefix(name, prefix)
				keys = append(keys, key)
			}
			text, err := json.MarshalIndent(keys, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, dir, redisFile, text)
		},
	}
}

func dumpRedis(t *testing.T, client redis.UniversalClient, name string) redisKey {
	t.Helper()
	ctx := t.Context()
	key := redisKey{TTL: client.PTTL(ctx, name).Val()}
	switch kind := client.Type(ctx, name).Val(); kind {
	case "string":
		key.Text = []byte(client.Get(ctx, name).Val())
	case "hash":
		key.Hash = map[string][]byte{}
		for field, value := range client.HGetAll(ctx, name).Val() {
			key.Hash[field] = []byte(value)
		}
	case "set":
		key.Set = client.SMembers(ctx, name).Val()
	case "zset":
		key.Sorted = map[string]float64{}
		for _, z := range client.ZRangeWithScores(ctx, name, 0, -1).Val() {
			key.Sorted[z.Member.(string)] = z.Score
		}
	default:
		t.Fatalf("%s is a %s", name, kind)
	}
	return key
}

func restoreRedis(t *testing.T, client redis.UniversalClient, name string, key redisKey) {
	t.Helper()
	ctx := t.Context()
	var err error
	switch {
	case key.Hash != nil:
		for field, value := range key.Hash {
			err = errors.Join(err, client.HSet(ctx, name, field, value).Err())
		}
	case key.Set != nil:
		err = client.SAdd(ctx, name, key.Set).Err()
	case key.Sorted != nil:
		for member, score := range key.Sorted {
			err = errors.Join(err, client.ZAdd(ctx, name, redis.Z{Member: member, Score: score}).Err())
		}
	default:
		err = client.Set(ctx, name, key.Text, 0).Err()
	}
	if err == nil && key.TTL > 0 {
		err = client.PExpire(ctx, name, key.TTL).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, problems.String())
	}
	return out
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func writeFile(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}
