// Package allauth is an embeddable, headless-first authentication library: one
// http.Handler that speaks the allauth headless wire format to browsers and
// apps, over the host's own database.
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
// The settings of each part are in a package of its own: account, sessions, and so
// on, with the interfaces of its store and its events. This package is the only place
// where the parts meet.
package allauth
