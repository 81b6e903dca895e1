// Package jsonio strictly parses the input of the API: one JSON object (RFC 8259) of
// limited size and depth, in valid UTF-8, with exact and unique member names.
//
//	text, err := jsonio.Read(r.Body)
//	if errors.Is(err, jsonio.ErrTooLarge) {
//		// 413
//	}
//	object, err := jsonio.Parse(text)
//	email, present, ok := object.String("email")
//
// Lenient parsers disagree about which of two equal names counts, whether "EMAIL" is
// "email", and which character half a surrogate pair is, so that two programs read one
// body differently.
package jsonio
