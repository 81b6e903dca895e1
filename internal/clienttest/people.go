package clienttest

import "sync"

// Stop ends the delivery of messages, so that another server on the same store
// delivers them.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.Auth.Close(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// SignUp makes an account with Password and a verified address, and returns a
// client that is logged in to it.
func (s *Server) SignUp(kind Kind, email string) *Client {
	s.t.Helper()
	c := s.Client(kind)
	c.Post("auth/signup", Body{"email": email, "password": Password}).Status(401).Pending("verify_email")
	mail := s.Mail(email)
	if s.Config.Account.EmailVerificationByCode != nil {
		c.Post("auth/email/verify", Body{"key": mail.Code()}).LoggedIn(email)
		return c
	}
	c.Post("auth/email/verify", Body{"key": mail.Key()})
	c.Post("auth/login", Body{"email": email, "password": Password}).LoggedIn(email)
	return c
}

// LogIn returns a client that is logged in with Password.
func (s *Server) LogIn(kind Kind, email string) *Client {
	s.t.Helper()
	c := s.Client(kind)
	c.Post("auth/login", Body{"email": email, "password": Password}).LoggedIn(email)
	return c
}

// Parallel calls f n times at once and waits for all. What f gets is 0 to n-1.
func Parallel(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}
