package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// newGitHub makes GitHub, or a GitHub Enterprise server with its own API.
func newGitHub(app App, deps Deps, e Entry) (Provider, error) {
	if server := strings.TrimSuffix(app.Settings.ServerURL, "/"); server != "" && server != e.defaults["ServerURL"] {
		e.defaults = map[string]string{"APIURL": server + "/api/v3"}
	}
	return newOAuth(app, deps, e)
}

// githubEmails requests the list of addresses, which says which are verified. The
// profile has only the public address.
func githubEmails(ctx context.Context, p *oauth, token *oauth2.Token, profile map[string]any, id *Identity) error {
	if p.email {
		list, err := p.profile(ctx, token, strings.TrimSuffix(p.entry.profile, "/user")+"/user/emails")
		switch {
		case err == nil:
			id.Emails = listedEmails(list["list"], "email", "verified", "primary")
			return nil
		case !errors.Is(err, ErrInvalid): // GitHub answers 404 if the scope is missing
			return err
		}
	}
	id.takeEmail(text(profile, "email"))
	return nil
}

// listedEmails parses a list of addresses. The primary one comes first.
func listedEmails(value any, address, verified, primary string) []Email {
	list, _ := value.([]any)
	var first, rest []Email
	for _, item := range list {
		email := Email{Address: text(item, address), Verified: isTrue(find(item, verified))}
		switch {
		case email.Address == "":
		case isTrue(find(item, primary)):
			first = append(first, email)
		default:
			rest = append(rest, email)
		}
	}
	return append(first, rest...)
}

func bitbucketEmails(ctx context.Context, p *oauth, token *oauth2.Token, _ map[string]any, id *Identity) error {
	if !p.email {
		return nil
	}
	list, err := p.profile(ctx, token, "https://api.bitbucket.org/2.0/user/emails")
	if err != nil {
		return err
	}
	id.Emails = listedEmails(list["values"], "email", "is_confirmed", "is_primary")
	return nil
}

func eventbriteEmails(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	id.Emails = listedEmails(profile["emails"], "email", "verified", "primary")
	return nil
}

func lichessEmail(ctx context.Context, p *oauth, token *oauth2.Token, _ map[string]any, id *Identity) error {
	if !p.email {
		return nil
	}
	answer, err := p.profile(ctx, token, p.entry.profile+"/email")
	if err != nil {
		return err
	}
	id.takeEmail(text(answer, "email"))
	return nil
}

// mediawikiEmail takes confirmed addresses only: others need not belong to the
// user.
func mediawikiEmail(_ context.Context, _ *oauth, _ *oauth2.Token, _ map[string]any, id *Identity) error {
	if len(id.Emails) > 0 && !id.Emails[0].Verified {
		id.Emails = nil
	}
	return nil
}

// kakaoEmail takes an address as verified only while Kakao says that it still
// belongs to the user.
func kakaoEmail(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	for i := range id.Emails {
		if find(profile, "kakao_account.is_email_valid") == false {
			id.Emails[i].Verified = false
		}
	}
	return nil
}

// microsoftEmail leaves out the name of a guest in a directory, which is made of the
// address in its own directory and is no address.
func microsoftEmail(_ context.Context, _ *oauth, _ *oauth2.Token, _ map[string]any, id *Identity) error {
	id.Emails = slices.DeleteFunc(id.Emails, func(e Email) bool { return strings.Contains(strings.ToUpper(e.Address), "#EXT#") })
	return nil
}

// xEmail requests the confirmed address. X refuses the request of an app that has no
// permission for addresses.
func xEmail(ctx context.Context, p *oauth, token *oauth2.Token, _ map[string]any, id *Identity) error {
	if !p.email {
		return nil
	}
	answer, err := p.profile(ctx, token, "https://api.x.com/2/users/me?user.fields=confirmed_email")
	switch {
	case errors.Is(err, ErrInvalid):
		return nil
	case err != nil:
		return err
	}
	if email := text(answer, "data.confirmed_email"); email != "" {
		id.Emails = []Email{{Address: email, Verified: true}}
	}
	return nil
}

// edxAccount requests the details of an account, as the profile has no address,
// and no id but the username.
func edxAccount(ctx context.Context, p *oauth, token *oauth2.Token, profile map[string]any, id *Identity) error {
	if len(id.Emails) > 0 || id.Username == "" {
		return nil
	}
	details, err := p.profile(ctx, token, strings.TrimSuffix(p.entry.profile, "me")+"accounts/"+url.PathEscape(id.Username))
	if err != nil {
		return err
	}
	more := p.entry.identity(details, token)
	id.UID, id.Emails, id.FirstName, id.LastName = cmp.Or(id.UID, more.UID), more.Emails, more.FirstName, more.LastName
	id.ExtraData = map[string]any{"me": profile, "account": details}
	return nil
}

// slackUID makes an id of the workspace and the user.
func slackUID(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	if profile["ok"] != true {
		return fmt.Errorf("the provider refused: %w", ErrInvalid)
	}
	team, user := scalar(profile["https://slack.com/team_id"]), scalar(profile["https://slack.com/user_id"])
	if team == "" || user == "" {
		team, user = text(profile, "team.id"), text(profile, "user.id")
	}
	if team != "" && user != "" {
		id.UID = team + "_" + user
	}
	return nil
}

// vimeoUID takes the id from the end of the profile's URL.
func vimeoUID(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	address := text(profile, "uri")
	id.UID = address[strings.LastIndexByte(address, '/')+1:]
	return nil
}

// tokenForm holds the token alone.
func tokenForm(_ *oauth, token *oauth2.Token) url.Values {
	return url.Values{"access_token": {token.AccessToken}}
}

// introspectionForm is an introspection request (RFC 7662, section 2.1).
func introspectionForm(p *oauth, token *oauth2.Token) url.Values {
	return url.Values{
		"token": {token.AccessToken}, "token_type_hint": {"access_token"}, "client_id": {p.app.ClientID}, "client_secret": {p.app.ClientSecret},
	}
}

// hubspotProfile removes the token from the profile, which is HubSpot's
// description of the token.
func hubspotProfile(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, _ *Identity) error {
	delete(profile, "token")
	delete(profile, "signed_access_token")
	return nil
}

func gumroadUsername(_ context.Context, _ *oauth, _ *oauth2.Token, profile map[string]any, id *Identity) error {
	id.Username, _ = strings.CutPrefix(text(profile, "user.url"), "https://gumroad.com/")
	return nil
}

func hubicUsername(_ context.Context, _ *oauth, _ *oauth2.Token, _ map[string]any, id *Identity) error {
	id.Username = strings.ToLower(id.FirstName + id.LastName)
	return nil
}

func trainingPeaksUsername(_ context.Context, _ *oauth, _ *oauth2.Token, _ map[string]any, id *Identity) error {
	id.Username = strings.Trim(strings.ToLower(id.FirstName+"."+id.LastName), ".")
	return nil
}
