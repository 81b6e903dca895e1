package account

// CodeFormat describes the one-time codes. The zero value is eight consonants in
// two groups, XXXX-XXXX, which is 34 bits and never spells a word.
type CodeFormat struct {
	// Alphabet holds the characters of the codes. Empty: upper-case consonants.
	Alphabet string
	// Length is the number of characters, without hyphens. Zero: 8, or 9 with
	// Numeric.
	Length int
	// Numeric uses digits in place of Alphabet.
	Numeric bool
	// Ungrouped omits the hyphens.
	Ungrouped bool
}
