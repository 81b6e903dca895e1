package breach

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// ranges returns range files with passwords, which were seen seven times each.
func ranges(passwords ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, password := range passwords {
		add(files, hashOf(password), 7)
	}
	return files
}

func hashOf(password string) []byte {
	sum := sha1.Sum([]byte(password))
	return sum[:]
}

// add adds a line to a range file.
func add(files fstest.MapFS, hash []byte, count int) {
	digits := strings.ToUpper(hex.EncodeToString(hash))
	name := digits[:5] + ".txt"
	if files[name] == nil {
		files[name] = &fstest.MapFile{}
	}
	files[name].Data = fmt.Appendf(files[name].Data, "%s:%d\r\n", digits[5:], count)
}

// built returns the path of a filter of some range files.
func built(t testing.TB, files fstest.MapFS) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pwned.filter")
	if _, err := Build(context.Background(), files, path, Options{Partial: true}); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a filter until the test ends.
func open(t testing.TB, path string) *Filter {
	t.Helper()
	f := &Filter{Path: path}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func contains(t *testing.T, f *Filter, password string) bool {
	t.Helper()
	found, err := f.Contains(context.Background(), password)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFilter(t *testing.T) {
	t.Parallel()
	var listed []string
	for i := range 5000 {
		listed = append(listed, fmt.Sprintf("password-%d", i))
	}
	files := ranges(listed...)
	add(files, hashOf("padding"), 0) // padding of a download
	add(files, hashOf("password-1"), 3)
	path := filepath.Join(t.TempDir(), "pwned.filter")
	entries, err := Build(context.Background(), files, path, Options{Partial: true})
	if err != nil || entries != 5000 {
		t.Fatalf("%d passwords, %v", entries, err)
	}
	f := open(t, path)
	for _, password := range listed {
		if !contains(t, f, password) {
			t.Errorf("%q was not found", password)
		}
	}
	for _, password := range []string{"", "padding", "password-5001", "Password-1", "correct horse battery"} {
		if contains(t, f, password) {
			t.Errorf("%q was found", password)
		}
	}
}

// Even in the fullest files at most one password in a million is found that is not in the
// list.
func TestFalsePositives(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewChaCha8([32]byte{1}))
	in := func(bucket int) []byte {
		text := make([]byte, 20)
		for i := range text {
			text[i] = byte(random.Uint32())
		}
		text[0], text[1], text[2] = byte(bucket>>12), byte(bucket>>4), byte(bucket<<4)|text[2]&15
		return text
	}
	files := fstest.MapFS{}
	for bucket := range 50 {
		for range maxBucket {
			add(files, in(bucket), 1)
		}
	}
	f := open(t, built(t, files))
	const tries = 2_000_000
	found := 0
	for range tries {
		if f.contains(in(random.IntN(50))) {
			found++
		}
	}
	if limit := 2 + 9; found > limit { // 2 are expected; more than 11 once in a million runs
		t.Errorf("%d of %d were found", found, tries)
	}
	add(files, in(7), 1)
	if _, err := Build(context.Background(), files, filepath.Join(t.TempDir(), "x"), Options{Partial: true}); err == nil || !strings.Contains(err.Error(), "MinCount") {
		t.Errorf("a range file that is too full: %v", err)
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(built(t, ranges("one", "two", "three")))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		bad := append([]byte(nil), good...)
		bad[at] ^= 1
		return bad
	}
	other := header{entries: 3}
	newer := append(other.bytes(), good[headerSize:]...)
	newer[len(magic)+3] = 2
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":           {nil, "empty"},
		"short":           {good[:1000], "too short"},
		"no index":        {good[:headerSize], "too short"},
		"another file":    {flip(0), "another kind"},
		"version":         {newer, "damaged header"},
		"header":          {flip(15), "damaged header"},
		"checksum":        {flip(headerSize - 1), "damaged header"},
		"index":           {flip(headerSize + 4711), "is damaged"},
		"fingerprint":     {flip(len(good) - 1), "is damaged"},
		"cut off":         {good[:len(good)-1], "not complete"},
		"longer":          {append(append([]byte(nil), good...), 0), "not complete"},
		"of another list": {append(other.bytes(), good[headerSize:]...), "is damaged"},
	} {
		path := filepath.Join(t.TempDir(), "pwned.filter")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		f := &Filter{Path: path}
		err := f.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "buildfilter") {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.content) > 0 && !errors.Is(err, ErrFile) {
			t.Errorf("%s is no ErrFile", name)
		}
		if _, again := f.Contains(context.Background(), "one"); !errors.Is(again, err) {
			t.Errorf("%s: Contains: %v", name, again)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for path, want := range map[string]string{"": "Path is empty", filepath.Join(t.TempDir(), "none"): "buildfilter", t.TempDir(): "buildfilter"} {
		if err := (&Filter{Path: path}).Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// A program that cuts the file off while it is in use does not end the process.
func TestAFileThatIsCutOff(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the file is read into memory")
	}
	path := built(t, ranges("one"))
	f := open(t, path)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if found, err := f.Contains(context.Background(), "one"); err == nil || found || !strings.Contains(err.Error(), "restart") {
		t.Errorf("%v, %v", found, err)
	}
}

// A new list replaces the file, and filters in use keep the old one.
func TestBuildReplacesTheFile(t *testing.T) {
	t.Parallel()
	path := built(t, ranges("old"))
	before := open(t, path)
	if _, err := Build(context.Background(), ranges("new"), path, Options{Partial: true}); err != nil {
		t.Fatal(err)
	}
	if !contains(t, before, "old") || contains(t, before, "new") {
		t.Error("a filter in use has changed")
	}
	if after := open(t, path); contains(t, after, "old") || !contains(t, after, "new") {
		t.Error("the file was not replaced")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestMinCount(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	add(files, hashOf("rare"), 2)
	add(files, hashOf("frequent"), 3)
	path := filepath.Join(t.TempDir(), "pwned.filter")
	if n, err := Build(context.Background(), files, path, Options{Partial: true, MinCount: 3}); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if f := open(t, path); contains(t, f, "rare") || !contains(t, f, "frequent") {
		t.Error("the count was not used")
	}
}

func TestBuildMistakes(t *testing.T) {
	t.Parallel()
	suffix := strings.Repeat("A", suffixLength)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	line := func(text string) fstest.MapFS { return fstest.MapFS{"00000": {Data: []byte(text)}} }
	for name, c := range map[string]struct {
		ctx   context.Context
		files fstest.MapFS
		opts  Options
		want  string
	}{
		"missing files": {context.Background(), ranges("one"), Options{}, "range file 00000"},
		"nothing":       {context.Background(), fstest.MapFS{}, Options{Partial: true}, "no passwords"},
		"cancelled":     {cancelled, ranges("one"), Options{Partial: true}, "canceled"},
		"no count":      {context.Background(), line(suffix), Options{Partial: true}, "range file 00000, line 1"},
		"whole hashes":  {context.Background(), line("00000" + suffix + ":1"), Options{Partial: true}, "SUFFIX:COUNT"},
		"no digits":     {context.Background(), line("Z" + suffix[1:] + ":1"), Options{Partial: true}, "SUFFIX:COUNT"},
		"a bad count":   {context.Background(), line("\ufeff" + suffix + ":1\n\n" + suffix + ":x"), Options{Partial: true}, "line 3"},
		"negative":      {context.Background(), line(suffix + ":-1"), Options{Partial: true}, "SUFFIX:COUNT"},
		"a long line":   {context.Background(), line(strings.Repeat("A", 100_000)), Options{Partial: true}, "token too long"},
	} {
		dir := t.TempDir()
		_, err := Build(c.ctx, c.files, filepath.Join(dir, "x"), c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s left %v", name, entries)
		}
	}
	if _, err := Build(context.Background(), ranges("one"), filepath.Join(t.TempDir(), "none", "x"), Options{}); err == nil {
		t.Error("a folder that does not exist was accepted")
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add(strings.Repeat("A", suffixLength) + ":7")
	f.Add(":")
	f.Fuzz(func(_ *testing.T, line string) { _, _, _ = parseLine(line) })
}

func BenchmarkContains(b *testing.B) {
	files := fstest.MapFS{}
	random := rand.New(rand.NewChaCha8([32]byte{2}))
	for range 1000 { // about as full as the public list
		text := append([]byte{0, 0, byte(random.UintN(16))}, hashOf(fmt.Sprint(random.Uint64()))[:17]...)
		add(files, text, 1)
	}
	add(files, hashOf("password"), 1)
	f := open(b, built(b, files))
	b.ReportAllocs()
	for b.Loop() {
		if found, err := f.Contains(context.Background(), "password"); !found || err != nil {
			b.Fatal(found, err)
		}
	}
}

// Validate reads the whole file.
func BenchmarkValidate(b *testing.B) {
	files := fstest.MapFS{}
	for bucket := range 1000 {
		for i := range 1000 {
			add(files, append([]byte{byte(bucket >> 12), byte(bucket >> 4), byte(bucket << 4)}, hashOf(fmt.Sprint(i))[:17]...), 1)
		}
	}
	path := built(b, files)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		f := &Filter{Path: path}
		if err := f.Validate(); err != nil {
			b.Fatal(err)
		}
		_ = f.Close()
	}
}

func BenchmarkBuild(b *testing.B) {
	files := ranges("one")
	for bucket := range 200 {
		for i := range 1000 {
			add(files, append([]byte{byte(bucket >> 12), byte(bucket >> 4), byte(bucket << 4)}, hashOf(fmt.Sprint(i))[:17]...), 1)
		}
	}
	path := filepath.Join(b.TempDir(), "x")
	begin := time.Now()
	for b.Loop() {
		if _, err := Build(context.Background(), files, path, Options{Partial: true}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*200_001/time.Since(begin).Seconds(), "passwords/s")
}
