package mfa_test

import (
	"fmt"
	"log"
	"math/big"
	"strings"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/mfa"
)

// Authenticator apps, recovery codes and passkeys are turned on.
func Example() {
	config := allauth.Config{
		MFA: &mfa.Config{
			SupportedTypes:      []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn},
			Issuer:              "Example",
			PasskeyLoginEnabled: true,
		},
	}
	fmt.Println(factors.Validate(factors.WithDefaults(config.MFA)))
	config.MFA.TOTPDigits = 4
	fmt.Println(factors.Validate(factors.WithDefaults(config.MFA)))
	// Output:
	// <nil>
	// MFA.TOTPDigits is 4; use 6, 7 or 8
}

// A page that the server renders shows the QR code that sets up an app.
func ExampleQRCodeSVG() {
	picture, err := mfa.QRCodeSVG("otpauth://totp/Example:ann?secret=JBSWY3DPEHPK3PXP&issuer=Example")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.HasPrefix(picture, "<svg "))
	// Output: true
}

// The second of three codes has been used.
func ExampleDjangoRecoveryCodes() {
	codes, err := mfa.DjangoRecoveryCodes("0123456789abcdef", big.NewInt(0b010), 3, 8)
	if err != nil {
		log.Fatal(err)
	}
	for _, code := range codes {
		fmt.Println(len(code.Code), code.Used)
	}
	// Output:
	// 8 false
	// 8 true
	// 8 false
}
