package password

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSimilarity is how much of a password may be the same letters as an
// attribute.
const maxSimilarity = 0.7

// similarToAny compares a password with each attribute and its words.
func similarToAny(password string, attributes []string) bool {
	password = strings.ToLower(password)
	letters := countLetters(password)
	length := utf8.RuneCountInString(password)
	for _, attribute := range attributes {
		attribute = strings.ToLower(attribute)
		words := strings.FieldsFunc(attribute, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
		})
		for _, word := range append(words, attribute) {
			if similar(letters, length, password, word) {
				return true
			}
		}
	}
	return false
}

// similar reports whether two texts share most of their letters, in whatever
// order, or one is made of repetitions of the other. Texts of very different
// length are not compared: they can not be similar.
func similar(letters map[rune]int, length int, password, word string) bool {
	wordLength := utf8.RuneCountInString(word)
	if wordLength == 0 {
		return false
	}
	if wordLength >= 4 && strings.Contains(password, word) && strings.IndexFunc(strings.ReplaceAll(password, word, ""), unicode.IsLetter) < 0 {
		return true // nothing but the word, digits and signs
	}
	if length >= 10*wordLength && float64(wordLength) < maxSimilarity/2*float64(length) {
		return false
	}
	shared := 0
	for letter, count := range countLetters(word) {
		shared += min(count, letters[letter])
	}
	return 2*float64(shared)/float64(length+wordLength) >= maxSimilarity
}

func countLetters(text string) map[rune]int {
	counts := make(map[rune]int, len(text))
	for _, r := range text {
		counts[r]++
	}
	return counts
}
