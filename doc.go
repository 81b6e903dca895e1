// Package allauth is an embeddable authentication library: an http.Handler that
// serves the django-allauth headless API to browsers and apps, with the users in
// the host's own database.
//
//	auth, err := allauth.New(allauth.Config{
//		BaseURL: "https://app.example.com",
//		Secrets: [][]byte{secret},
//		Mailer:  &notify.SMTP{Addr: "smtp.example.com:587", From: "hello@example.com"},
//	}, sqlstore.New(db, sqlstore.SQLite))
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer auth.Close(context.Background())
//	mux.Handle("/_allauth/", auth)
//	mux.Handle("GET /me", auth.RequireLogin(me))
//	http.ListenAndServe(":8080", auth.Middleware(mux))
//
// The settings, store interfaces and events of each feature are in its own
// package: account, mfa, socialaccount, sessions, and so on.
//
// # Compatibility
//
// There is no release yet, so anything may still change; CHANGELOG.md lists the
// changes. From version 1 on, versions follow Semantic Versioning, and these stay
// compatible within a major version:
//
//   - Exported identifiers of all packages outside internal and examples.
//     Interfaces that hosts implement, such as those of stores and providers, get
//     no new methods. Structs may get new fields: use keyed literals.
//   - The API: paths, methods, statuses, members, codes and params, as described
//     by headless/openapi.json, and the names of headers and cookies. Responses
//     may get new members and codes.
//   - Stored and issued data: a new version reads the tables, sessions, cookies,
//     tokens, links and queued messages of earlier ones. Migrations are only
//     added, never edited.
//   - Names that hosts refer to: events, actions of rate limits, kinds and fields
//     of mail templates.
//
// Not covered are the texts of errors, logs, mails and messages for users, the
// columns of the tables for other programs, everything below internal and
// examples, and behaviour that is documented as a security fix.
package allauth
