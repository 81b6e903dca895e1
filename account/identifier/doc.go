// Package identifier converts email addresses, phone numbers and usernames to the
// form in which they are stored and compared. A host with its own user table
// stores these forms. All functions are safe for concurrent use.
package identifier
