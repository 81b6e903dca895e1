// Command mails writes all mails and text messages of a site as files, in every language,
// so that designers and translators can look at them.
//
//	go run ./examples/mails -dir /tmp/mails -templates ./mails -languages en,de
package main

import (
	"flag"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/allauth-go/allauth/mailpreview"
)

func main() {
	dir := flag.String("dir", "mails", "the folder to which the files are written")
	templates := flag.String("templates", "", "the folder with the templates of the site, if it has some")
	languages := flag.String("languages", strings.Join(mailpreview.BuiltIn(), ","), "the languages of the site, the default first")
	site := flag.String("site", "Example", "the name of the site")
	flag.Parse()
	var files fs.FS
	if *templates != "" {
		files = os.DirFS(*templates)
	}
	missing, err := mailpreview.Write(*dir, mailpreview.Config{Templates: files, Languages: strings.Split(*languages, ","), SiteName: *site})
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range missing {
		log.Println("in English:", text)
	}
	log.Println("open", filepath.Join(*dir, "index.html"))
}
