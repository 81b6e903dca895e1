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
// changed is as we left it, and so is everything if one of the two logged in another
// user.
func Merge(base, ours, theirs State) State {
	if ours.UserID != base.UserID || theirs.UserID != base.UserID {
		return ours
	}
	merged := ours
	if sameJSON(ours.Login, base.Login) {
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

// mergeSlots returns their slots with those that we changed.
func mergeSlots(base, ours, theirs Slots) Slots {
	merged := reflect.ValueOf(&theirs).Elem()
	before, after := reflect.ValueOf(base), reflect.ValueOf(ours)
	for i := range merged.NumField() {
		if !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
			merged.Field(i).Set(after.Field(i))
		}
	}
	return theirs
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
