package audit_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

// An administrator sets a password, and reads later who did it.
func Example() {
	ctx := context.Background()
	auth, err := allauth.New(allauth.Config{
		BaseURL: "https://app.example.com",
		Secrets: [][]byte{make([]byte, 32)}, // of a real server: random, from its configuration
		Mailer:  &notify.Log{Writer: io.Discard},
		Audit:   &audit.Config{Retention: 90 * 24 * time.Hour},
	}, memstore.New())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close(ctx)
	ctx = allauth.WithActor(ctx, "admin-7")
	user, err := auth.Users().Create(ctx, users.Create{Emails: []users.Email{{Address: "ann@example.org"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := auth.Users().SetPassword(ctx, user.ID, "correct-horse-battery"); err != nil {
		fmt.Println(err)
		return
	}
	events, _, err := auth.AuditEvents(ctx, audit.Filter{UserID: user.ID})
	for _, e := range events {
		fmt.Println(e.Name, "by", e.ActorID)
	}
	fmt.Println(err)
	// Output:
	// account.password_set by admin-7
	// users.created by admin-7
	// <nil>
}
