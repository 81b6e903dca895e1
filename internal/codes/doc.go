// Package codes issues one-time secrets, counts the attempts to guess them, and consumes
// them once. A [Kind] describes codes that are mailed or texted. A [Pending] is one such
// code, which can be sent, sent again, sent to another contact, verified and consumed.
package codes
