package breach_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/allauth-go/allauth/account/password/breach"
)

func Example() {
	dir, err := os.MkdirTemp("", "breach")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "pwned.filter")

	// The range files of Pwned Passwords have a million names; here one.
	hash := fmt.Sprintf("%X", sha1.Sum([]byte("password123")))
	ranges := fstest.MapFS{hash[:5] + ".txt": {Data: []byte(hash[5:] + ":126927\n")}}
	if _, err := breach.Build(context.Background(), ranges, path, breach.Options{Partial: true}); err != nil {
		panic(err)
	}

	filter := &breach.Filter{Path: path} // allauth.Config{Account: account.Config{Password: password.Policy{BreachList: filter}}}
	for _, password := range []string{"password123", "correct-horse-9-battery"} {
		found, err := filter.Contains(context.Background(), password)
		fmt.Println(password, found, err)
	}
	// Output:
	// password123 true <nil>
	// correct-horse-9-battery false <nil>
}
