package provider

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// telegramValidity is the default of Settings.AuthDateValidity.
const telegramValidity = 30 * time.Second

// telegram is the Telegram Login Widget. ClientID is the id of the bot,
// ClientSecret its token, which signs the callback.
type telegram struct {
	app      App
	info     Info
	now      func() time.Time
	validity time.Duration
}

func newTelegram(app App, deps Deps, e Entry) (Provider, error) {
	if app.ClientSecret == "" {
		return nil, errors.New("ClientSecret is empty; set it to the token of the bot")
	}
	return &telegram{app: app, now: deps.Now, validity: cmp.Or(app.Settings.AuthDateValidity, telegramValidity), info: Info{
		ID: app.id(), Class: app.Provider, Name: e.Name, Redirect: true, CallbackInFragment: true,
	}}, nil
}

// Info implements Provider.
func (p *telegram) Info() Info { return p.info }

// AuthCodeURL implements Provider. Telegram has no state parameter, so the state
// is part of the URL that the browser returns to.
func (p *telegram) AuthCodeURL(_ context.Context, a Authorization) (string, error) {
	back, err := url.Parse(a.RedirectURL)
	if err != nil {
		return "", fmt.Errorf("redirect URL: %w", err)
	}
	query := back.Query()
	query.Set("state", a.State)
	back.RawQuery = query.Encode()
	return "https://oauth.telegram.org/auth?" + url.Values{
		"bot_id": {p.app.ClientID}, "origin": {back.Scheme + "://" + back.Host}, "embed": {"0"},
		"request_access": {"write"}, "return_to": {back.String()},
	}.Encode(), nil
}

// Exchange implements Provider. The callback has the fragment tgAuthResult, which
// a page has to send on as a parameter, or the single fields.
func (p *telegram) Exchange(_ context.Context, c Callback) (*Identity, error) {
	fields, err := telegramFields(c.Values)
	if err != nil {
		return nil, err
	}
	signature, err := hex.DecodeString(fields["hash"])
	if err != nil {
		return nil, fmt.Errorf("malformed signature: %w", ErrInvalid)
	}
	delete(fields, "hash")
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		lines = append(lines, name+"="+fields[name])
	}
	key := sha256.Sum256([]byte(p.app.ClientSecret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(strings.Join(lines, "\n")))
	if !hmac.Equal(mac.Sum(nil), signature) {
		return nil, fmt.Errorf("wrong signature: %w", ErrInvalid)
	}
	seconds, err := json.Number(fields["auth_date"]).Int64()
	if err != nil {
		return nil, fmt.Errorf("malformed date: %w", ErrInvalid)
	}
	if age := p.now().Sub(time.Unix(seconds, 0)); age > p.validity || age < -clockSkew {
		return nil, fmt.Errorf("the callback has expired: %w", ErrInvalid)
	}
	extra := make(map[string]any, len(fields))
	for name, value := range fields {
		extra[name] = value
	}
	id := &Identity{
		UID: fields["id"], Username: fields["username"], FirstName: fields["first_name"], LastName: fields["last_name"], ExtraData: extra,
	}
	return id, id.Validate()
}

// telegramFields parses the signed fields.
func telegramFields(values url.Values) (map[string]string, error) {
	fields := map[string]string{}
	encoded := values.Get("tgAuthResult")
	if encoded == "" {
		for _, name := range []string{"id", "first_name", "last_name", "username", "photo_url", "auth_date", "hash"} {
			if values.Has(name) {
				fields[name] = values.Get(name)
			}
		}
		return fields, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(encoded))
	if err != nil {
		return nil, fmt.Errorf("malformed answer: %w", ErrInvalid)
	}
	var members map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(decoded)))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		return nil, fmt.Errorf("malformed answer: %w", ErrInvalid)
	}
	for name, value := range members {
		switch v := value.(type) {
		case string:
			fields[name] = v
		case json.Number:
			fields[name] = v.String()
		default:
			return nil, fmt.Errorf("malformed answer: %w", ErrInvalid)
		}
	}
	return fields, nil
}

// VerifyToken implements Provider.
func (p *telegram) VerifyToken(context.Context, Tokens) (*Identity, error) {
	return nil, ErrTokenUnsupported
}

// Refresh implements Provider. Telegram has no tokens.
func (p *telegram) Refresh(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return nil, ErrTokenUnsupported
}
