package audit_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

// verifyWebhook returns an error unless the request was signed with the secret within
// the last five minutes. body is the whole body, byte by byte.
func verifyWebhook(r *http.Request, body []byte, secret string) error {
	id, timestamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("webhook-timestamp is missing, or not of the last five minutes")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(r.Header.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return nil
		}
	}
	return errors.New("no signature in webhook-signature is right")
}

// A server receives the events of another one, each once.
func ExampleWebhook() {
	const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	var received sync.Map // of a real server: a table with unique ids, written in the transaction that handles the event
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err == nil {
			err = verifyWebhook(r, body, secret)
		}
		var event struct{ Type string }
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, again := received.LoadOrStore(r.Header.Get("webhook-id"), true); !again {
			fmt.Println(event.Type)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()

	ctx := context.Background()
	auth, err := allauth.New(allauth.Config{
		BaseURL: "https://app.example.com",
		Secrets: [][]byte{make([]byte, 32)}, // of a real server: random, from its configuration
		Mailer:  &notify.Log{Writer: io.Discard},
		Audit:   &audit.Config{Webhooks: []audit.Webhook{{URL: receiver.URL, Secrets: []string{secret}}}},
	}, memstore.New())
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := auth.Users().Create(ctx, users.Create{Emails: []users.Email{{Address: "ann@example.org"}}})
	if err == nil {
		err = auth.Users().SetPassword(ctx, user.ID, "correct-horse-battery")
	}
	fmt.Println(err, auth.Close(ctx)) // Close delivers what is due
	// Output:
	// users.created
	// account.password_set
	// <nil> <nil>
}
