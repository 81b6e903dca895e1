package connect

import "testing"

func TestMySQLSource(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"mysql://ann:p%40ss@db.example.com/auth":          "ann:p@ss@tcp(db.example.com:3306)/auth",
		"mysql://ann@127.0.0.1:3307/auth?tls=skip-verify": "ann@tcp(127.0.0.1:3307)/auth?tls=skip-verify",
	} {
		if got, err := mysqlSource(address); err != nil || got != want {
			t.Errorf("mysqlSource(%s) = %s, %v, want %s", address, got, err, want)
		}
	}
}

func TestSQLitePath(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"sqlite://app.db": "app.db", "sqlite:app.db": "app.db", "sqlite:///srv/app.db": "/srv/app.db", "sqlite:/srv/app.db": "/srv/app.db"} {
		if got, found := SQLitePath(address); got != want || !found {
			t.Errorf("SQLitePath(%s) = %s, %v, want %s", address, got, found, want)
		}
	}
}
