package login

import "context"

// Verdict is the decision of a stage about a login.
type Verdict int

const (
	// Pass continues the login with the next stage.
	Pass Verdict = iota
	// Wait keeps the login pending until the stage's endpoint passes it.
	Wait
	// Abort ends the login.
	Abort
)

// stage is a step at which a login may wait.
type stage struct {
	id string
	// enter decides whether the login continues. It is called when the login reaches
	// the stage.
	enter func(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
}
