package allauthotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/allauthotel"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// site is a server that is measured.
type site struct {
	auth     *allauth.Auth
	observer *allauthotel.Observer
	spans    *tracetest.InMemoryExporter
	tracer   oteltrace.Tracer
	reader   *metric.ManualReader
	store    *failing
}

// failing is a store that can be down.
type failing struct {
	storage.Store
	down bool
}

func (f *failing) Status(ctx context.Context) (storage.Status, error) {
	if f.down {
		return storage.Status{}, errors.New("connection refused")
	}
	return f.Store.Status(ctx)
}

func start(t *testing.T, cfg allauthotel.Config) *site {
	t.Helper()
	s := &site{spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader(), store: &failing{Store: memstore.New()}}
	provider := trace.NewTracerProvider(trace.WithSyncer(s.spans))
	cfg.TracerProvider, s.tracer = provider, provider.Tracer("host")
	cfg.MeterProvider = metric.NewMeterProvider(metric.WithReader(s.reader))
	var err error
	if s.observer, err = allauthotel.New(cfg); err != nil {
		t.Fatal(err)
	}
	config := allauth.Config{
		BaseURL: "https://app.example.org", Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")}, Mailer: &notify.Log{},
		Observer: s.observer, RateLimits: map[string]string{"login_failed": "1/m/key"},
	}
	config.Account.PasswordHash.Argon2id = password.Argon2id{MemoryKiB: 64, Iterations: 1, Parallelism: 1}
	if s.auth, err = allauth.New(config, s.store); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *site) post(endpoint, body string) int {
	r := httptest.NewRequest(http.MethodPost, "/_allauth/app/v1/"+endpoint, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.auth.ServeHTTP(w, r)
	return w.Code
}

// points returns the points of all metrics: "name{attributes}" with their counts or
// values.
func (s *site) points(t *testing.T) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := s.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	points := map[string]float64{}
	add := func(name string, set attribute.Set, value float64) {
		points[name+"{"+set.Encoded(attribute.DefaultEncoder())+"}"] = value
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Count))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value)
				}
			default:
				t.Errorf("%s: %T", m.Name, data)
			}
		}
	}
	return points
}

func TestRequestsHashesAndLimitsAreMeasured(t *testing.T) {
	t.Parallel()
	s := start(t, allauthotel.Config{})
	const wrong = `{"email":"ann@example.org","password":"not the password of Ann"}`
	for range 3 {
		if status := s.post("auth/login", wrong); status != http.StatusBadRequest {
			t.Fatal(status)
		}
	}
	points := s.points(t)
	for name, want := range map[string]float64{
		`allauth.endpoint.duration{allauth.client=app,allauth.endpoint=POST auth/login,http.response.status_code=400}`: 3,
		`allauth.hash.duration{allauth.hash=verify}`:        1,
		`allauth.hash.active{}`:                             0,
		`allauth.limit.refused{allauth.limit=login_failed}`: 2,
	} {
		if got, ok := points[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v; there are %v", name, got, want, points)
		}
	}
	var names []string
	for _, span := range s.spans.GetSpans() {
		names = append(names, span.Name)
		if text := fmt.Sprint(span.Name, span.Attributes, span.Events); strings.Contains(strings.ToLower(text), "ann") {
			t.Errorf("a span with the user: %s", text)
		}
	}
	if !slices.Equal(names, []string{"verify", "POST auth/login", "POST auth/login", "POST auth/login"}) {
		t.Errorf("spans: %v", names)
	}
	if spans := s.spans.GetSpans(); spans[0].Parent.SpanID() != spans[1].SpanContext.SpanID() {
		t.Error("the span of the hash is not within that of the request")
	}
}

// The health of the store and the age of messages are measured when metrics are
// collected.
func TestHealthIsMeasured(t *testing.T) {
	t.Parallel()
	s := start(t, allauthotel.Config{})
	unwatch, err := s.observer.Watch(s.auth)
	if err != nil {
		t.Fatal(err)
	}
	points := s.points(t)
	if points["allauth.store.up{}"] != 1 || points["allauth.store.latency{}"] <= 0 {
		t.Errorf("%v", points)
	}
	if _, ok := points["allauth.outbox.oldest{}"]; !ok {
		t.Errorf("%v", points)
	}
	s.store.down = true
	points = s.points(t)
	if up, ok := points["allauth.store.up{}"]; !ok || up != 0 {
		t.Errorf("while the store is down: %v", points)
	}
	if err := unwatch(); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.points(t)["allauth.store.up{}"]; ok {
		t.Error("it is measured after the end of the watch")
	}
}

// Statements are metrics, and spans for hosts that ask for them.
func TestStatementsAreMeasured(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{false, true} {
		s := start(t, allauthotel.Config{StatementSpans: asked})
		for _, outcome := range []string{"", "error"} {
			ctx, parent := s.tracer.Start(t.Context(), "host")
			_, end := s.observer.Begin(ctx, authn.Operation{Kind: authn.OperationStatement, Name: "load user"})
			end(outcome)
			_, end = s.observer.Begin(t.Context(), authn.Operation{Kind: authn.OperationStatement, Name: "alone"})
			end("")
			parent.End()
		}
		points := s.points(t)
		if points[`allauth.statement.duration{allauth.statement=load user}`] != 1 || points[`allauth.statement.duration{allauth.statement=load user,error.type=error}`] != 1 {
			t.Errorf("%v", points)
		}
		spans := s.spans.GetSpans()
		if asked != (len(spans) == 4) || asked && spans[2].Status.Code != otelcodes.Error {
			t.Errorf("StatementSpans %v: %+v", asked, spans)
		}
	}
}

// A session check is a span within a trace that is recorded only.
func TestReadsAreSpansWithinTraces(t *testing.T) {
	t.Parallel()
	s := start(t, allauthotel.Config{})
	check := func(ctx context.Context) int {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/_allauth/app/v1/auth/session", nil)
		s.auth.ServeHTTP(httptest.NewRecorder(), r)
		return len(s.spans.GetSpans())
	}
	if n := check(t.Context()); n != 0 {
		t.Errorf("%d spans alone", n)
	}
	ctx, parent := s.tracer.Start(t.Context(), "host")
	if n := check(ctx); n != 1 || s.spans.GetSpans()[0].Parent.SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("%d spans within a trace", n)
	}
}

// A failure of the server is an error of the span, a refusal is none.
func TestFailuresAreErrorsOfSpans(t *testing.T) {
	t.Parallel()
	s := start(t, allauthotel.Config{})
	for _, outcome := range []string{"400", "503"} {
		_, end := s.observer.Begin(t.Context(), authn.Operation{Kind: authn.OperationEndpoint, Name: "POST auth/login", Client: "app"})
		end(outcome)
	}
	spans := s.spans.GetSpans()
	if spans[0].Status.Code != otelcodes.Unset || spans[1].Status.Code != otelcodes.Error {
		t.Errorf("%+v", spans)
	}
}
