package account

// CodeFormat is what one-time codes look like. The zero value is eight letters
// in two groups, XXXX-XXXX, of an alphabet that spells no words: 34 bits.
type CodeFormat struct {
	// Alphabet is what codes are drawn from. Empty: consonants in capitals.
	Alphabet string
	// Length is the number of characters, hyphens not counted. Zero: 8, or 9
	// where Numeric is set.
	Length int
	// Numeric draws digits instead of the Alphabet.
	Numeric bool
	// Ungrouped leaves the hyphens out.
	Ungrouped bool
}
