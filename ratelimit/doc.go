// Package ratelimit counts attempts. Limits are written as in
//
//	20/m/ip,5/m/key
//
// which is twenty a minute from one address and five a minute for one e-mail
// address or other key. Counting is a sliding window, in one atomic step, and
// an attempt counts before its outcome is known.
package ratelimit
