// Package password hashes passwords and checks new ones against a policy.
//
// New hashes are argon2id (RFC 9106) in the PHC string format, with the
// parameters that OWASP recommends. Hashes of Django (pbkdf2_sha256, pbkdf2_sha1,
// argon2, bcrypt_sha256, bcrypt, scrypt), bcrypt hashes, and PHC strings of
// argon2, scrypt and PBKDF2 are verified as well, and reported as due for an
// upgrade:
//
//	ok, upgrade, err := hasher.Verify(ctx, "correct horse", stored)
//
// A new password is hashed in the OpaqueString form of RFC 8265, so that it is
// the same on every keyboard: characters are composed, and every kind of space
// becomes a space. No password is refused for its characters, and none is
// trimmed, folded or cut. A password is compared with a stored hash in this form,
// as typed, and, if Django made the hash, without leading and trailing blanks.
// The number of hashes that this takes depends on the typed text only.
//
// A bcrypt hash that another system made of a password of more than 72 bytes
// matches on the first 72. It is kept until the password is changed, as is a hash
// of Django that matched without blanks.
package password
