// Package sqlrecord records the statements that a request runs on a database,
// for tests:
//
//	db := sqlrecord.Open(t, "sqlite", sqlstore.SQLiteDSN(path))
//	requests := sqlrecord.Handler(server.Handler)
//	server.Handler = requests
//	client.Post("auth/login", body)
//	statements := requests.Last()
//
// A statement belongs to the recording that its context carries, so statements of
// the background are not recorded. Prepares are recorded separately, as their
// number depends on the connection.
package sqlrecord
