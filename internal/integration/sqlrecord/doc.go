// Package sqlrecord records the statements that a request runs on a database,
// for tests:
//
//	db := sqlrecord.Open(t, "sqlite", sqlstore.SQLiteDSN(path))
//	requests := sqlrecord.Handler(server.Handler)
//	server.Handler = requests
//	client.Post("auth/login", body)
//	statements := requests.Last()
//
// A statement belongs to the recording that its context carries, so what runs in
// the background is not mixed in. What is prepared is recorded apart: how often it
// happens depends on the connection.
package sqlrecord
