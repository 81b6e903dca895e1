package allauth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// notHooks are functions that tests replace: the clock.
var notHooks = map[string]bool{"Now": true}

// functions calls visit with every function in a configuration, in all sections.
func functions(path string, v reflect.Value, visit func(path string, f reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			functions(path, v.Elem(), visit)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() && !notHooks[field.Name] {
				functions(strings.TrimPrefix(path+"."+field.Name, "."), value, visit)
			}
		}
	case reflect.Func:
		visit(path, v)
	}
}

// wholeConfig returns a configuration with all sections.
func wholeConfig(log *bytes.Buffer) *Config {
	return &Config{
		Account: account.Config{Phone: &account.PhoneConfig{}}, MFA: &mfa.Config{}, Tokens: &token.Config{},
		SocialAccount: &socialaccount.Config{}, Logger: slog.New(slog.NewTextHandler(log, nil)), HookTimeout: time.Minute,
	}
}

// call calls a function with a context and zero values, and returns the error of
// its hook.
func call(f reflect.Value) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = value.(hook.Failure).Err
		}
	}()
	args := make([]reflect.Value, f.Type().NumIn())
	for i := range args {
		switch in := f.Type().In(i); {
		case in == reflect.TypeFor[context.Context]():
			args[i] = reflect.ValueOf(context.Background())
		case in.Kind() == reflect.Pointer:
			args[i] = reflect.New(in.Elem())
		case in.Kind() == reflect.Map:
			args[i] = reflect.MakeMap(in)
		default:
			args[i] = reflect.Zero(in)
		}
	}
	for _, result := range f.Call(args) {
		if e, ok := result.Interface().(error); ok {
			err = e
		}
	}
	return err
}

// Every function that a host can set, in this or a later version, may panic or
// block.
func TestEveryFunctionOfAConfigurationIsGuarded(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	count := 0
	for name, body := range map[string]func(path string){
		"panics": func(path string) { panic("no luck in " + path) },
		"blocks": func(string) { select {} },
	} {
		cfg := wholeConfig(&log)
		if name == "blocks" {
			cfg.HookTimeout = time.Millisecond
		}
		functions("", reflect.ValueOf(cfg), func(path string, f reflect.Value) {
			f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value { body(path); return nil }))
		})
		if err := cfg.guardHooks(); err != nil {
			t.Fatal(err)
		}
		functions("", reflect.ValueOf(cfg), func(path string, f reflect.Value) {
			count++
			log.Reset()
			err := call(f)
			if err == nil && path != "OnEvent" {
				t.Errorf("%s, which %s, succeeds", path, name)
			}
			want := "no luck in " + path
			if name == "blocks" {
				want = "did not return in time"
			}
			if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), path) {
				t.Errorf("%s, which %s: the log says %s", path, name, log.String())
			}
		})
	}
	if count < 2*12 {
		t.Errorf("only %d functions were found", count/2)
	}
}

// hostProvider is a provider of the host whose methods call act.
type hostProvider struct{ act func() }

func (s hostProvider) Info() provider.Info { return provider.Info{ID: "own"} }

func (s hostProvider) AuthCodeURL(context.Context, provider.Authorization) (string, error) {
	s.act()
	return "", nil
}

func (s hostProvider) Exchange(context.Context, provider.Callback) (*provider.Identity, error) {
	s.act()
	return nil, nil //nolint:nilnil // it is not read
}

func (s hostProvider) VerifyToken(context.Context, provider.Tokens) (*provider.Identity, error) {
	s.act()
	return nil, nil //nolint:nilnil // it is not read
}

func (s hostProvider) Refresh(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	s.act()
	return nil, nil //nolint:nilnil // it is not read
}

func TestProvidersOfTheHostAreGuarded(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cfg := wholeConfig(&log)
	mine := []provider.Provider{hostProvider{func() { panic("no luck with code-of-ann") }}}
	cfg.SocialAccount.Custom = mine
	if err := cfg.guardHooks(); err != nil {
		t.Fatal(err)
	}
	p := cfg.SocialAccount.Custom[0]
	if p == mine[0] || p.Info().ID != "own" {
		t.Errorf("the provider is %v", p)
	}
	ctx := context.Background()
	_, exchange := p.Exchange(ctx, provider.Callback{Values: map[string][]string{"code": {"code-of-ann"}}})
	_, authorize := p.AuthCodeURL(ctx, provider.Authorization{State: "code-of-ann"})
	_, verify := p.VerifyToken(ctx, provider.Tokens{IDToken: "code-of-ann"})
	_, refresh := p.Refresh(ctx, &oauth2.Token{RefreshToken: "code-of-ann"})
	for name, err := range map[string]error{"Exchange": exchange, "AuthCodeURL": authorize, "VerifyToken": verify, "Refresh": refresh} {
		if !errors.Is(err, hook.ErrPanic) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := log.String(); strings.Count(got, "no luck with") != 4 || strings.Contains(got, "code-of-ann") {
		t.Errorf("the log says %s", got)
	}
	for name, custom := range map[string]provider.Provider{"nil": nil, "nil pointer": (*guardedProvider)(nil), "panics": (nameless{})} {
		cfg := wholeConfig(&log)
		cfg.SocialAccount.Custom = []provider.Provider{custom}
		if err := cfg.guardHooks(); err == nil || !strings.Contains(err.Error(), "SocialAccount.Custom[0]") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type nameless struct{ hostProvider }

func (nameless) Info() provider.Info { panic("no info") }
