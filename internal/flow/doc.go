// Package flow is the kernel that the rooms share without knowing each other:
// the login pipeline and its stages, pending logins, reauthentication, the
// flows offered to a client, and one-time challenges.
//
// A login, whatever its way in, is started once and walks the stages in the
// order of [StageOrder]:
//
//	err := pipeline.Start(ctx, session, flow.Login{UserID: user.ID, Email: email})
//
// Nobody is logged in before the last stage has passed. Where a stage waits,
// the login is kept in the session, and the stage's endpoint resumes it:
//
//	err := pipeline.Pass(ctx, session, flow.StageVerifyEmail)
package flow
