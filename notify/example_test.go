package notify_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/allauth-go/allauth/notify"
)

// Mails are sent over SMTP. Connections are encrypted by default.
func Example() {
	var mailer notify.Mailer = notify.SMTP{
		Addr:     "smtp.example.com:587",
		From:     "Example <hello@example.com>",
		Username: "hello@example.com",
		Password: os.Getenv("SMTP_PASSWORD"),
	}
	fmt.Println(mailer)
	fmt.Println(notify.SMTP{Addr: "smtp.example.com"}.Validate() != nil)
	// Output:
	// SMTP server smtp.example.com:587
	// true
}

// During development, mails are printed.
func ExampleLog() {
	mailer := &notify.Log{Writer: os.Stdout}
	err := mailer.Send(context.Background(), notify.Message{
		ID: "1", Kind: "account/login_code", To: "ann@example.org", Subject: "Your code", Text: "BCDF-GHJK",
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// --- mail account/login_code (1)
	// To: ann@example.org
	// Subject: Your code
	//
	// BCDF-GHJK
	// ---
}
