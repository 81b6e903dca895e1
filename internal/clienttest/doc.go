// Package clienttest speaks to the API as its clients do, for tests: a server
// on loopback, browsers with cookies and CSRF tokens, apps with session tokens,
// and the mails and text messages that the server sends.
//
//	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Account.ChangeEmail = true })
//	c := s.Client(clienttest.App)
//	c.Post("auth/signup", clienttest.Body{"email": "a@example.org", "password": clienttest.Password}).
//		Status(401).Pending("verify_email")
//	c.Post("auth/email/verify", clienttest.Body{"key": s.Mail("a@example.org").Key()}).Status(200)
package clienttest
