package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/wireid"
)

// reply is the answer of an endpoint.
type reply struct {
	status int
	data   any
	meta   *meta
	errors authn.Errors
	// location redirects the browser, in place of a body.
	location string
}

// meta is the member meta of an answer. Members that are not set are left out.
type meta struct {
	IsAuthenticated        *bool  `json:"is_authenticated,omitempty"`
	IsAuthenticating       *bool  `json:"is_authenticating,omitempty"`
	SessionToken           string `json:"session_token,omitempty"`
	AccessToken            string `json:"access_token,omitempty"`
	RefreshToken           string `json:"refresh_token,omitempty"`
	Secret                 string `json:"secret,omitempty"`
	TOTPURL                string `json:"totp_url,omitempty"`
	RecoveryCodesGenerated *bool  `json:"recovery_codes_generated,omitempty"`
	// Impersonation is set while an actor acts as the user.
	Impersonation *impersonation `json:"impersonation,omitempty"`
}

type envelope struct {
	Status int         `json:"status"`
	Data   any         `json:"data,omitempty"`
	Meta   *meta       `json:"meta,omitempty"`
	Errors []errorItem `json:"errors,omitempty"`
}

type errorItem struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Param   string `json:"param,omitempty"`
}

func (c *call) write(answer reply) {
	if answer.location != "" {
		c.written, c.status = true, answer.status
		c.w.Header().Del("Content-Type")
		c.w.Header().Set("Location", answer.location)
		c.w.WriteHeader(answer.status)
		return
	}
	body := envelope{Status: answer.status, Data: answer.data, Meta: answer.meta}
	if len(answer.errors) > 0 {
		body.Errors = c.errorItems(answer.errors)
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.logger.ErrorContext(c.ctx, "cannot encode the answer", "path", c.r.URL.Path, "error", err)
		answer.status, text = http.StatusInternalServerError, []byte(`{"status":500}`)
	}
	c.written, c.status = true, answer.status
	c.w.WriteHeader(answer.status)
	_, _ = c.w.Write(text) // it fails only if the client has disconnected
}

// errorItems returns problems with their texts in the language of the user.
func (c *call) errorItems(problems authn.Errors) []errorItem {
	var user *authn.User
	if c.sess != nil && c.sess.Authenticated() {
		user = c.sess.Identity.User
	}
	l := c.locales.Choose(user, c.acceptLanguage())
	if c.locales.Several() {
		c.w.Header().Set("Content-Language", l.Name)
		c.w.Header().Add("Vary", "Accept-Language")
	}
	items := make([]errorItem, len(problems))
	for i, e := range problems {
		items[i] = errorItem{l.Problem(e), e.Code, e.Param}
	}
	return items
}

// acceptLanguage returns the Accept-Language header of the request.
func (c *call) acceptLanguage() string {
	return strings.Join(c.r.Header.Values("Accept-Language"), ",")
}

// user is data.user.
type user struct {
	ID                json.RawMessage `json:"id"`
	Display           string          `json:"display,omitempty"`
	Email             string          `json:"email,omitempty"`
	HasUsablePassword bool            `json:"has_usable_password"`
	Username          string          `json:"username,omitempty"`
}

// userPayload returns a user as the API shows it. Numeric ids are numbers on the wire.
func (c *call) userPayload(id *login.Identity) any {
	u := user{
		ID:                userID(id.User.ID),
		Display:           c.account.Display(id),
		Email:             id.Email,
		HasUsablePassword: id.HasUsablePassword,
		Username:          id.User.Username,
	}
	if c.cfg.UserPayload == nil {
		return u
	}
	payload := map[string]any{"id": u.ID, "display": u.Display, "has_usable_password": u.HasUsablePassword}
	if u.Email != "" {
		payload["email"] = u.Email
	}
	if u.Username != "" {
		payload["username"] = u.Username
	}
	c.cfg.UserPayload(c.ctx, id.User, payload)
	return payload
}

func userID(id string) json.RawMessage {
	if isDecimal(id) {
		return json.RawMessage(id)
	}
	text, _ := json.Marshal(id) // a string always has a JSON form
	return text
}

// isDecimal reports whether a text is a whole number of at most 53 bits, which JavaScript
// can represent.
func isDecimal(text string) bool {
	n, err := strconv.ParseUint(text, 10, 53)
	return err == nil && strconv.FormatUint(n, 10) == text
}

// authenticated is the data of an answer to a client with a logged-in user.
type authenticated struct {
	User    any            `json:"user"`
	Methods []authn.Method `json:"methods"`
}

// flows is the data of an answer to a client without a logged-in user.
type flows struct {
	Flows []login.Offer `json:"flows"`
}

// reauthenticationData is the data of an answer to a logged-in user who has to
// reauthenticate.
type reauthenticationData struct {
	authenticated
	flows
}

// authentication answers with the logged-in user, or with the flows by which a user can
// log in.
func (c *call) authentication() (reply, error) {
	if c.sess.Authenticated() {
		return reply{status: http.StatusOK, data: c.authenticatedData(), meta: &meta{IsAuthenticated: new(true), Impersonation: c.impersonation()}}, nil
	}
	return c.anonymous(http.StatusUnauthorized)
}

func (c *call) authenticatedData() authenticated {
	methods := append([]authn.Method{}, c.sess.State.Methods...)
	for i, m := range methods {
		if m.AuthenticatorID != 0 {
			methods[i].AuthenticatorID = wireid.Of(m.AuthenticatorID)[0]
		}
	}
	return authenticated{c.userPayload(c.sess.Identity), methods}
}

func (c *call) anonymous(status int) (reply, error) {
	offers, err := c.pipeline.Offers(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, data: flows{offers}, meta: &meta{IsAuthenticated: new(false)}}, nil
}

// gone answers an app whose session token is invalid.
func (c *call) gone() (reply, error) { return c.anonymous(http.StatusGone) }

// noStage answers a request for a stage at which no login waits. A logged-in user gets the
// flows of an anonymous session, too, and what waits in their own.
func (c *call) noStage() (reply, error) {
	if !c.sess.Authenticated() {
		return c.anonymous(http.StatusUnauthorized)
	}
	anonymous := login.NewSession(c.sess.Kind, c.sess.Client)
	anonymous.State.Slots = c.sess.State.Slots
	offers, err := c.pipeline.Offers(c.ctx, anonymous)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusUnauthorized, data: flows{offers}, meta: &meta{IsAuthenticated: new(false)}}, nil
}

// reauthentication answers with the flows by which the logged-in user can reauthenticate,
// or with those of them that are named by only.
func (c *call) reauthentication(only ...string) (reply, error) {
	offers, err := c.pipeline.Offers(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	if len(only) > 0 {
		offers = slices.DeleteFunc(offers, func(o login.Offer) bool { return !slices.Contains(only, o.ID) })
	}
	data := reauthenticationData{c.authenticatedData(), flows{offers}}
	return reply{status: http.StatusUnauthorized, data: data, meta: &meta{IsAuthenticated: new(true)}}, nil
}

// shown returns an answer of status 200 with the data, or err.
func shown(data any, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: data}, nil
}

// done returns an answer of status 200 without data, or err.
func done(err error) (reply, error) { return shown(nil, err) }
