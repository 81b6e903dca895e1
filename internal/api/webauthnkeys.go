package api

import (
	"errors"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
)

// maxKeyName is the longest name of a key, in characters.
const maxKeyName = 100

// keyName reads the field "name".
func (f *form) keyName() string {
	name := f.text("name")
	if utf8.RuneCountInString(name) > maxKeyName {
		f.add("name", code.MaxLength)
	}
	return name
}

func (h *Handler) newKey(c *call) (reply, error) {
	passwordless := c.r.URL.Query().Has("passwordless")
	return creationOptions(h.mfa.KeyCreationOptions(c.ctx, c.sess.Session, passwordless))
}

func (h *Handler) addKey(c *call) (reply, error) {
	if err := h.mfa.CheckMayAddKey(c.ctx, c.sess.Session); err != nil {
		return reply{}, err
	}
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	name, answer := in.keyName(), in.credential()
	if err := in.err(); err != nil {
		return reply{}, err
	}
	key, codesMade, err := h.mfa.AddKey(c.ctx, c.sess.Session, name, answer)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: securityKey(key), meta: &meta{RecoveryCodesGenerated: &codesMade}}, nil
}

func (h *Handler) renameKey(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	id := in.keyID()
	if !in.bad("id") {
		_, err := h.mfa.OwnKey(c.ctx, c.sess.Session, id)
		if errors.Is(err, authn.ErrNotFound) {
			in.add("id", code.InvalidChoice)
		} else if err != nil {
			return reply{}, err
		}
	}
	name := in.keyName()
	if name == "" && !in.bad("name") {
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

// keyID reads the field "id", which may come as a text. What is no number is the
// id of no key.
func (f *form) keyID() int64 {
	text := f.required("id", f.code)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

func (h *Handler) removeKeys(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	texts, refused := in.IDs("authenticators")
	if refused != "" {
		return reply{}, problem.List("authenticators", refused)
	}
	ids := make([]int64, len(texts))
	for i, text := range texts {
		if ids[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return reply{}, problem.List("authenticators", code.InvalidChoice)
		}
	}
	if err := h.mfa.RemoveKeys(c.ctx, c.sess.Session, ids); err != nil {
		return reply{}, err
	}
	return ok()
}
