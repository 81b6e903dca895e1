package allauthotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/allauthotel"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// Each request to the API that changes something is a span.
func Example() {
	spans := tracetest.NewInMemoryExporter()
	observer, err := allauthotel.New(allauthotel.Config{TracerProvider: trace.NewTracerProvider(trace.WithSyncer(spans))})
	if err != nil {
		panic(err)
	}
	auth, err := allauth.New(allauth.Config{
		BaseURL:  "https://app.example.com",
		Secrets:  [][]byte{[]byte("a secret of at least thirty-two bytes")},
		Mailer:   &notify.Log{},
		Observer: observer,
	}, memstore.New())
	if err != nil {
		panic(err)
	}
	defer auth.Close(context.Background())
	unwatch, err := observer.Watch(auth)
	if err != nil {
		panic(err)
	}
	defer unwatch()

	auth.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, "/_allauth/app/v1/auth/session", nil))
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
	}
	// Output: DELETE auth/session
}
