package headless

import (
	"context"

	"github.com/allauth-go/allauth/authn"
)

// Config says how the API is served.
type Config struct {
	// BasePath is where the handler is mounted. Empty: /_allauth.
	BasePath string
	// Clients are the client kinds that are served: "app" and "browser". Nil:
	// both.
	Clients []string
	// ServeSpecification serves the OpenAPI document of the API, as it is
	// configured, at openapi.json and openapi.yaml below BasePath.
	ServeSpecification bool
	// FrontendURLs are the pages that mails lead to. A relative one starts at
	// BaseURL, and {key} stands for the key.
	FrontendURLs FrontendURLs
	// UserPayload may change what data.user holds. It is called whenever an answer
	// shows a user, when everything is stored.
	UserPayload func(ctx context.Context, u *authn.User, payload map[string]any)
}

// FrontendURLs are pages of the front end.
type FrontendURLs struct {
	// ConfirmEmail takes the key of a verification link. Empty:
	// /account/verify-email/{key}.
	ConfirmEmail string
	// ResetPassword asks for a reset. Empty: /account/password/reset.
	ResetPassword string
	// ResetPasswordFromKey takes the key of a reset link. Empty:
	// /account/password/reset/key/{key}.
	ResetPasswordFromKey string
	// Signup is where accounts are made. Empty: /account/signup.
	Signup string
	// SocialLoginError is where a failed login through a provider ends. Empty:
	// /account/provider/callback.
	SocialLoginError string
}
