package main

import (
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/integration/testserver"
)

func TestTheDatabaseIsOpened(t *testing.T) {
	t.Parallel()
	addresses := []string{"memory://", "sqlite://" + t.TempDir() + "/app.db", testserver.Postgres(t)}
	if source := testserver.MySQL(t); source != "" {
		config, err := mysql.ParseDSN(source)
		if err != nil {
			t.Fatal(err)
		}
		user := config.User
		if config.Passwd != "" {
			user += ":" + config.Passwd
		}
		addresses = append(addresses, "mysql://"+user+"@"+config.Addr+"/"+config.DBName)
	}
	for _, address := range addresses {
		if address == "" {
			continue // no such server here
		}
		kind, _, _ := strings.Cut(address, ":")
		store, closeStore, err := openStore(t.Context(), address)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		user, err := store.CreateUser(t.Context(), authn.NewUser{Email: "ann@example.org"})
		if err != nil || user.ID == "" {
			t.Errorf("%s: CreateUser = %v, %v", kind, user, err)
		}
		closeStore()
	}
}

func TestABadDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "app.db", "oracle://x", "mysql://", "mysql://a:se%cret@b/c", "mysql://a:secret@b/c?timeout=x"} {
		_, _, err := openStore(t.Context(), address)
		if err == nil || !strings.HasPrefix(err.Error(), "database") {
			t.Errorf("%q: %v", address, err)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "se%cret") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}
