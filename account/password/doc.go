// Package password hashes passwords and says which are good enough.
//
// New hashes are argon2id (RFC 9106) in the PHC string format, with the
// parameters that OWASP recommends. Hashes made by Django (pbkdf2_sha256,
// pbkdf2_sha1, argon2, bcrypt_sha256, bcrypt, scrypt), by bcrypt, and PHC
// strings of argon2, scrypt and PBKDF2 are verified too, and reported as due for
// an upgrade:
//
//	ok, upgrade, err := hasher.Verify(ctx, "correct horse", stored)
//
// A password is taken byte for byte: never trimmed, folded or cut. Two Unicode
// spellings of one letter are two passwords.
package password
