package allauth_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

// administered returns an Auth whose events are printed.
func administered() *allauth.Auth {
	auth, err := allauth.New(allauth.Config{
		BaseURL: "https://app.example.com",
		Secrets: [][]byte{[]byte("32 random bytes, kept with others")},
		Mailer:  &notify.Log{Writer: io.Discard},
		OnEvent: func(_ context.Context, e authn.Event) { fmt.Println(e.Name, "by", e.ActorID) },
	}, memstore.New())
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// Users are imported from another system. What is taken is left out and reported.
func ExampleUsers_CreateMany() {
	auth := administered()
	ctx := allauth.WithActor(context.Background(), "import")
	defer func() { _ = auth.Close(ctx) }()
	results, err := auth.Users().CreateMany(ctx, []users.Create{
		{ID: "1", Username: "ann", Emails: []users.Email{{Address: "ann@example.org", Verified: true}}},
		{ID: "2", Username: "ANN", Emails: []users.Email{{Address: "anna@example.org"}}},
	})
	for _, r := range results {
		for _, s := range r.Skipped {
			fmt.Println("user", r.ID, "has no", s.Field, s.Value)
		}
	}
	fmt.Println(err)
	// Output:
	// users.created by import
	// users.created by import
	// user 2 has no username ANN
	// <nil>
}

// A user is invited, and can be disabled before the invitation is accepted.
func ExampleUsers_Invite() {
	auth := administered()
	ctx := allauth.WithActor(context.Background(), "admin-7")
	defer func() { _ = auth.Close(ctx) }()
	created, err := auth.Users().Create(ctx, users.Create{Emails: []users.Email{{Address: "ann@example.org"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(auth.Users().Invite(ctx, created.ID, "ann@example.org"))
	page, err := auth.Users().List(ctx, users.Filter{Prefix: "ann"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(page.Users), page.Users[0].Invited, page.Next == "")
	fmt.Println(auth.Users().Disable(ctx, created.ID))
	// Output:
	// users.created by admin-7
	// users.invited by admin-7
	// <nil>
	// 1 true true
	// users.disabled by admin-7
	// <nil>
}
