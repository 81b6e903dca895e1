package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// maxKeyName is the maximum length of a key's name, in characters.
const maxKeyName = 100

// keyName reads the field "name".
func (f *form) keyName() string {
	name := f.text("name")
	if utf8.RuneCountInString(name) > maxKeyName {
		f.add("name", code.MaxLength)
	}
	return name
}

// newKey is the response of a new key, with its name.
type newKey struct {
	name     string
	response []byte
}

func (f *form) newKey() newKey { return newKey{f.keyName(), f.credential()} }

func (h *Handler) newKey(c *call) (reply, error) {
	query, kind := c.r.URL.Query(), webauthn.SecondFactor
	switch {
	case query.Get("mediation") == "conditional":
		kind = webauthn.Upgrade
	case query.Has("passwordless"):
		kind = webauthn.Passkey
	}
	return options("creation_options", func(ctx context.Context, sess *login.Session) (*webauthn.CreationOptions, error) {
		return h.mfa.KeyCreationOptions(ctx, sess, kind)
	})(c)
}

func (h *Handler) addKey(c *call, in newKey) (reply, error) {
	key, codesGenerated, err := h.mfa.AddKey(c.ctx, c.sess.Session, in.name, in.response)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: securityKey(key), meta: &meta{RecoveryCodesGenerated: &codesGenerated}}, nil
}

func (h *Handler) renameKey(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	id := in.keyID()
	if !in.hasProblem("id") {
		_, err := h.mfa.OwnKey(c.ctx, c.sess.Session, id)
		if errors.Is(err, authn.ErrNotFound) {
			in.add("id", code.InvalidChoice)
		} else if err != nil {
			return reply{}, err
		}
	}
	name := in.keyName()
	if name == "" && !in.hasProblem("name") {
		in.add("name", code.Required)
	}
	if err := in.err(); err != nil {
		return reply{}, err
	}
	key, err := h.mfa.RenameKey(c.ctx, c.sess.Session, id, name)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: securityKey(key)}, nil
}

// keyID reads the field "id", a number or a text. It returns 0, which is not the id of a
// key, if the value is not a number.
func (f *form) keyID() int64 {
	text := f.required("id", (*form).code)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// keyIDs reads the field "authenticators". An entry that is not a number is an invalid
// choice.
func (f *form) keyIDs() []int64 {
	var ids []int64
	for _, text := range f.ids("authenticators") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			f.add("authenticators", code.InvalidChoice)
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (h *Handler) removeKeys(c *call, ids []int64) (reply, error) {
	return done(h.mfa.RemoveKeys(c.ctx, c.sess.Session, ids))
}
