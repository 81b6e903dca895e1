package password

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxSimilarity is the largest part of a password that may be letters of an
	// attribute, in their order.
	maxSimilarity = 0.7
	// minWord is the length of the shortest word that counts on its own, in
	// characters.
	minWord = 4
	// minPart is the length of the shortest word that counts next to others.
	minPart = 3
)

// similarToAny reports whether a password consists of words of an attribute,
// digits and signs, or of most of an attribute's letters, forwards or backwards.
func similarToAny(password string, attributes []string) bool {
	password = fold(password)
	letters := []rune(password)
	backwards := slices.Clone(letters)
	slices.Reverse(backwards)
	for _, attribute := range attributes {
		words := wordsOf(attribute)
		if madeOf(password, words) {
			return true
		}
		for _, word := range append(words, fold(attribute)) {
			if similar(letters, []rune(word)) || similar(backwards, []rune(word)) {
				return true
			}
		}
	}
	return false
}

// wordsOf returns the words of a text, its runs of letters, in lower case.
func wordsOf(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
}

// fold returns a text in lower case and composed form.
func fold(text string) string { return norm.NFC.String(strings.ToLower(text)) }

// madeOf reports whether a password consists of words, digits and signs.
func madeOf(password string, words []string) bool {
	words = slices.Clone(words)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	longest, rest := 0, password
	for _, word := range words {
		if n := utf8.RuneCountInString(word); n >= minPart && strings.Contains(rest, word) {
			longest, rest = max(longest, n), strings.ReplaceAll(rest, word, " ")
		}
	}
	return longest >= minWord && strings.IndexFunc(rest, unicode.IsLetter) < 0
}

// similar reports whether two texts have most of their letters in common, in the
// same order. The order matters: long texts of one language have most letters in
// common in some order.
func similar(password, word []rune) bool {
	total := float64(len(password) + len(word))
	if len(word) == 0 || 2*float64(min(len(password), len(word))) < maxSimilarity*total {
		return false
	}
	return 2*float64(commonLetters(password, word)) >= maxSimilarity*total
}

// commonLetters returns the length of the longest common subsequence.
func commonLetters(a, b []rune) int {
	row := make([]int, len(b)+1) // for the part of a so far and each part of b
	for _, letter := range a {
		diagonal := 0
		for j, other := range b {
			above := row[j+1]
			if letter == other {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
