// Package breach looks passwords up in lists of breached ones.
//
// A [Filter] is a file on this machine: no password leaves it, not even a part of
// its hash. [Build] makes the file of the range files of Pwned Passwords; the
// program in buildfilter does the same from the command line. A [Range] asks a
// server for all hashes with the same first five digits as that of the password
// (k-anonymity), and a Filter, if the server does not answer.
package breach
