package mailtemplate

import (
	"html"
	"regexp"
	"strings"
	"text/template/parse"
)

// breaks matches one line break or more.
var breaks = regexp.MustCompile(`(?:[ \t]*\r?\n[ \t]*)+`)

// toHTML turns the template of a text into that of its HTML: texts are escaped, empty
// lines separate paragraphs, and line breaks are kept. The HTML layout defines the parts
// that look different, such as links.
func toHTML(tree *parse.Tree) *parse.Tree {
	tree = tree.Copy()
	convert(tree.Root)
	return tree
}

func convert(node parse.Node) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			convert(child)
		}
	case *parse.IfNode:
		convert(n.List)
		convert(n.ElseList)
	case *parse.WithNode:
		convert(n.List)
		convert(n.ElseList)
	case *parse.RangeNode:
		convert(n.List)
		convert(n.ElseList)
	case *parse.TextNode:
		n.Text = []byte(breaks.ReplaceAllStringFunc(html.EscapeString(string(n.Text)), func(found string) string {
			if strings.Count(found, "\n") > 1 {
				return "</p>\n<p>"
			}
			return "<br>"
		}))
	}
}

var (
	emptyParagraph = regexp.MustCompile(`<p>(?:\s|<br>)*</p>`)
	outerBreaks    = regexp.MustCompile(`(<p>)(?:\s|<br>)+|(?:\s|<br>)+(</p>)`)
)

// tidyHTML removes the paragraphs and line breaks of values that are empty.
func tidyHTML(text string) string {
	text = outerBreaks.ReplaceAllString(text, "$1$2")
	return tidy(emptyParagraph.ReplaceAllString(text, ""))
}
