// Package storetest checks a store against the contracts in the comments of its
// interfaces. A host checks its own store in one line:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storage.Store { return openStore(t) })
//	}
//
// A host that replaces a single part checks that part:
//
//	storetest.Passwords(t, func(t *testing.T) account.PasswordStore { return openPasswords(t) })
//
// The function is called for every check. It may return the same store each time:
// checks use random ids and read only what they wrote. [Keeper] and [Outbox] also
// see rows of others, so their store should be empty. If a part also implements
// authn.UserStore, it is called to create the users that its rows belong to;
// otherwise the ids of users are random texts.
//
// A failure says which call broke the contract, what it did, and what it should
// have done.
package storetest
