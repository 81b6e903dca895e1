package bench_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/allauthotel"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// forgetful is an exporter in memory that forgets the spans now and then, as a
// benchmark makes millions.
type forgetful struct{ *tracetest.InMemoryExporter }

func (f forgetful) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	f.Reset()
	return f.InMemoryExporter.ExportSpans(ctx, spans)
}

// newObserver returns an observer whose spans and metrics stay in memory.
func newObserver(b *testing.B) *allauthotel.Observer {
	b.Helper()
	spans := trace.NewTracerProvider(trace.WithBatcher(forgetful{tracetest.NewInMemoryExporter()}))
	b.Cleanup(func() { _ = spans.Shutdown(context.Background()) })
	o, err := allauthotel.New(allauthotel.Config{
		TracerProvider: spans, MeterProvider: metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())),
	})
	if err != nil {
		b.Fatal(err)
	}
	return o
}

// BenchmarkObserver compares GET auth/session measured by OpenTelemetry with the same
// without, on one store: the medians of one client that asks both in turn.
func BenchmarkObserver(b *testing.B) {
	for _, backend := range backends {
		b.Run(backend.name, func(b *testing.B) {
			store, db := backend.open(b)
			o := newObserver(b)
			observed := store
			switch backend.name {
			case "SQLite":
				observed = sqlstore.New(db, sqlstore.SQLite, sqlstore.Observe(o))
			case "PostgreSQL":
				observed = sqlstore.New(db, sqlstore.Postgres, sqlstore.Observe(o))
			}
			plain := side{handler: newAuth(b, store, clienttest.Unlimited)}
			auth := newAuth(b, observed, func(cfg *allauth.Config) {
				clienttest.Unlimited(cfg)
				cfg.Observer = o
			})
			measured := side{handler: auth}
			mark := logIn(b, auth, clienttest.App, addUser(b, auth, "ann"))
			measured.add(b, clienttest.App, mark)
			plain.add(b, clienttest.App, mark)
			askPlain, askMeasured := plain.connect(b, 1)[0], measured.connect(b, 1)[0]
			var bare, ours []time.Duration
			for i := 0; b.Loop(); i++ {
				for turn := range 2 { // in turn, as other work of the machine slows down both
					begin := time.Now()
					ask, times := askPlain, &bare
					if turn == i%2 {
						ask, times = askMeasured, &ours
					}
					if err := ask(); err != nil {
						b.Fatal(err)
					}
					*times = append(*times, time.Since(begin))
				}
			}
			b.ReportMetric(0, "ns/op") // both together say nothing
			with, without := quantile(ours, 0.5).Seconds()*1e6, quantile(bare, 0.5).Seconds()*1e6
			b.ReportMetric(with, "measured-µs")
			b.ReportMetric(without, "plain-µs")
			b.ReportMetric((with/without-1)*100, "percent")
		})
	}
}
