package provider

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The settings that all entries of a protocol read.
var (
	oauthSettings         = []string{"Scopes", "AuthParams", "PKCE"}
	openIDConnectSettings = []string{"Scopes", "AuthParams", "PKCE", "UIDField", "FormPost", "Nonce", "SkipUserInfo", "TokenAuthMethod"}
)

// requestParams are the parameters of the authorization request that a login
// depends on.
var requestParams = []string{
	"client_id", "redirect_uri", "state", "nonce", "response_type", "response_mode", "scope", "code_challenge", "code_challenge_method",
}

// check refuses settings that the entry does not read, and invalid values.
func (s Settings) check(e Entry) error {
	known, values := e.readSettings(), reflect.ValueOf(s)
	for i := range values.NumField() {
		name := values.Type().Field(i).Name
		if !values.Field(i).IsZero() && !slices.Contains(known, name) {
			return fmt.Errorf("Settings.%s does nothing for %s; leave it out, or use one of %s", name, e.ID, strings.Join(known, ", "))
		}
	}
	for _, field := range []struct{ name, value string }{{"ServerURL", s.ServerURL}, {"Issuer", s.Issuer}, {"APIURL", s.APIURL}, {"AuthorizeURL", s.AuthorizeURL}} {
		if err := checkURL(field.name, field.value); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.AuthParams)) {
		if slices.Contains(requestParams, name) {
			return fmt.Errorf("Settings.AuthParams holds %q, which the login depends on; leave it out", name)
		}
	}
	switch {
	case slices.ContainsFunc(s.Scopes, func(scope string) bool { return scope == "" || strings.ContainsAny(scope, " \t\r\n") }):
		return errors.New("Settings.Scopes holds an empty text or one with blanks; write each scope as an element of its own")
	case !slices.Contains([]string{"", "client_secret_basic", "client_secret_post"}, s.TokenAuthMethod):
		return fmt.Errorf("Settings.TokenAuthMethod is %q; use client_secret_basic or client_secret_post", s.TokenAuthMethod)
	case s.AuthDateValidity != 0 && (s.AuthDateValidity < time.Second || s.AuthDateValidity > time.Hour):
		return fmt.Errorf("Settings.AuthDateValidity is %v; use a second to an hour, or leave it zero for 30 seconds", s.AuthDateValidity)
	}
	return nil
}

// checkURL refuses a URL that requests are not sent to. An empty value is valid.
func checkURL(name, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("Settings.%s %q is not a URL; use one like https://id.example.com", name, value)
	case checkEndpoint(u) != nil:
		return fmt.Errorf("Settings.%s %q is not encrypted; use https", name, value)
	}
	return nil
}

// readSettings returns the names of the settings that the provider reads.
func (e Entry) readSettings() []string {
	switch {
	case e.settings != nil:
		return e.settings
	case e.Generic:
		return append(slices.Clone(openIDConnectSettings), "ServerURL", "Issuer")
	case e.issuer != "":
		return slices.Concat(openIDConnectSettings, e.addressSettings())
	case e.uid == "": // the id consists of several members
		return slices.Concat(oauthSettings, e.addressSettings())
	}
	return slices.Concat(oauthSettings, []string{"UIDField"}, e.addressSettings())
}

var placeholder = regexp.MustCompile(`\{([A-Z]\w*)\}`)

// addressSettings returns the names of the settings that expand inserts into
// URLs.
func (e Entry) addressSettings() []string {
	templates := []string{e.issuer, e.metadata, e.authorize, e.token, e.profile}
	for _, values := range []map[string]string{e.query, e.header} {
		templates = append(templates, slices.Sorted(maps.Values(values))...)
	}
	var names []string
	for _, found := range placeholder.FindAllStringSubmatch(strings.Join(templates, " "), -1) {
		if !slices.Contains(names, found[1]) {
			names = append(names, found[1])
		}
	}
	return names
}

// checkKey refuses an app without the key that its provider requires, or with a
// key that it does not read.
func (a App) checkKey(e Entry) error {
	switch {
	case e.key == "" && a.Key != "":
		return fmt.Errorf("Key does nothing for %s; leave it out", e.ID)
	case e.key != "" && a.Key == "":
		return fmt.Errorf("Key is empty; set it to %s", e.key)
	}
	return nil
}
