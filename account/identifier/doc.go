// Package identifier brings what people log in with into the form in which it is
// stored and compared: email addresses, phone numbers and usernames. A host that
// keeps its own user table stores these forms. All functions are safe for
// concurrent use.
package identifier
