package allauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The packages that a host imports stay small: the root exports at most 45 names,
// any other package at most 35. authn/code is a list of codes, of which a host
// looks up single ones.
const (
	maxRootNames    = 45
	maxPackageNames = 35
)

// publicPackages returns the folders of all packages that hosts can import.
func publicPackages(t *testing.T) []string {
	t.Helper()
	var folders []string
	for _, p := range packages(t) {
		path, _ := short(p.ImportPath)
		if within(path, "internal") || strings.Contains(path, "/internal/") || within(path, "examples") || within(path, "cmd") {
			continue
		}
		folders = append(folders, filepath.FromSlash("./"+path))
	}
	return folders
}

// parse parses the files of a package without its tests.
func parse(t *testing.T, folder string) []*ast.File {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func TestPublicPackagesAreSmall(t *testing.T) {
	t.Parallel()
	for _, folder := range publicPackages(t) {
		names := 0
		for _, file := range parse(t, folder) {
			for _, declaration := range file.Decls {
				names += exportedNames(declaration)
			}
		}
		limit := maxPackageNames
		if folder == "." || folder == "./" {
			limit = maxRootNames
		}
		if names > limit && filepath.ToSlash(folder) != "./authn/code" {
			t.Errorf("%s exports %d names, want at most %d", folder, names, limit)
		}
	}
}

// exportedNames counts the exported names of a declaration; methods belong to the
// name of their type.
func exportedNames(declaration ast.Decl) int {
	var names []*ast.Ident
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name)
			case *ast.ValueSpec:
				names = append(names, s.Names...)
			}
		}
	}
	count := 0
	for _, name := range names {
		if name.IsExported() {
			count++
		}
	}
	return count
}

// A host cannot name types below internal, so no exported declaration uses one.
func TestNoExportedSignatureNamesAnInternalType(t *testing.T) {
	t.Parallel()
	for _, folder := range publicPackages(t) {
		for _, file := range parse(t, folder) {
			internal := internalImports(t, file)
			if len(internal) == 0 {
				continue
			}
			for _, declaration := range file.Decls {
				for name, node := range exportedParts(declaration) {
					ast.Inspect(node, func(n ast.Node) bool {
						selector, ok := n.(*ast.SelectorExpr)
						if !ok {
							return true
						}
						if from, ok := selector.X.(*ast.Ident); ok && internal[from.Name] {
							t.Errorf("%s: %s names %s.%s", folder, name, from.Name, selector.Sel.Name)
						}
						return true
					})
				}
			}
		}
	}
}

// internalImports returns the names under which a file imports packages below
// internal.
func internalImports(t *testing.T, file *ast.File) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(path+"/", "/internal/") {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = true
	}
	return names
}

// exportedParts returns the exported parts of a declaration: signatures, types
// with their exported fields, and the types or values of constants and variables.
func exportedParts(declaration ast.Decl) map[string]ast.Node {
	parts := map[string]ast.Node{}
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
			parts[d.Name.Name] = d.Type
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					addTypeParts(parts, s)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && (d.Tok == token.VAR || s.Type != nil) {
						parts[name.Name] = s
					}
				}
			}
		}
	}
	return parts
}

func addTypeParts(parts map[string]ast.Node, s *ast.TypeSpec) {
	structure, ok := s.Type.(*ast.StructType)
	if !ok {
		parts[s.Name.Name] = s.Type
		return
	}
	for _, field := range structure.Fields.List {
		if len(field.Names) == 0 {
			parts[s.Name.Name] = field.Type
		}
		for _, name := range field.Names {
			if name.IsExported() {
				parts[s.Name.Name+"."+name.Name] = field.Type
			}
		}
	}
}

func exportedReceiver(receiver *ast.FieldList) bool {
	of := receiver.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	name, ok := of.(*ast.Ident)
	return ok && name.IsExported()
}
