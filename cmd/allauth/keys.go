package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/allauth-go/allauth/mailpreview"
)

// secretSize is the size of a secret in bytes.
const secretSize = 32

// rsaBits is the size of an RSA key.
const rsaBits = 3072

// newKey prints a secret or a private key, in the form in which the configuration takes
// it.
func newKey(_ context.Context, c *call) error {
	key, err := generate(c.arg(0))
	if err != nil {
		return err
	}
	c.printf("%s\n", strings.TrimSuffix(key, "\n"))
	return c.printJSON(key)
}

func generate(kind string) (string, error) {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // it never fails
	var private crypto.Signer
	var err error
	switch kind {
	case "", "secret":
		return hex.EncodeToString(secret), nil
	case "webhook":
		return "whsec_" + base64.StdEncoding.EncodeToString(secret), nil
	case "eddsa":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "es256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rs256":
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	default:
		return "", fmt.Errorf("%q is no kind of key; use secret, webhook, eddsa, es256 or rs256", kind)
	}
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func mailFlags(c *call, f *flag.FlagSet) {
	f.StringVar(&c.values.templates, "templates", "", "the `directory` with the templates of the site, if it has some")
	f.StringVar(&c.values.languages, "languages", strings.Join(mailpreview.BuiltIn(), ","), "the languages of the site, the default first")
	f.StringVar(&c.values.site, "site", "Example", "the `name` of the site")
}

// previewMails writes all mails as files.
func previewMails(_ context.Context, c *call) error {
	config := mailpreview.Config{Languages: strings.Split(c.values.languages, ","), SiteName: c.values.site}
	if c.values.templates != "" {
		config.Templates = os.DirFS(c.values.templates)
	}
	missing, err := mailpreview.Write(c.arg(0), config)
	if err != nil {
		return err
	}
	for _, text := range missing {
		_, _ = fmt.Fprintln(c.errors, "in English:", text)
	}
	index := filepath.Join(c.arg(0), "index.html")
	c.printf("Open %s.\n", index)
	return c.printJSON(map[string]any{"index": index, "missing": missing})
}
