package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
)

// reply is what an endpoint answers with.
type reply struct {
	status int
	data   any
	meta   *meta
	errors authn.Errors
	// location sends a browser on, in place of a body.
	location string
}

// meta is the second half of an answer. Members that are not set are left out.
type meta struct {
	IsAuthenticated        *bool  `json:"is_authenticated,omitempty"`
	IsAuthenticating       *bool  `json:"is_authenticating,omitempty"`
	SessionToken           string `json:"session_token,omitempty"`
	AccessToken            string `json:"access_token,omitempty"`
	RefreshToken           string `json:"refresh_token,omitempty"`
	Secret                 string `json:"secret,omitempty"`
	TOTPURL                string `json:"totp_url,omitempty"`
	RecoveryCodesGenerated *bool  `json:"recovery_codes_generated,omitempty"`
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
		c.written = true
		c.w.Header().Del("Content-Type")
		c.w.Header().Set("Location", answer.location)
		c.w.WriteHeader(answer.status)
		return
	}
	body := envelope{Status: answer.status, Data: answer.data, Meta: answer.meta}
	for _, e := range answer.errors {
		body.Errors = append(body.Errors, errorItem{e.Message, e.Code, e.Param})
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.logger.ErrorContext(c.ctx, "answer not encodable", "path", c.r.URL.Path, "error", err)
		answer.status, text = http.StatusInternalServerError, []byte(`{"status":500}`)
	}
	c.written = true
	c.w.WriteHeader(answer.status)
	_, _ = c.w.Write(text) // the client may be gone; there is nobody to tell
}

// user is data.user.
type user struct {
	ID                json.RawMessage `json:"id"`
	Display           string          `json:"display,omitempty"`
	Email             string          `json:"email,omitempty"`
	HasUsablePassword bool            `json:"has_usable_password"`
	Username          string          `json:"username,omitempty"`
}

// userPayload shows a user. Numeric ids are numbers on the wire.
func (c *call) userPayload(id *login.Identity) any {
	u := user{
		ID:                userID(id.User.ID),
		Display:           display(id),
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

// isDecimal reports whether a text is a whole number that every client can
// hold: those of JavaScript have 53 bits.
func isDecimal(text string) bool {
	n, err := strconv.ParseUint(text, 10, 53)
	return err == nil && strconv.FormatUint(n, 10) == text
}

func display(id *login.Identity) string { return cmp.Or(login.NameOf(id.User), id.Email, id.User.ID) }

// authenticated is the data of an answer to somebody who is logged in.
type authenticated struct {
	User    any            `json:"user"`
	Methods []authn.Method `json:"methods"`
}

// flows is the data of an answer to somebody who is not.
type flows struct {
	Flows []login.Offer `json:"flows"`
}

// authentication says who is logged in, or how to.
func (c *call) authentication() (reply, error) {
	if c.sess.Authenticated() {
		return reply{status: http.StatusOK, data: c.whoIsIn(), meta: &meta{IsAuthenticated: new(true)}}, nil
	}
	return c.anonymous(http.StatusUnauthorized)
}

func (c *call) whoIsIn() authenticated {
	methods := c.sess.State.Methods
	if methods == nil {
		methods = []authn.Method{}
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

// gone answers an app whose token leads nowhere.
func (c *call) gone() (reply, error) { return c.anonymous(http.StatusGone) }

// noStage answers at the endpoint of a stage that no login waits at. Whoever is
// logged in sees the anonymous flows there.
func (c *call) noStage() (reply, error) {
	if !c.sess.Authenticated() {
		return c.anonymous(http.StatusUnauthorized)
	}
	outside := login.NewSession(c.sess.Kind, c.sess.Client)
	offers, err := c.pipeline.Offers(c.ctx, outside)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusUnauthorized, data: flows{offers}, meta: &meta{IsAuthenticated: new(false)}}, nil
}

// reauthentication asks somebody who is logged in to prove it again, in one of
// these ways or, if none is named, in any.
func (c *call) reauthentication(ways ...string) (reply, error) {
	offers, err := c.pipeline.Offers(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	if len(ways) > 0 {
		offers = slices.DeleteFunc(offers, func(o login.Offer) bool { return !slices.Contains(ways, o.ID) })
	}
	data := struct {
		authenticated
		flows
	}{c.whoIsIn(), flows{offers}}
	return reply{status: http.StatusUnauthorized, data: data, meta: &meta{IsAuthenticated: new(true)}}, nil
}

// ok is an answer that says no more than that.
func ok() (reply, error) { return reply{status: http.StatusOK}, nil }
