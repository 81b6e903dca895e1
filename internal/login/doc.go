// Package login takes an attempt to log in through its stages. It also has the session
// of a request, the flows that are offered to a client, and reauthentication.
//
// Every attempt is started once and passes the stages in the order in which [New] lists
// them:
//
//	err := pipeline.Start(ctx, session, login.Attempt{UserID: user.ID, Email: email})
//
// No user is logged in before the last stage has passed. If a stage waits, the attempt
// is stored in the session, and the endpoint of the stage resumes it:
//
//	err := pipeline.Pass(ctx, session, login.StageVerifyEmail)
package login
