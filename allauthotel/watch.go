package allauthotel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/metric"

	"github.com/allauth-go/allauth"
)

// Watch measures the health of auth whenever metrics are collected: whether the store
// answers and how fast, how many messages wait, and how old the oldest is. Unwatch ends
// that; call it before auth.Close.
func (o *Observer) Watch(auth *allauth.Auth) (unwatch func() error, err error) {
	var errs []error
	gauge := func(name, unit, description string) metric.Float64ObservableGauge {
		g, err := o.meter.Float64ObservableGauge("allauth."+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return g
	}
	up := gauge("store.up", "", "1 if the store answers, 0 if not.")
	latency := gauge("store.latency", "s", "Duration of a few short reads of the store.")
	messages := gauge("outbox.messages", "", "Messages that wait or are being sent, up to 1000.")
	oldest := gauge("outbox.oldest", "s", "Age of the oldest message that waits or is being sent.")
	events := gauge("outbox.events", "", "Events for webhooks that wait or are being sent, up to 1000.")
	oldestEvent := gauge("outbox.oldest_event", "s", "Age of the oldest event for webhooks that waits or is being sent.")
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("allauthotel: %w", err)
	}
	registration, err := o.meter.RegisterCallback(func(ctx context.Context, to metric.Observer) error {
		h, err := auth.Health(ctx)
		if err != nil {
			to.ObserveFloat64(up, 0) // the other gauges have no value now
			return nil
		}
		to.ObserveFloat64(up, 1)
		to.ObserveFloat64(latency, h.Latency.Seconds())
		to.ObserveFloat64(messages, float64(h.Messages))
		to.ObserveFloat64(oldest, h.OldestMessage.Seconds())
		to.ObserveFloat64(events, float64(h.Events))
		to.ObserveFloat64(oldestEvent, h.OldestEvent.Seconds())
		return nil
	}, up, latency, messages, oldest, events, oldestEvent)
	if err != nil {
		return nil, fmt.Errorf("allauthotel: %w", err)
	}
	return registration.Unregister, nil
}
