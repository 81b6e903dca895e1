package provider

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// find returns the value at a path such as "data.users[0].id|id": members are
// separated by dots, elements of lists are numbered, or are the first with a
// member that is true, as in "blogs[primary]", and alternatives are separated by
// bars. The first alternative with a value counts. It returns nil if
// there is none.
func find(value any, paths string) any {
	for path := range strings.SplitSeq(paths, "|") {
		if found := follow(value, strings.TrimSpace(path)); found != nil && found != "" {
			return found
		}
	}
	return nil
}

func follow(value any, path string) any {
	if path == "" {
		return nil
	}
	for step := range strings.SplitSeq(path, ".") {
		name, indexes, _ := strings.Cut(step, "[")
		if name != "" {
			members, _ := value.(map[string]any)
			value = members[name]
		}
		for index := range strings.SplitSeq(indexes, "[") {
			if index == "" {
				continue
			}
			list, _ := value.([]any)
			index = strings.TrimSuffix(index, "]")
			n, err := strconv.Atoi(index)
			if err != nil {
				n = slices.IndexFunc(list, func(element any) bool { return isTrue(follow(element, index)) })
			}
			if n < 0 || n >= len(list) {
				return nil
			}
			value = list[n]
		}
	}
	return value
}

// text returns a text or number at the paths, without surrounding blanks.
func text(value any, paths string) string { return scalar(find(value, paths)) }

// scalar is exact without surrounding blanks.
func scalar(value any) string { return strings.TrimSpace(exact(value)) }

// exact returns a text or a number as text, and "" for everything else: null is
// not the text "null".
func exact(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// isTrue reports whether a value is true or the text "true". Other texts, such as
// "yes", and numbers are false.
func isTrue(value any) bool { return value == true || value == "true" }
