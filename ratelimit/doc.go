// Package ratelimit counts attempts and refuses those over a limit. Limits are
// written as
//
//	20/m/ip,5/m/key
//
// which is twenty a minute for one IP address and five a minute for one email
// address or other key. The limit is a sliding window. An attempt is counted in
// one atomic step, before its outcome is known.
// an attempt counts before its outcome is known.
package ratelimit
