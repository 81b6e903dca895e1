package login

import "context"

// Verdict is what a stage says of a login.
type Verdict int

const (
	// Pass lets the login go on to the next stage.
	Pass Verdict = iota
	// Wait keeps the login pending until the stage's endpoint passes it.
	Wait
	// Abort ends the login: nothing stays pending.
	Abort
)

// stage is one step that a login may have to wait at.
type stage struct {
	id string
	// enter decides whether the login may go on. It is called once, when the login
	// reaches the stage.
	enter func(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
}
