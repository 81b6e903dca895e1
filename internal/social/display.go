package social

import (
	"encoding/json"
	"strings"
)

// displayKeys are the members of profiles that name an account, in order of
// preference.
var displayKeys = []string{
	"username", "userName", "user_name", "login", "handle",
	"email", "Email", "mail", "email_address", "emailAddress", "default_email", "active_email",
	"name", "display_name", "displayName", "displayname", "Display_Name", "nickname", "nick", "uname", "battletag", "CharacterName",
	"full_name", "fullName",
}

var (
	// fallbackKeys are used if a profile has neither displayKeys nor names.
	fallbackKeys = []string{"preferred_username", "screen_name"}

	firstNames = []string{"first_name", "firstname", "firstName", "First_Name", "given_name", "givenName"}
	lastNames  = []string{"last_name", "lastname", "lastName", "Last_Name", "family_name", "familyName", "surname"}
	// nested are paths of objects in which some providers put the user.
	nested = [][]string{
		{"userinfo"}, {"id_token"}, {"identity"}, {"data", "me"}, {"data"}, {"account"}, {"kakao_account"}, {"shop"},
		{"user"}, {"response", "user"}, {"attributes"}, {"contact"}, {"emails"},
	}
)

// display returns a name or address by which the user recognizes an account, from its
// profile, or the provider's name if the profile has none.
func display(profile []byte, providerName string) string {
	var data map[string]any
	if json.Unmarshal(profile, &data) != nil {
		return providerName
	}
	if text := displayOf(data); text != "" {
		return text
	}
	for _, path := range nested {
		inner := data
		for _, key := range path {
			inner, _ = inner[key].(map[string]any)
		}
		if text := displayOf(inner); text != "" {
			return text
		}
	}
	return providerName
}

func displayOf(data map[string]any) string {
	if text := firstText(data, displayKeys); text != "" {
		return text
	}
	first, last := firstText(data, firstNames), firstText(data, lastNames)
	if name := strings.TrimSpace(first + " " + last); name != "" {
		return name
	}
	return firstText(data, fallbackKeys)
}

// firstText returns the first member among keys that is a text and not empty.
func firstText(data map[string]any, keys []string) string {
	for _, key := range keys {
		if text, ok := data[key].(string); ok {
			if text = cleanName(text); text != "" {
				return text
			}
		}
	}
	return ""
}
