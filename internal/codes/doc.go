// Package codes issues one-time secrets, counts the attempts at them, and consumes
// them once. A [Kind] describes codes that are mailed or texted, and a [Pending] is
// one of them on its way: sent, sent again, sent elsewhere, verified, consumed.
package codes
