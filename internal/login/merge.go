package login

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/allauth-go/allauth/authn"
)

// Merge returns the state of a session that two requests have changed at once: ours
// with what theirs, which is stored, changed since both loaded the base. What both
// changed is as we left it, but where we dropped what theirs has replaced by another
// one. If one of the two logged in another user, everything is as we left it.
func Merge(base, ours, theirs State) State {
	if ours.UserID != base.UserID || theirs.UserID != base.UserID {
		return ours
	}
	merged := ours
	if sameJSON(ours.Login, base.Login) || ours.Login == nil && isAnother(theirs.Login, base.Login) {
		merged.Login = theirs.Login
	}
	merged.Slots = mergeSlots(base.Slots, ours.Slots, theirs.Slots)
	if ours.MethodsOf == theirs.MethodsOf {
		merged.Methods = slices.Clone(theirs.Methods)
		for _, m := range ours.Methods {
			if !containsMethod(base.Methods, m) {
				merged.Methods = append(merged.Methods, m)
			}
		}
		merged.Methods = boundedMethods(merged.Methods)
	} else if sameJSON(ours.Methods, base.Methods) {
		merged.Methods, merged.MethodsOf = theirs.Methods, theirs.MethodsOf
	}
	return merged
}

// isAnother reports whether a login is another one than the base: one that began at
// another time.
func isAnother(l, base *Attempt) bool { return l != nil && !l.StartedAt.Equal(base.StartedAt) }

// mergeSlots returns their slots with those that we changed.
func mergeSlots(base, ours, theirs Slots) Slots {
	ours.ProviderStates = mergeList(base.ProviderStates, ours.ProviderStates, theirs.ProviderStates)
	merged := reflect.ValueOf(&theirs).Elem()
	before, after := reflect.ValueOf(base), reflect.ValueOf(ours)
	for i := range merged.NumField() {
		was, is, stored := before.Field(i), after.Field(i), merged.Field(i)
		replaced := !stored.IsZero() && !reflect.DeepEqual(stored.Interface(), was.Interface())
		if reflect.DeepEqual(was.Interface(), is.Interface()) || is.IsZero() && replaced {
			continue
		}
		stored.Set(is)
	}
	return theirs
}

// mergeList returns their list without what we removed and with what we added.
func mergeList(base, ours, theirs []string) []string {
	var merged []string
	for _, id := range theirs {
		if slices.Contains(ours, id) || !slices.Contains(base, id) {
			merged = append(merged, id)
		}
	}
	for _, id := range ours {
		if !slices.Contains(base, id) {
			merged = append(merged, id)
		}
	}
	return merged
}

func containsMethod(list []authn.Method, m authn.Method) bool {
	return slices.ContainsFunc(list, func(other authn.Method) bool { return sameJSON(m, other) })
}

// sameJSON reports whether two values are stored alike.
func sameJSON(a, b any) bool {
	first, err := json.Marshal(a)
	if err != nil {
		return false
	}
	second, err := json.Marshal(b)
	return err == nil && bytes.Equal(first, second)
}
