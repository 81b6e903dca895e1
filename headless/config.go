package headless

import (
	"context"

	"github.com/allauth-go/allauth/authn"
)

// Config configures how the API is served.
type Config struct {
	// BasePath is the path below which the handler is mounted. Empty: /_allauth.
	BasePath string
	// Clients are the kinds of clients that are served: "app" and "browser". Nil:
	// both.
	Clients []string
	// CORSOrigins are the origins, beside that of BaseURL, whose scripts may call the
	// API and read its responses, like https://www.example.com; http is accepted for
	// hosts of this machine only. Requests to the browser API carry cookies. Nil:
	// none.
	CORSOrigins []string
	// ServeSpecification serves the OpenAPI document of the configured API at
	// openapi.json and openapi.yaml below BasePath.
	ServeSpecification bool
	// FrontendURLs are the pages that mails link to. A relative URL is resolved
	// against BaseURL, and {key} is replaced by the key.
	FrontendURLs FrontendURLs
	// UserPayload may change the content of data.user. It is called after
	// everything is stored, whenever a response contains a user.
	UserPayload func(ctx context.Context, u *authn.User, payload map[string]any)
}

// FrontendURLs are pages of the front end.
type FrontendURLs struct {
	// ConfirmEmail receives the key of a verification link. Empty:
	// /account/verify-email/{key}.
	ConfirmEmail string
	// ResetPassword is where users request a password reset. Empty:
	// /account/password/reset.
	ResetPassword string
	// ResetPasswordFromKey receives the key of a reset link. Empty:
	// /account/password/reset/key/{key}.
	ResetPasswordFromKey string
	// LoginAlert receives the key of the link in a mail about a login from a new
	// device. Empty: /account/login-alert/{key}.
	LoginAlert string
	// Signup is where users sign up. Empty: /account/signup.
	Signup string
	// SocialLoginError is where the browser returns to when a login through a
	// provider failed. Empty: /account/provider/callback.
	SocialLoginError string
}
