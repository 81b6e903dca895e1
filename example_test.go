package allauth_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// The API is mounted beside the application's own routes, which get the user from
// the context.
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

	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := auth.UserFrom(r.Context())
		fmt.Fprintln(w, "Hello", user.ID)
	})))
	app := auth.Middleware(mux)

	for _, path := range []string{"/_allauth/app/v1/config", "/me"} {
		answer := httptest.NewRecorder()
		app.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Println(path, answer.Code)
	}
	// Output:
	// /_allauth/app/v1/config 200
	// /me 401
}
