package frozen_test

import (
	"database/sql"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readList returns the sections of frozen.txt.
func readList(t *testing.T) map[string][]string {
	t.Helper()
	list, section := map[string][]string{}, ""
	for line := range strings.Lines(string(readFile(t, ".", "frozen.txt"))) {
		line = strings.TrimSuffix(line, "\n")
		switch name, found := strings.CutPrefix(line, "["); {
		case found:
			section = strings.TrimSuffix(name, "]")
		case line != "" && !strings.HasPrefix(line, "#"):
			list[section] = append(list[section], line)
		}
	}
	return list
}

// Each string of the list is in the source: in a literal, or as the JSON name of
// a member.
func TestFrozenStringsAreStillThere(t *testing.T) {
	t.Parallel()
	source := readSource(t)
	for section, entries := range readList(t) {
		if slices.Contains(writtenSections, section) {
			continue // TestWhatIsStoredIsFrozen sees them where they are written
		}
		if sorted := slices.Sorted(slices.Values(entries)); !slices.Equal(entries, sorted) {
			t.Errorf("[%s] is not sorted", section)
		}
		for _, entry := range entries {
			if !source.all[entry] {
				t.Errorf("%q of [%s] is no longer in the source", entry, section)
			}
		}
	}
}

// Strings that are stored or sent are on the list before a version has them.
func TestNewStringsAreOnTheList(t *testing.T) {
	t.Parallel()
	list, source := readList(t), readSource(t)
	var listed []string
	for _, entries := range list {
		listed = append(listed, entries...)
	}
	if len(source.events) < 20 || len(source.codes) < 40 || len(source.purposes) < 20 {
		t.Fatalf("%d events, %d codes and %d purposes: are they made in another way now?", len(source.events), len(source.codes), len(source.purposes))
	}
	list["error codes"] = slices.Concat(list["error codes"], list["errors of redirects"])
	for section, found := range map[string]map[string]bool{"events": source.events, "error codes": source.codes} {
		for entry := range found {
			if !slices.Contains(list[section], entry) {
				t.Errorf("%q is not in [%s] of frozen.txt", entry, section)
			}
		}
	}
	for entry := range source.purposes {
		if !slices.Contains(listed, entry) {
			t.Errorf("%q is not in frozen.txt: it is stored, as a purpose or as a member of a session", entry)
		}
	}
}

// source is what stands in the Go files of the library.
type source struct {
	// all are the string literals and the JSON names of members.
	all map[string]bool
	// events are what EventName returns, codes those of package code, purposes
	// the constants that are named like purposes and ceremonies, and the members of
	// what is kept in a session and an attempt.
	events, codes, purposes map[string]bool
}

// notShipped are folders of the repository that are not part of the library.
var notShipped = regexp.MustCompile(`^(\.|examples|allauthtest|cmd|storage/storetest|internal/(alternate|clienttest|demoprovider|smtpsink|testkit|freeport|integration))`)

var constantName = regexp.MustCompile(`^(purpose|slot|note|Note|ceremony|setup)[A-Z]?|Purpose$`)

func readSource(t *testing.T) source {
	t.Helper()
	s := source{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && relative != "." && notShipped.MatchString(filepath.ToSlash(relative)) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err == nil {
			s.read(file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s source) read(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, ok := text(n); ok {
				s.all[text] = true
			}
		case *ast.Field:
			if n.Tag != nil {
				tag, _ := strconv.Unquote(n.Tag.Value)
				name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
				s.all[name] = true
			}
		case *ast.FuncDecl:
			if n.Name.Name == "EventName" && n.Body != nil {
				addTexts(s.events, n.Body)
			}
		case *ast.TypeSpec:
			if file.Name.Name == "login" && slices.Contains([]string{"Slots", "Notes"}, n.Name.Name) {
				s.readMembers(n)
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i >= len(n.Values) {
					continue
				}
				switch {
				case file.Name.Name == "code":
					addText(s.codes, n.Values[i])
				case constantName.MatchString(name.Name):
					addText(s.purposes, n.Values[i])
				}
			}
		case *ast.CompositeLit:
			s.readLiteral(n)
		}
		return true
	})
}

// readMembers reads the JSON names of what a session or an attempt keeps.
func (s source) readMembers(n *ast.TypeSpec) {
	for _, field := range n.Type.(*ast.StructType).Fields.List { //nolint:forcetypeassert // both are structs
		tag, _ := strconv.Unquote(field.Tag.Value)
		name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		s.purposes[name] = true
	}
}

// readLiteral reads the literals of problems, challenges and cookies.
func (s source) readLiteral(n *ast.CompositeLit) {
	if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Problem" && len(n.Elts) > 0 {
		addText(s.codes, n.Elts[0])
	}
	for _, element := range n.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch key, _ := pair.Key.(*ast.Ident); {
		case key == nil:
		case key.Name == "Code":
			addText(s.codes, pair.Value)
		case key.Name == "Purpose":
			addText(s.purposes, pair.Value)
		}
	}
}

func text(n ast.Expr) (string, bool) {
	literal, ok := n.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

func addText(to map[string]bool, n ast.Expr) {
	if text, ok := text(n); ok {
		to[text] = true
	}
}

func addTexts(to map[string]bool, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if n, ok := n.(*ast.BasicLit); ok {
			addText(to, n)
		}
		return true
	})
}

// writtenSections are those of what TestWhatIsStoredIsFrozen finds in a database.
var writtenSections = []string{"challenge purposes", "session members", "challenge members"}

// What the current version stores has the names that are on the list, and no
// others. It writes every scenario of the fixtures for that.
func TestWhatIsStoredIsFrozen(t *testing.T) {
	t.Parallel()
	db := openSQLite(t, "")
	f := newFixture(t)
	op := f.startProvider(t)
	t.Run("links", func(t *testing.T) { holdLinks(f.start(t, db, op, false)) })
	t.Run("codes", func(t *testing.T) { holdCodes(f.start(t, db, op, true)) })
	dir := t.TempDir()
	db.dump(t, dir)
	found := map[string]map[string]bool{}
	for _, section := range writtenSections {
		found[section] = map[string]bool{}
	}
	plain, err := sql.Open("sqlite", filepath.Join(dir, sqliteFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	each(t, plain, "SELECT '', data FROM allauth_sessions", func(_ string, data []byte) {
		addMembers(found["session members"], "", data)
	})
	each(t, plain, "SELECT purpose, data FROM allauth_challenges", func(purpose string, data []byte) {
		found["challenge purposes"][purpose] = true
		if json.Valid(data) {
			addMembers(found["challenge members"], purpose+": ", data)
		}
	})
	list := readList(t)
	for section, entries := range found {
		for _, entry := range slices.Sorted(maps.Keys(entries)) {
			if !slices.Contains(list[section], entry) {
				t.Errorf("%q is not in [%s] of frozen.txt", entry, section)
			}
		}
		for _, entry := range list[section] {
			if !entries[entry] {
				t.Errorf("%q of [%s] is no longer written", entry, section)
			}
		}
	}
}

func each(t *testing.T, db *sql.DB, query string, read func(name string, data []byte)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var data []byte
		if err := rows.Scan(&name, &data); err != nil {
			t.Fatal(err)
		}
		read(name, data)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// addMembers adds the paths of all members of a JSON text.
func addMembers(to map[string]bool, path string, data []byte) {
	var value any
	if json.Unmarshal(data, &value) == nil {
		addPaths(to, path, value)
	}
}

func addPaths(to map[string]bool, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			addPaths(to, path+"/"+name, member)
		}
	case []any:
		for _, item := range value {
			addPaths(to, path, item)
		}
	default:
		to[path] = true
	}
}
