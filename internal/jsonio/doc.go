// Package jsonio reads the input of the API strictly: one JSON object
// (RFC 8259) of bounded size and depth, in valid UTF-8, with exact and unique
// member names.
//
//	object, err := jsonio.ReadObject(r.Body)
//	if errors.Is(err, jsonio.ErrTooLarge) {
//		// 413
//	}
//	email, present, ok := object.String("email")
//
// What a lenient reader would let pass makes two programs read one body in two
// ways: which of two equal names counts, whether "EMAIL" is "email", and which
// character half a surrogate pair is.
package jsonio
