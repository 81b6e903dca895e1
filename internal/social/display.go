package social

import (
	"encoding/json"
	"strings"
)

// displayKeys are where providers put what people call an account, the best one
// first.
var displayKeys = []string{
	"username", "userName", "user_name", "login", "handle",
	"email", "Email", "mail", "email_address", "emailAddress", "default_email", "active_email",
	"name", "display_name", "displayName", "displayname", "Display_Name", "nickname", "nick", "uname", "battletag", "CharacterName",
	"full_name", "fullName",
}

var (
	// lastResorts are shown where there is nothing better.
	lastResorts = []string{"preferred_username", "screen_name"}

	firstNames = []string{"first_name", "firstname", "firstName", "First_Name", "given_name", "givenName"}
	lastNames  = []string{"last_name", "lastname", "lastName", "Last_Name", "family_name", "familyName", "surname"}
	// nested are objects that some providers wrap the user in.
	nested = [][]string{
		{"userinfo"}, {"id_token"}, {"identity"}, {"data", "me"}, {"data"}, {"account"}, {"kakao_account"}, {"shop"},
		{"user"}, {"response", "user"}, {"attributes"}, {"contact"}, {"emails"},
	}
)

// display returns what people call an account at a provider, by its profile, or
// else the provider's name.
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
	return firstText(data, lastResorts)
}

func firstText(data map[string]any, keys []string) string {
	for _, key := range keys {
		if text, ok := data[key].(string); ok {
			if text = clip(text); text != "" {
				return text
			}
		}
	}
	return ""
}
