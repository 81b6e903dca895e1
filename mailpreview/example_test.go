package mailpreview_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/allauth-go/allauth/mailpreview"
)

func Example() {
	dir, err := os.MkdirTemp("", "mails")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	missing, err := mailpreview.Write(dir, mailpreview.Config{Languages: []string{"en", "de"}, SiteName: "Beispiel"})
	if err != nil {
		panic(err)
	}
	subject, err := os.ReadFile(filepath.Join(dir, "de", "sms", "verification_code.txt"))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(missing), "texts are missing")
	fmt.Print(string(subject))
	// Output:
	// 0 texts are missing
	// Ihr Code für Beispiel:
	//
	// BCDF-GHJK
	//
	// Der Code ist 15 Minuten gültig. Geben Sie ihn nicht weiter.
}
