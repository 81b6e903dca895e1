// Package allauthotel measures the library with OpenTelemetry: spans of requests to the
// API, and metrics of requests, password hashes, refused limits, deliveries, statements
// and the store.
//
//	observer, err := allauthotel.New(allauthotel.Config{})
//	store := sqlstore.New(db, sqlstore.Postgres, sqlstore.Observe(observer))
//	auth, err := allauth.New(allauth.Config{Observer: observer, …}, store)
//	unwatch, err := observer.Watch(auth)
//
// Requests that change something, hashes and deliveries are spans. Requests that only
// read, of which session checks are the most by far, are spans within a trace that is
// recorded, such as that of the host's own instrumentation of HTTP.
//
// Neither spans nor metrics have an id, an address or another value of a user. It is a
// module of its own, so that only hosts that use it depend on OpenTelemetry.
package allauthotel
