package breach

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Options are the options of [Build].
type Options struct {
	// MinCount leaves out passwords that were seen less often, which makes the file
	// smaller. Zero: none is left out.
	MinCount int
	// Partial accepts a list in which range files are missing. Without it Build
	// returns an error, because a download that was interrupted would go unnoticed.
	Partial bool
}

// Build writes a filter to path, and returns how many passwords it has. ranges has
// the range files of Pwned Passwords, 00000 to FFFFF, with or without the ending
// .txt, in the form SUFFIX:COUNT; entries with the count 0 are padding. The file
// takes 4 bytes for each password and 8 MB, and Build little memory. It is written
// beside path and renamed at the end, so that a filter in use is not changed. It
// returns the errors of reading and writing, and that of ctx.
func Build(ctx context.Context, ranges fs.FS, path string, opts Options) (entries uint64, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return 0, fmt.Errorf("breach: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	b := &builder{file: file, sum: crc32.New(castagnoli), opts: opts, index: make([]byte, 0, indexSize)}
	if err := b.write(ctx, ranges); err != nil {
		return 0, fmt.Errorf("breach: %w", err)
	}
	if err := errors.Join(file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return 0, fmt.Errorf("breach: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return 0, fmt.Errorf("breach: %w", err)
	}
	return b.entries, nil
}

// builder writes a file.
type builder struct {
	file    *os.File
	opts    Options
	index   []byte
	sum     hash.Hash32 // of the fingerprints
	entries uint64
}

func (b *builder) write(ctx context.Context, ranges fs.FS) error {
	if _, err := b.file.Write(make([]byte, headerSize+indexSize)); err != nil {
		return err
	}
	out := bufio.NewWriterSize(b.file, 1<<20)
	exists, err := b.existing(ranges)
	if err != nil {
		return err
	}
	for bucket := range uint64(buckets) {
		var prints []uint32
		if exists(bucket) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if prints, err = b.read(ranges, prefixOf(bucket)); err != nil {
				return err
			}
		}
		b.index = binary.BigEndian.AppendUint64(b.index, b.entries<<bucketBits|uint64(len(prints)))
		b.entries += uint64(len(prints))
		for _, fingerprint := range prints {
			text := binary.BigEndian.AppendUint32(nil, fingerprint)
			_, _ = b.sum.Write(text) // it never fails
			if _, err := out.Write(text); err != nil {
				return err
			}
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if b.entries == 0 {
		return errors.New("the range files have no passwords; use the folder with the files 00000 to FFFFF")
	}
	head := header{entries: b.entries, indexSum: crc32.Checksum(b.index, castagnoli), printsSum: b.sum.Sum32()}
	_, err = b.file.WriteAt(append(head.bytes(), b.index...), 0)
	return err
}

// prefixOf returns the name of the range file of a bucket, without an extension.
func prefixOf(bucket uint64) string { return fmt.Sprintf("%05X", bucket) }

// existing returns a function that reports whether a bucket has a range file. All of them
// have to exist unless the list may be partial.
func (b *builder) existing(ranges fs.FS) (func(bucket uint64) bool, error) {
	if !b.opts.Partial {
		return func(uint64) bool { return true }, nil
	}
	entries, err := fs.ReadDir(ranges, ".")
	if err != nil {
		return nil, err
	}
	found := make(map[uint64]bool, len(entries))
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".txt")
		if bucket, err := strconv.ParseUint(name, 16, 32); err == nil && name == prefixOf(bucket) {
			found[bucket] = true
		}
	}
	return func(bucket uint64) bool { return found[bucket] }, nil
}

// read returns the sorted fingerprints of a range file.
func (b *builder) read(ranges fs.FS, prefix string) ([]uint32, error) {
	file, err := ranges.Open(prefix + ".txt")
	if errors.Is(err, fs.ErrNotExist) {
		file, err = ranges.Open(prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("range file %s: %w", prefix, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var prints []uint32
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		fingerprint, count, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("range file %s, line %d: %w", prefix, number, err)
		}
		if count > 0 && count >= b.opts.MinCount {
			prints = append(prints, fingerprint)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("range file %s: %w", prefix, err)
	}
	slices.Sort(prints)
	if prints = slices.Compact(prints); len(prints) > maxBucket {
		return nil, fmt.Errorf("range file %s has %d passwords, more than %d: too many for one false positive in a million; leave out rare ones by MinCount", prefix, len(prints), maxBucket)
	}
	return prints, nil
}

// suffixLength is the number of hexadecimal digits of a hash after its prefix.
const suffixLength = 35

var errLine = errors.New("is not of the form SUFFIX:COUNT")

// parseLine returns the fingerprint and the count of a line of a range file. An empty line
// has the count 0.
func parseLine(line string) (fingerprint uint32, count int, err error) {
	line = strings.TrimPrefix(strings.TrimSpace(line), "\ufeff")
	if line == "" {
		return 0, 0, nil
	}
	suffix, number, ok := strings.Cut(line, ":")
	if !ok || len(suffix) != suffixLength {
		return 0, 0, errLine
	}
	digits, err := hex.DecodeString(suffix[:2*printSize])
	if err != nil {
		return 0, 0, errLine
	}
	if count, err = strconv.Atoi(strings.ReplaceAll(number, ",", "")); err != nil || count < 0 {
		return 0, 0, errLine
	}
	return binary.BigEndian.Uint32(digits), count, nil
}
