package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed client/*.js elements/*.js elements/*.css elements/texts/*.js
var files embed.FS

// texts are those of the pages, by language and name.
var texts = readTexts()

func readTexts() map[string]map[string]string {
	all := map[string]map[string]string{}
	names, err := fs.Glob(files, "elements/texts/*.js")
	if err != nil {
		panic(err) // the pattern is valid
	}
	for _, name := range names {
		var t map[string]string
		readData(name, &t)
		all[strings.TrimSuffix(path.Base(name), ".js")] = t
	}
	return all
}

// routes are the screens by path, see elements/routes.js.
var routes = readRoutes()

func readRoutes() map[string]string {
	var table map[string]struct{ Screen string }
	readData("elements/routes.js", &table)
	screens := map[string]string{}
	for path, route := range table {
		screens[path] = route.Screen
	}
	return screens
}

// readData reads a module whose default export is JSON.
func readData(name string, into any) {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	_, data, _ := bytes.Cut(content, []byte("export default "))
	if err := json.Unmarshal(data, into); err != nil {
		panic("ui: " + name + ": " + err.Error()) // it is embedded
	}
}

// screenOf returns the screen at a path below Config.Path.
func screenOf(path string) (string, bool) {
	if screen, ok := routes[path]; ok {
		return screen, true
	}
	for pattern, screen := range routes {
		if prefix, ok := strings.CutSuffix(pattern, "{key}"); ok && len(path) > len(prefix) && strings.HasPrefix(path, prefix) {
			return screen, true
		}
	}
	return "", false
}

// modules returns the modules that a page in the language needs, for the browser to load
// them at once.
func modules(language string) []string {
	var all []string
	for _, pattern := range []string{"client/*.js", "elements/*.js"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			panic(err) // the pattern is valid
		}
		all = append(all, names...)
	}
	all = append(all, "elements/texts/en.js")
	base, _, _ := strings.Cut(language, "-")
	if base != "en" && texts[base] != nil {
		all = append(all, "elements/texts/"+base+".js")
	}
	return all
}

// assets are the files of the pages, under addresses that change with their content.
type assets struct {
	version string
	files   map[string]asset
}

type asset struct {
	contentType         string
	content, compressed []byte
}

func newAssets(theme string) *assets {
	contents := map[string][]byte{"theme.css": []byte(theme)}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		contents[name], err = files.ReadFile(name)
		return err
	})
	if err != nil {
		panic(err) // they are embedded
	}
	a := &assets{files: map[string]asset{}}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		_, _ = hash.Write([]byte(name + "\n" + strconv.Itoa(len(contents[name])) + "\n")) // never fails
		_, _ = hash.Write(contents[name])
		contentType := "text/javascript; charset=utf-8"
		if strings.HasSuffix(name, ".css") {
			contentType = "text/css; charset=utf-8"
		}
		a.files[name] = asset{contentType, contents[name], compress(contents[name])}
	}
	a.version = hex.EncodeToString(hash.Sum(nil))[:12]
	return a
}

func compress(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is valid
	}
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// serve serves the file with a name that begins with the version.
func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string) {
	name, ok := strings.CutPrefix(name, a.version+"/")
	file, known := a.files[name]
	if !ok || !known {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept-Encoding")
	content := file.content
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		content = file.compressed
	}
	header.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // the client may have disconnected
	}
}

// acceptsGzip reports whether the header Accept-Encoding lists gzip (RFC 9110 section
// 12.5.3).
func acceptsGzip(header string) bool {
	for entry := range strings.SplitSeq(header, ",") {
		coding, parameter, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			quality, _ := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
			q, err := strconv.ParseFloat(quality, 64)
			return err != nil || q > 0
		}
	}
	return false
}
