package allauthotel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/allauth-go/allauth/authn"
)

// scope is the name of the instrumentation.
const scope = "github.com/allauth-go/allauth/allauthotel"

// Config configures an Observer. The zero value is complete.
type Config struct {
	// TracerProvider receives the spans. Nil: the global one.
	TracerProvider trace.TracerProvider
	// MeterProvider receives the metrics. Nil: the global one.
	MeterProvider metric.MeterProvider
	// StatementSpans makes a span of each statement within a recorded trace, for hosts
	// whose driver makes none. Their durations are metrics in any case.
	StatementSpans bool
}

// Observer is an authn.Observer. It is safe for concurrent use.
type Observer struct {
	tracer         trace.Tracer
	meter          metric.Meter
	statementSpans bool

	durations map[string]metric.Float64Histogram // by kind
	refused   metric.Int64Counter
	hashes    metric.Int64UpDownCounter

	operations sync.Map // authn.Operation -> *operation
}

var _ authn.Observer = (*Observer)(nil)

// New returns an Observer, for allauth.Config.Observer and sqlstore.Observe. The error
// is that of an instrument which the meter provider refuses.
func New(cfg Config) (*Observer, error) {
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	o := &Observer{
		tracer: cfg.TracerProvider.Tracer(scope), meter: cfg.MeterProvider.Meter(scope), statementSpans: cfg.StatementSpans,
		durations: map[string]metric.Float64Histogram{},
	}
	var errs []error
	for kind, description := range map[string]string{
		authn.OperationEndpoint:  "Duration of requests to the API.",
		authn.OperationHash:      "Duration of password hashes, with the wait for others.",
		authn.OperationMessage:   "Duration of deliveries of mails and text messages.",
		authn.OperationStatement: "Duration of SQL statements.",
	} {
		histogram, err := o.meter.Float64Histogram("allauth."+kind+".duration", metric.WithUnit("s"), metric.WithDescription(description),
			metric.WithExplicitBucketBoundaries(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30))
		o.durations[kind], errs = histogram, append(errs, err)
	}
	var err error
	o.refused, err = o.meter.Int64Counter("allauth.limit.refused", metric.WithDescription("Attempts that a rate limit refused."))
	errs = append(errs, err)
	o.hashes, err = o.meter.Int64UpDownCounter("allauth.hash.active", metric.WithDescription("Password hashes that are computed or wait."))
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("allauthotel: %w", err)
	}
	return o, nil
}

// operation is what all operations of one name share, so that an operation makes no
// attributes anew.
type operation struct {
	authn.Operation
	// spans is when it makes a span.
	spans    spans
	duration metric.Float64Histogram // nil: none
	refused  []metric.AddOption
	outcomes sync.Map // outcome -> *outcome
}

// spans is when an operation makes a span.
type spans int

const (
	never spans = iota
	// withinTraces is for operations that are frequent and fast, such as session checks:
	// a span costs more than they do, and alone tells little.
	withinTraces
	always
)

func (o *Observer) spansOf(op authn.Operation) spans {
	switch {
	case op.Kind == authn.OperationLimit || op.Kind == authn.OperationStatement && !o.statementSpans:
		return never
	case op.Kind == authn.OperationStatement || op.Kind == authn.OperationEndpoint && strings.HasPrefix(op.Name, "GET "):
		return withinTraces
	}
	return always
}

// outcome is what all operations share that ended in one way.
type outcome struct {
	attributes []attribute.KeyValue
	record     []metric.RecordOption
	failed     bool
}

func (o *Observer) operation(op authn.Operation) *operation {
	if known, ok := o.operations.Load(op); ok {
		return known.(*operation)
	}
	p := &operation{Operation: op, duration: o.durations[op.Kind], spans: o.spansOf(op)}
	p.refused = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(p.attributes()...))}
	known, _ := o.operations.LoadOrStore(op, p)
	return known.(*operation)
}

func (p *operation) attributes() []attribute.KeyValue {
	list := []attribute.KeyValue{attribute.String("allauth."+p.Kind, p.Name)}
	if p.Client != "" {
		list = append(list, attribute.String("allauth.client", p.Client))
	}
	return list
}

func (p *operation) outcome(text string) *outcome {
	if known, ok := p.outcomes.Load(text); ok {
		return known.(*outcome)
	}
	e := &outcome{attributes: p.attributes()}
	switch {
	case p.Kind == authn.OperationEndpoint:
		e.attributes = append(e.attributes, attribute.String("http.response.status_code", text))
		e.failed = text >= "500"
	case text != "":
		e.attributes = append(e.attributes, attribute.String("error.type", text))
		e.failed = true
	}
	e.record = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(e.attributes...))}
	p.outcomes.Store(text, e)
	return e
}

// Begin implements authn.Observer.
func (o *Observer) Begin(ctx context.Context, op authn.Operation) (context.Context, func(outcome string)) {
	p := o.operation(op)
	switch op.Kind {
	case authn.OperationLimit:
		o.refused.Add(ctx, 1, p.refused...)
		trace.SpanFromContext(ctx).AddEvent("limit refused", trace.WithAttributes(p.attributes()...))
		return ctx, func(string) {}
	case authn.OperationHash:
		o.hashes.Add(ctx, 1)
	}
	var span trace.Span
	if p.spans == always || p.spans == withinTraces && trace.SpanFromContext(ctx).IsRecording() {
		ctx, span = o.tracer.Start(ctx, op.Name)
	}
	begin := time.Now()
	return ctx, func(text string) {
		took := time.Since(begin)
		if op.Kind == authn.OperationHash {
			o.hashes.Add(ctx, -1)
		}
		e := p.outcome(text)
		if p.duration != nil {
			p.duration.Record(ctx, took.Seconds(), e.record...)
		}
		if span == nil {
			return
		}
		span.SetAttributes(e.attributes...)
		if e.failed {
			span.SetStatus(codes.Error, text)
		}
		span.End()
	}
}
