package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const ordinaryToken = `{"access_token":"at","token_type":"bearer","refresh_token":"rt","expires_in":3600}`

// profiles are responses in the form of each provider, and the identity that is
// read from them. The mark after an address says whether it is verified.
var profiles = []struct{ id, profile, want string }{
	{"Daum", `{"code":200,"result":{"id":"42","nickname":"annie"}}`, "42 <> @ /"},
	{"agave", `{"status":"success","result":{"create_time":"2015","email":"ann@example.org","username":"annie","first_name":"Ann","last_name":"Example"}}`, "annie <ann@example.org?> @annie Ann/Example"},
	{"amazon", `{"Profile":{"CustomerId":"amzn1.account.K2LI","Name":"Ann Example","PrimaryEmail":"ann@example.org"}}`, "amzn1.account.K2LI <ann@example.org?> @ Ann/Example"},
	{"asana", `{"data":{"gid":"42","email":"ann@example.org","name":"Ann Example"}}`, "42 <ann@example.org?> @ Ann/Example"},
	{"atlassian", `{"account_id":"112233aa","email":"ann@example.org","email_verified":true,"nickname":"annie","name":"Ann Example"}`, "112233aa <ann@example.org!> @annie Ann/Example"},
	{"baidu", `{"uid":"3225892368","uname":"Ann Example","portrait":"78c0"}`, "3225892368 <> @3225892368 Ann/Example"},
	{"basecamp", `{"identity":{"id":9999999,"email_address":"ann@example.org","first_name":"Ann","last_name":"Example"},"accounts":[]}`, "9999999 <ann@example.org?> @ann@example.org Ann/Example"},
	{"bitbucket_oauth2", `{"account_id":"557058:7f5c","username":"annie","uuid":"{7f5c}","display_name":"Ann Example"}`, "557058:7f5c <ann@example.org!,old@example.org?> @annie Ann/Example"},
	{"bitly", `{"login":"annie","name":"Ann Example","default_group_guid":"Bd9f"}`, "annie <> @annie Ann/Example"},
	{"box", `{"type":"user","id":"185250","login":"ann@example.org","name":"Ann Example"}`, "185250 <ann@example.org?> @ Ann/Example"},
	{"coinbase", `{"data":{"id":"512db383","email":"ann@example.org","name":"Ann Example","username":"annie"}}`, "512db383 <ann@example.org?> @annie Ann/Example"},
	{"digitalocean", `{"account":{"uuid":"b6fr89","email":"ann@example.org","email_verified":true}}`, "b6fr89 <ann@example.org!> @ /"},
	{"discord", `{"id":"80351110224678912","username":"annie","global_name":"Ann Example","email":"ann@example.org","verified":true}`, "80351110224678912 <ann@example.org!> @annie Ann/Example"},
	{"disqus", `{"code":0,"response":{"id":"42","email":"ann@example.org","username":"annie","name":"Ann Example"}}`, "42 <ann@example.org?> @annie Ann/Example"},
	{"douban", `{"id":"56700","name":"Ann","uid":"annie"}`, "56700 <> @56700 Ann/"},
	{"doximity", `{"id":42,"email":"ann@example.org","firstname":"Ann","lastname":"Example","full_name":"Ann Example, MD"}`, "42 <ann@example.org?> @ann@example.org Ann/Example"},
	{"drip", `{"users":[{"email":"ann@example.org","name":"Ann Example"}]}`, "ann@example.org <ann@example.org?> @ Ann/Example"},
	{"dropbox", `{"account_id":"dbid:AAH4","email":"ann@example.org","email_verified":true,"name":{"display_name":"Ann Example"}}`, "dbid:AAH4 <ann@example.org!> @ Ann/Example"},
	{"dwolla", `{"id":"123","name":"Ann Example"}`, "123 <> @ Ann/Example"},
	{"edmodo", `{"id":74721257,"email":"ann@example.org","first_name":"Ann","last_name":"Example"}`, "74721257 <ann@example.org?> @ Ann/Example"},
	{"edx", `{"username":"annie","email":"ann@example.org","name":"Ann Example"}`, "annie <ann@example.org?> @annie Ann/Example"},
	{"eventbrite", `{"id":"42","emails":[{"email":"old@example.org","verified":false,"primary":false},{"email":"ann@example.org","verified":true,"primary":true}],"name":"Ann Example","first_name":"Ann","last_name":"Example"}`, "42 <ann@example.org!,old@example.org?> @ Ann/Example"},
	{"eveonline", `{"CharacterID":273042051,"CharacterName":"Ann Example","CharacterOwnerHash":"XM4D"}`, "XM4D <> @ Ann/Example"},
	{"exist", `{"username":"annie","first_name":"Ann","last_name":"Example"}`, "annie <> @annie Ann/Example"},
	{"feedly", `{"id":"c805fcbf","email":"ann@example.org","givenName":"Ann","familyName":"Example"}`, "c805fcbf <ann@example.org?> @ Ann/Example"},
	{"figma", `{"id":"2600","email":"ann@example.org","handle":"Ann Example"}`, "2600 <ann@example.org?> @ Ann/Example"},
	{"foursquare", `{"meta":{"code":200},"response":{"user":{"id":"76077726","firstName":"Ann","lastName":"Example","contact":{"email":"ann@example.org"}}}}`, "76077726 <ann@example.org?> @ Ann/Example"},
	{"frontier", `{"customer_id":"0000","email":"ann@example.org","firstname":"Ann","lastname":"Example"}`, "0000 <ann@example.org?> @ann@example.org Ann/Example"},
	{"fxa", `{"uid":"6d940dd4","email":"ann@example.org"}`, "6d940dd4 <ann@example.org?> @ /"},
	{"gitea", `{"id":4,"login":"annie","full_name":"Ann Example","email":"ann@example.org"}`, "4 <ann@example.org?> @annie Ann/Example"},
	{"github", `{"id":201022,"login":"annie","name":"Ann Example","email":"public@example.org"}`, "201022 <ann@example.org!,old@example.org?> @annie Ann/Example"},
	{"gitlab", `{"id":2,"username":"annie","name":"Ann Example","email":"ann@example.org"}`, "2 <ann@example.org?> @annie Ann/Example"},
	{"gumroad", `{"success":true,"user":{"user_id":"G_-mnBf9","email":"ann@example.org","name":"Ann Example","url":"https://gumroad.com/annie"}}`, "G_-mnBf9 <ann@example.org?> @annie Ann/Example"},
	{"hubic", `{"email":"ann@example.org","firstname":"Ann","lastname":"Example"}`, "ann@example.org <ann@example.org?> @annexample Ann/Example"},
	{"hubspot", `{"token":"at","user":"ann@example.org","user_id":123,"hub_id":62515,"token_type":"access","signed_access_token":{"signature":"at"}}`, "123 <ann@example.org?> @ /"},
	{"instagram", `{"id":"17841405793187218","username":"annie"}`, "17841405793187218 <> @annie /"},
	{"jupyterhub", `{"kind":"user","name":"annie","admin":false}`, "annie <> @annie /"},
	{"kakao", `{"id":4294967297,"kakao_account":{"email":"ann@example.org","is_email_verified":true,"profile":{"nickname":"annie"}}}`, "4294967297 <ann@example.org!> @annie /"},
	{"klaviyo", `{"data":[{"type":"account","id":"ACC123","attributes":{"contact_information":{"default_sender_name":"Ann","default_sender_email":"ann@example.org","organization_name":"Ann Example"}}}]}`, "ACC123 <ann@example.org?> @ Ann/Example"},
	{"lichess", `{"id":"annie","username":"Annie","profile":{"firstName":"Ann","lastName":"Example"}}`, "annie <ann@example.org?> @Annie Ann/Example"},
	{"mailchimp", `{"dc":"usX","user_id":"5081108","login":{"login_name":"annie","email":"ann@example.org"}}`, "5081108 <> @annie /"},
	{"mailcow", `{"id":"ann@example.org","username":"ann@example.org","email":"ann@example.org","displayName":"Ann Example"}`, "ann@example.org <ann@example.org?> @ann@example.org Ann/Example"},
	{"mediawiki", `{"sub":12345,"username":"annie","realname":"Ann Example","email":"ann@example.org","confirmed_email":true}`, "12345 <ann@example.org!> @annie Ann/Example"},
	{"meetup", `{"id":42,"name":"Ann Example","email":"ann@example.org"}`, "42 <ann@example.org?> @ Ann/Example"},
	{"microsoft", `{"id":"16f5a7b6","displayName":"Ann Example","givenName":"Ann","surname":"Example","mail":null,"userPrincipalName":"ann@example.org","mailNickname":"annie"}`, "16f5a7b6 <ann@example.org?> @annie Ann/Example"},
	{"miro", `{"id":"30745","name":"Ann Example","email":"ann@example.org","state":"registered"}`, "30745 <ann@example.org!> @ Ann/Example"},
	{"naver", `{"resultcode":"00","response":{"id":"32742776","email":"ann@example.org","nickname":"annie","name":"Ann Example"}}`, "32742776 <ann@example.org?> @annie Ann/Example"},
	{"nextcloud", `{"ocs":{"meta":{"status":"ok"},"data":{"id":"annie","email":"ann@example.org","displayname":"Ann Example"}}}`, "annie <ann@example.org?> @Ann Example /"},
	{"orcid", `{"orcid-identifier":{"path":"0000-0001-6796-198X"},"person":{"emails":{"email":[{"email":"ann@example.org"}]},"name":{"given-names":{"value":"Ann"},"family-name":{"value":"Example"}}}}`, "0000-0001-6796-198X <ann@example.org?> @ Ann/Example"},
	{"patreon", `{"data":{"id":"12345689","attributes":{"email":"ann@example.org","is_email_verified":true,"first_name":"Ann","last_name":"Example"}}}`, "12345689 <ann@example.org!> @ Ann/Example"},
	{"paypal", `{"user_id":"https://www.paypal.com/webapps/auth/server/64ghr894040044","email":"ann@example.org","given_name":"Ann","family_name":"Example"}`, "https://www.paypal.com/webapps/auth/server/64ghr894040044 <ann@example.org?> @ Ann/Example"},
	{"pinterest", `{"account_type":"PINNER","username":"annie","id":"2783136121146311751"}`, "2783136121146311751 <> @annie /"},
	{"questrade", `{"accounts":[],"userId":400}`, "400 <> @ /"},
	{"reddit", `{"id":"5bhn2","name":"annie"}`, "5bhn2 <> @annie /"},
	{"robinhood", `{"username":"annie","id":"1234-5678"}`, "1234-5678 <> @annie /"},
	{"sharefile", `{"Id":"123","Email":"ann@example.org","Username":"annie","FullName":"Ann Example"}`, "123 <ann@example.org?> @annie Ann/Example"},
	{"slack", `{"ok":true,"sub":"U1","https://slack.com/user_id":"U1","https://slack.com/team_id":"T1","email":"ann@example.org","email_verified":true,"given_name":"Ann","family_name":"Example"}`, "T1_U1 <ann@example.org!> @ Ann/Example"},
	{"snapchat", `{"data":{"me":{"externalId":"CAESIPiRBp0e5gLD","displayName":"Ann Example"}}}`, "CAESIPiRBp0e5gLD <> @ Ann/Example"},
	{"soundcloud", `{"id":22341947,"urn":"soundcloud:users:22341947","username":"annie","full_name":"Ann Example"}`, "soundcloud:users:22341947 <> @annie Ann/Example"},
	{"spotify", `{"id":"annie","display_name":"Ann Example","email":"ann@example.org"}`, "annie <ann@example.org?> @ Ann/Example"},
	{"stackexchange", `{"items":[{"account_id":14691,"user_id":654321,"display_name":"annie"}]}`, "14691 <> @annie /"},
	{"stocktwits", `{"response":{"status":200},"user":{"id":3,"username":"annie"}}`, "3 <> @ /"},
	{"strava", `{"id":32641234,"username":"annie","firstname":"Ann","lastname":"Example"}`, "32641234 <> @annie Ann/Example"},
	{"stripe", `{"id":"acct_sometestid","email":"ann@example.org","display_name":"Ann Example"}`, "acct_sometestid <ann@example.org?> @ Ann/Example"},
	{"tiktok", `{"data":{"user":{"open_id":"44322889","username":"annie","display_name":"Ann Example"}},"error":{"code":"ok"}}`, "44322889 <> @annie Ann/Example"},
	{"trainingpeaks", `{"Id":123456,"Email":"ann@example.org","FirstName":"Ann","LastName":"Example"}`, "123456 <ann@example.org?> @ann.example Ann/Example"},
	{"tumblr_oauth2", `{"meta":{"status":200},"response":{"user":{"name":"annie","blogs":[{"name":"fans","uuid":"t:other","primary":false},{"name":"annie","uuid":"t:7RBd","primary":true}]}}}`, "t:7RBd <> @annie annie/"},
	{"twentythreeandme", `{"id":"56c46bdb0902f8e2","email":"ann@example.org"}`, "56c46bdb0902f8e2 <ann@example.org?> @ /"},
	{"twitch", `{"data":[{"id":"44322889","login":"annie","display_name":"Annie","email":"ann@example.org"}]}`, "44322889 <ann@example.org?> @annie Annie/"},
	{"twitter_oauth2", `{"data":{"id":"1337133713371337","username":"annie","name":"Ann Example","verified":false}}`, "1337133713371337 <> @annie Ann/Example"},
	{"vimeo_oauth2", `{"uri":"/users/12345","name":"Ann Example"}`, "12345 <> @ Ann/Example"},
	{"wahoo", `{"id":60462,"email":"ann@example.org","first":"Ann","last":"Example"}`, "60462 <ann@example.org?> @ Ann/Example"},
	{"weibo", `{"idstr":"3195025850","screen_name":"annie","name":"Ann Example"}`, "3195025850 <> @annie Ann/Example"},
	{"windowslive", `{"id":"b6b4a1","emails":{"preferred":"ann@example.org"},"first_name":"Ann","last_name":"Example"}`, "b6b4a1 <ann@example.org?> @ Ann/Example"},
	{"yandex", `{"id":"1000034426","default_email":"ann@example.org","display_name":"annie","first_name":"Ann","last_name":"Example"}`, "1000034426 <ann@example.org?> @annie Ann/Example"},
	{"ynab", `{"data":{"user":{"id":"abcd1234"}}}`, "abcd1234 <> @ /"},
	{"zoho", `{"ZUID":1234567,"Email":"ann@example.org","Display_Name":"annie","First_Name":"Ann","Last_Name":"Example"}`, "1234567 <ann@example.org?> @annie Ann/Example"},
	{"zoom", `{"id":"uTHb0B","email":"ann@example.org","verified":1,"first_name":"Ann","last_name":"Example"}`, "uTHb0B <ann@example.org!> @ Ann/Example"},

	{"battlenet", `{"id":43209,"battletag":"Annie#1234"}`, "43209 <> @Annie#1234 /"},
	{"clever", `{"type":"student","data":{"id":"62027798"}}`, "62027798 <ann@example.org?> @annie Ann/Example"},
	{"dataporten", `{"user":{"userid":"76a7a061","email":"ann@example.org","name":"Ann Example","userid_sec":["feide:annie@example.org"]},"audience":"client"}`, "76a7a061 <ann@example.org?> @annie Ann/Example"},
	{"dingtalk", `{"openId":"aabbcc","nick":"Ann Example"}`, "aabbcc <> @Ann Example Ann/Example"},
	{"facebook", `{"id":"630595557","email":"ann@example.org","first_name":"Ann","last_name":"Example","verified":true}`, "630595557 <ann@example.org?> @ Ann/Example"},
	{"feishu", `{"code":0,"data":{"open_id":"ou-caecc734","name":"Ann Example"}}`, "ou-caecc734 <> @Ann Example Ann/Example"},
	{"line", `{"userId":"U42","displayName":"Ann Example"}`, "U42 <ann@example.org?> @ Ann/Example"},
	{"linkedin_oauth2", `{"id":"yrZCpj2Z12","firstName":{"localized":{"de_DE":"Anna","en_US":"Ann"},"preferredLocale":{"country":"US","language":"en"}},"lastName":{"localized":{"en_US":"Example"},"preferredLocale":{"country":"US","language":"en"}}}`, "yrZCpj2Z12 <ann@example.org?> @ Ann/Example"},
	{"mailru", `[{"uid":"15410773191172635989","email":"ann@example.org","nick":"annie","first_name":"Ann","last_name":"Example"}]`, "15410773191172635989 <ann@example.org?> @annie Ann/Example"},
	{"notion", ``, "user-n1_workspace-w1 <ann@example.org?> @ Ann/Example"},
	{"odnoklassniki", `{"uid":"561999209121","email":"ann@example.org","first_name":"Ann","last_name":"Example"}`, "561999209121 <ann@example.org?> @ Ann/Example"},
	{"untappd", `{"response":{"user":{"uid":123456,"user_name":"annie","first_name":"Ann","last_name":"Example","settings":{"email_address":"ann@example.org"}}}}`, "123456 <ann@example.org?> @annie Ann/Example"},
	{"vk", `{"user":{"user_id":"1","email":"ann@example.org","screen_name":"annie","first_name":"Ann","last_name":"Example"}}`, "1 <ann@example.org?> @annie Ann/Example"},
	{"weixin", `{"openid":"OPENID","nickname":"Ann Example"}`, "OPENID <> @Ann Example Ann/Example"},
}

// tokens are the responses of token endpoints with more than tokens.
var tokens = map[string]string{
	"dwolla":     `{"access_token":"at","_links":{"account":{"href":"https://api.dwolla.com/accounts/123"}}}`,
	"nextcloud":  `{"access_token":"at","user_id":"annie"}`,
	"orcid":      `{"access_token":"at","orcid":"0000-0001-6796-198X"}`,
	"questrade":  `{"access_token":"at","api_server":"https://api01.iq.questrade.com/"}`,
	"stocktwits": `{"access_token":"at","user_id":3}`,
	"stripe":     `{"access_token":"at","stripe_user_id":"acct_sometestid"}`,
	"weibo":      `{"access_token":"at","uid":"3195025850"}`,
	"weixin":     `{"access_token":"at","openid":"OPENID","expires_in":7200}`,
	"dingtalk":   `{"accessToken":"at","refreshToken":"rt","expireIn":7200}`,
	"feishu":     `{"code":0,"data":{"access_token":"at","expires_in":7200}}`,
	"untappd":    `{"response":{"access_token":"at"}}`,
	"mailru":     `{"access_token":"at","x_mailru_vid":"15410773191172635989"}`,
	"notion":     `{"access_token":"at","workspace_id":"w1","owner":{"user":{"id":"n1","name":"Ann Example","person":{"email":"ann@example.org"}}}}`,
	"line":       `{"access_token":"at","id_token":"it"}`,
}

// more are the responses to further requests.
var more = map[string]string{
	"api.github.com/user/emails":        `[{"email":"old@example.org","verified":false,"primary":false},{"email":"ann@example.org","verified":true,"primary":true}]`,
	"api.bitbucket.org/2.0/user/emails": `{"values":[{"email":"old@example.org","is_confirmed":false,"is_primary":false},{"email":"ann@example.org","is_confirmed":true,"is_primary":true}]}`,
	"lichess.org/api/account/email":     `{"email":"ann@example.org"}`,
	"api.clever.com/v3.0/users/":        `{"data":{"id":"62027798","email":"ann@example.org","name":{"first":"Ann","last":"Example"},"roles":{"student":{"credentials":{"district_username":"annie"}}}}}`,
	"api.line.me/oauth2/v2.1/verify":    `{"sub":"U42","email":"ann@example.org"}`,
	"linkedin.com/v2/emailAddress":      `{"elements":[{"handle~":{"emailAddress":"ann@example.org"}}]}`,
	"app_access_token/internal":         `{"code":0,"app_access_token":"aat"}`,
}

// appOf returns a registration with what the entry requires.
func appOf(id string) App {
	app := App{Provider: id, ClientID: "client", ClientSecret: "secret"}
	switch id {
	case "apple", "odnoklassniki":
		app.Key = "key"
	case "dummy":
		return App{Provider: id}
	case "auth0":
		app.Settings.ServerURL = "https://ann.auth0.com"
	case "okta":
		app.Settings.ServerURL = "https://ann.okta.com"
	case "netiq":
		app.Settings.ServerURL = "https://n.example.org"
	case "lemonldap":
		app.Settings.ServerURL = "https://l.example.org"
	case "jupyterhub":
		app.Settings.ServerURL = "https://hub.example.org"
	case "nextcloud", "mailcow":
		app.Settings.ServerURL = "https://cloud.example.org"
	case "gumroad":
		app.Settings.ServerURL = "https://gumroad.com"
	case "openid_connect":
		app.Settings.ServerURL = "https://id.example.org"
	case "amazon_cognito":
		app.Settings.Region, app.Settings.UserPool = "eu-west-1", "pool"
	case "shopify":
		app.Settings.Tenant = "ann"
	}
	return app
}

func TestEveryProfileIsRead(t *testing.T) {
	t.Parallel()
	for _, sample := range profiles {
		t.Run(sample.id, func(t *testing.T) {
			t.Parallel()
			id, err := logIn(t, worldOf(t, sample.id, sample.profile), appOf(sample.id), codeOf(sample.id))
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(id); got != sample.want {
				t.Errorf("read %s, want %s", got, sample.want)
			}
			if id.Token == nil || id.Token.AccessToken != "at" {
				t.Errorf("token %v", id.Token)
			}
			if text, err := json.Marshal(id.ExtraData); err != nil || strings.Contains(string(text), `"at"`) || strings.Contains(string(text), `"rt"`) {
				t.Errorf("the stored profile has a token: %s, %v", text, err)
			}
		})
	}
}

func codeOf(id string) url.Values {
	if id == "dingtalk" {
		return url.Values{"authCode": {"the-code"}, "state": {testState}}
	}
	return nil
}

func worldOf(t testing.TB, id, profile string) *world {
	t.Helper()
	e := entryOf(t, id)
	token := ordinaryToken
	if own, ok := tokens[id]; ok {
		token = own
	}
	w := &world{t: t, answers: map[string]string{"": profile}}
	for part, answer := range more {
		w.answers[part] = answer
	}
	if id == "facebook" {
		e.token = "https://graph.facebook.com/v19.0/oauth/access_token"
	}
	address, err := expand(e.token, appOf(id), e, noToken)
	if err != nil {
		t.Fatal(err)
	}
	w.answers[address] = token
	if strings.HasPrefix(e.profile, e.token) {
		w.answers[e.profile] = profile
	}
	return w
}

func entryOf(t testing.TB, id string) Entry {
	t.Helper()
	i := slices.IndexFunc(catalogue, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		t.Fatalf("%s is not in the catalogue", id)
	}
	return catalogue[i]
}

// Every provider must have a sample, or a test of its own.
func TestEveryProviderHasASample(t *testing.T) {
	t.Parallel()
	tested := []string{"apple", "dummy", "telegram", "shopify"}
	for _, sample := range profiles {
		tested = append(tested, sample.id)
	}
	for _, e := range Catalogue() {
		if !slices.Contains(tested, e.ID) && e.issuer == "" && !e.Generic {
			t.Errorf("%s has no sample", e.ID)
		}
		if _, err := New(appOrdinary(t, e), Deps{}); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
	}
}

// appOrdinary is appOf with Apple's key.
func appOrdinary(t testing.TB, e Entry) App {
	app := appOf(e.ID)
	if e.ID == "apple" {
		app.Settings.CertificateKey = appleTestKey(t)
	}
	return app
}

// A profile without an id of the user is refused, and no profile causes a panic.
func TestProfilesWithoutAnIDAreRefused(t *testing.T) {
	t.Parallel()
	for _, sample := range profiles {
		if sample.id == "notion" {
			continue // there the id is in the token response
		}
		for _, profile := range []string{`{}`, `null`, `[]`, `"x"`, `{"id":null,"uid":{},"data":[],"user":"x","response":7,"result":true}`, `{"id":""}`, `not JSON`} {
			id, err := logIn(t, worldOf(t, sample.id, profile), appOf(sample.id), codeOf(sample.id))
			if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: the profile %s is %v, error %v", sample.id, profile, id, err)
			}
		}
	}
}

func TestRefusalsAtTheProvider(t *testing.T) {
	t.Parallel()
	for want, values := range map[error]url.Values{
		ErrCancelled: {"error": {"access_denied"}, "code": {"x"}},
		ErrInvalid:   {"error": {"server_error"}},
	} {
		if _, err := logIn(t, worldOf(t, "github", `{"id":1}`), appOf("github"), values); !errors.Is(err, want) {
			t.Errorf("%v: %v", values, err)
		}
	}
	if _, err := logIn(t, worldOf(t, "github", `{"id":1}`), appOf("github"), url.Values{"state": {"x"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no code: %v", err)
	}
}

func TestPlainOAuthTakesNoTokens(t *testing.T) {
	t.Parallel()
	p, err := New(appOf("github"), Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.VerifyToken(context.Background(), Tokens{AccessToken: "at"}); !errors.Is(err, ErrTokenUnsupported) {
		t.Errorf("error %v", err)
	}
}

// FuzzProfile reads any JSON as the profile of any provider.
func FuzzProfile(f *testing.F) {
	for i, sample := range profiles {
		f.Add(i, sample.profile)
	}
	f.Fuzz(func(t *testing.T, n int, profile string) {
		sample := profiles[uint(n)%uint(len(profiles))]
		p, err := New(appOf(sample.id), Deps{Transport: worldOf(t, sample.id, profile), QueryEmail: true})
		if err != nil {
			t.Fatal(err)
		}
		values := codeOf(sample.id)
		if values == nil {
			values = url.Values{"code": {"c"}}
		}
		id, err := p.Exchange(t.Context(), Callback{Values: values})
		if err == nil && (id.UID == "" || len(id.UID) > maxUID) {
			t.Errorf("%s: id %q", sample.id, id.UID)
		}
	})
}
