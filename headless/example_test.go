package headless_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// Problems of an input are reported as codes.
func Example() {
	auth, err := allauth.New(allauth.Config{
		BaseURL: "https://app.example.com",
		Secrets: [][]byte{[]byte("32 random bytes, kept with others")},
		Mailer:  &notify.Log{Writer: os.Stdout},
	}, memstore.New())
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close(context.Background())
	request := httptest.NewRequest(http.MethodPost, "/_allauth/app/v1/auth/login", strings.NewReader(`{"email": "ann@example.org"}`))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	auth.ServeHTTP(answer, request)
	fmt.Println(answer.Body)
	// Output: {"status":400,"errors":[{"message":"This field is required.","code":"required","param":"password"}]}
}
