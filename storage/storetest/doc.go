// Package storetest checks a store against the contracts that the doc comments
// of its interfaces state. A host runs it against its own store in one line:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storage.Store { return openStore(t) })
//	}
//
// Whoever replaces one part only checks that part:
//
//	storetest.Passwords(t, func(t *testing.T) account.PasswordStore { return openPasswords(t) })
//
// Every check gets a store of its own from the function, which may hand out the
// same one each time: checks use random ids and look only at what they wrote.
// [Keeper] and [Outbox] also see what others left behind, so their store should
// be empty. A part that implements authn.UserStore as well is asked to create
// the users that its rows belong to; elsewhere the users are random texts.
//
// A failure says which call broke the contract, what it did and what it should
// have done.
package storetest
