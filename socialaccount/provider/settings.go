package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// text returns a setting that is a text, or the default.
func (a App) text(name, fallback string) (string, error) {
	value, ok := a.Settings[name]
	if !ok || value == nil {
		return fallback, nil
	}
	text, isText := value.(string)
	if !isText {
		return "", fmt.Errorf("Settings[%q] is not a text; write it in quotes", name)
	}
	return text, nil
}

// flag returns a setting that is true or false, or the default.
func (a App) flag(name string, fallback bool) (bool, error) {
	value, ok := a.Settings[name]
	if !ok || value == nil {
		return fallback, nil
	}
	flag, isFlag := value.(bool)
	if !isFlag {
		return false, fmt.Errorf("Settings[%q] is neither true nor false", name)
	}
	return flag, nil
}

// seconds returns a setting that is a number of seconds, or the default.
func (a App) seconds(name string, fallback time.Duration) (time.Duration, error) {
	var seconds float64
	switch value := a.Settings[name].(type) {
	case nil:
		return fallback, nil
	case float64:
		seconds = value
	case int:
		seconds = float64(value)
	case json.Number:
		seconds, _ = value.Float64() // no number is no number of seconds either
	}
	if seconds < 1 || seconds > 3600 {
		return 0, fmt.Errorf("Settings[%q] is not a number of seconds; use 1 to 3600", name)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// scopes returns the setting scope, a list or a text with blanks, or the default.
func (a App) scopes(fallback []string) ([]string, error) {
	switch value := a.Settings["scope"].(type) {
	case nil:
		return fallback, nil
	case string:
		return strings.Fields(value), nil
	case []string:
		return slices.Clone(value), nil
	case []any:
		var scopes []string
		for _, one := range value {
			scope, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf(`Settings["scope"] holds what is not a text`)
			}
			scopes = append(scopes, scope)
		}
		return scopes, nil
	}
	return nil, fmt.Errorf(`Settings["scope"] is not a list of texts`)
}

// authParams returns the setting auth_params: what is added to the authorization
// request.
func (a App) authParams() (map[string]string, error) {
	params := map[string]string{}
	switch value := a.Settings["auth_params"].(type) {
	case nil:
	case map[string]string:
		for name, text := range value {
			params[name] = text
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			text, ok := value[name].(string)
			if !ok {
				return nil, fmt.Errorf(`Settings["auth_params"][%q] is not a text`, name)
			}
			params[name] = text
		}
	default:
		return nil, fmt.Errorf(`Settings["auth_params"] is not an object of texts`)
	}
	for _, name := range []string{"client_id", "redirect_uri", "state", "nonce", "response_type", "response_mode", "scope", "code_challenge", "code_challenge_method"} {
		if _, ok := params[name]; ok {
			return nil, fmt.Errorf(`Settings["auth_params"] holds %q, which is not a setting; leave it out`, name)
		}
	}
	return params, nil
}

func (a App) id() string {
	if a.ProviderID != "" {
		return a.ProviderID
	}
	return a.Provider
}
