package breach

import (
	"bytes"
	"context"
	"crypto/sha1" // the public lists have hashes of this kind
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"sync"

	"github.com/allauth-go/allauth/account/password"
)

// A filter is a header, an index and fingerprints. The hashes are divided into buckets by
// their first 20 bits, as in the range files. A fingerprint is the next 32 bits of a hash;
// those of a bucket are sorted. Numbers are big endian.
//
//	header  magic, version, entries, checksum of the index, that of the fingerprints, and
//	        that of the header before it
//	index   for each bucket the number of fingerprints in it and those before it
//	fingerprints
const (
	magic      = "AABREACH"
	version    = 1
	buckets    = 1 << 20
	headerSize = len(magic) + 4 + 8 + 4 + 4 + 4
	indexSize  = buckets * 8
	printSize  = 4
	// maxBucket is the number of fingerprints of a bucket with which a password that is not
	// in the list is found with a probability of one in a million.
	maxBucket = 1 << 32 / 1_000_000
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrFile is the error of a file that is not a filter, or is damaged. It may be
// wrapped.
var ErrFile = errors.New("breach: not a filter")

// Filter is a list of breached passwords in a file, which is mapped into memory. A
// password that is not in the list is found with a probability of at most one in a
// million. It implements [password.BreachList], and is safe for concurrent use.
//
// Do not change the file while it is in use: write a new one, as Build does, and
// restart the servers.
type Filter struct {
	// Path is the path of the file.
	Path string

	once    sync.Once
	err     error
	content []byte // nil unless the file is open
	close   func() error
}

var _ password.BreachList = (*Filter)(nil)

// Validate opens the file and reads it once, to compare its checksums. The error
// names the file and the fix; it wraps [ErrFile], or an error of package os. Later
// calls return the same result.
func (f *Filter) Validate() error {
	f.once.Do(func() { f.err = f.open() })
	return f.err
}

func (f *Filter) open() error {
	if f.Path == "" {
		return errors.New("breach: Filter.Path is empty: set it to a file that buildfilter has written")
	}
	content, closeFile, err := mapFile(f.Path)
	if err != nil {
		return fmt.Errorf("breach: Filter.Path cannot be read; write the file with buildfilter: %w", err)
	}
	if problem := check(content); problem != "" {
		_ = closeFile()
		return fmt.Errorf("%w: %s %s; write it again with buildfilter", ErrFile, f.Path, problem)
	}
	f.content, f.close = content, closeFile
	return nil
}

// check returns what is wrong with the content of a file, empty if nothing is.
func check(content []byte) (problem string) {
	defer func() {
		if recover() != nil { // the file became shorter
			problem = "cannot be read to its end"
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if len(content) < headerSize+indexSize {
		return "is too short"
	}
	h := parseHeader(content)
	index, prints := content[headerSize:headerSize+indexSize], content[headerSize+indexSize:]
	switch {
	case h.magic != magic:
		return "is another kind of file"
	case crc32.Checksum(content[:headerSize-4], castagnoli) != h.headerSum:
		return "has a damaged header"
	case h.version != version:
		return fmt.Sprintf("has the format %d, want %d", h.version, version)
	case uint64(len(prints)) != h.entries*printSize:
		return "is not complete"
	case crc32.Checksum(index, castagnoli) != h.indexSum || crc32.Checksum(prints, castagnoli) != h.printsSum:
		return "is damaged"
	}
	return ""
}

// header is the header of a file.
type header struct {
	magic                          string
	version                        uint32
	entries                        uint64
	indexSum, printsSum, headerSum uint32
}

func parseHeader(content []byte) header {
	rest := content[len(magic):]
	return header{
		magic: string(content[:len(magic)]), version: binary.BigEndian.Uint32(rest), entries: binary.BigEndian.Uint64(rest[4:]),
		indexSum: binary.BigEndian.Uint32(rest[12:]), printsSum: binary.BigEndian.Uint32(rest[16:]), headerSum: binary.BigEndian.Uint32(rest[20:]),
	}
}

// bytes returns the header with its own checksum.
func (h header) bytes() []byte {
	b := []byte(magic)
	b = binary.BigEndian.AppendUint32(b, version)
	b = binary.BigEndian.AppendUint64(b, h.entries)
	b = binary.BigEndian.AppendUint32(b, h.indexSum)
	b = binary.BigEndian.AppendUint32(b, h.printsSum)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Contains reports whether the list has the password. It returns the error of
// Validate, and an error if the file became shorter.
func (f *Filter) Contains(_ context.Context, password string) (found bool, err error) {
	if err := f.Validate(); err != nil {
		return false, err
	}
	// A file that another program has cut off must not end the process.
	defer func() {
		if recover() != nil {
			found, err = false, fmt.Errorf("%w: %s was changed while it was in use; restart the server", ErrFile, f.Path)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	sum := sha1.Sum([]byte(password))
	return f.contains(sum[:]), nil
}

// contains reports whether the list has a password with that hash.
func (f *Filter) contains(hash []byte) bool {
	bucket, wanted := split(hash)
	entry := binary.BigEndian.Uint64(f.content[headerSize+int(bucket)*8:])
	first, count := entry>>bucketBits, int(entry&(1<<bucketBits-1))
	prints := f.content[headerSize+indexSize+int(first)*printSize:][:count*printSize]
	for count > 0 {
		half := count / 2
		switch bytes.Compare(prints[half*printSize:(half+1)*printSize], wanted[:]) {
		case 0:
			return true
		case -1:
			prints, count = prints[(half+1)*printSize:], count-half-1
		default:
			count = half
		}
	}
	return false
}

// bucketBits is how many bits of an entry of the index are the number of fingerprints in
// the bucket.
const bucketBits = 16

// split returns the bucket and the fingerprint of a hash.
func split(hash []byte) (bucket uint32, fingerprint [printSize]byte) {
	n := binary.BigEndian.Uint64(hash)
	binary.BigEndian.PutUint32(fingerprint[:], uint32(n>>12))
	return uint32(n >> 44), fingerprint
}

// Close ends the use of the file. The Filter must not be used any more.
func (f *Filter) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}
