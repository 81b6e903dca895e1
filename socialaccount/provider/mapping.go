package provider

import (
	"encoding/json"
	"strconv"
	"strings"
)

// find returns what stands at a path such as "data.users[0].id|id": members are
// divided by dots, elements of lists are numbered, and the first alternative
// that leads to something counts. It returns nil if none does.
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
			n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err != nil || n < 0 || n >= len(list) {
				return nil
			}
			value = list[n]
		}
	}
	return value
}

// text is find for a text or a number.
func text(value any, paths string) string { return scalar(find(value, paths)) }

// scalar is exact without blanks around it.
func scalar(value any) string { return strings.TrimSpace(exact(value)) }

// exact returns a text or a number as text, and "" for everything else: null
// is not a user called null.
func exact(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// isTrue reports whether a provider said yes: true, or the text of it. Texts
// like "yes", and numbers, vouch for nothing.
func isTrue(value any) bool { return value == true || value == "true" }
