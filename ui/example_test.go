package ui_test

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
	"github.com/allauth-go/allauth/ui"
)

// The pages are mounted beside the API.
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
	pages, err := ui.New(auth, ui.Config{Accent: "#7a3db8", Home: "/"})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("/account/", pages)

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/account/login", nil))
	fmt.Println(answer.Code, answer.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
