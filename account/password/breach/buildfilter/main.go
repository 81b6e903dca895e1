// Command buildfilter writes a filter of breached passwords for package breach. Its input
// are the range files of Pwned Passwords, one for each prefix, as the downloader of Have I
// Been Pwned writes them:
//
//	haveibeenpwned-downloader -s false ranges
//	go run github.com/allauth-go/allauth/account/password/breach/buildfilter -ranges ranges -out pwned.filter
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/allauth-go/allauth/account/password/breach"
)

func main() {
	log.SetFlags(0)
	ranges := flag.String("ranges", "", "the folder with the files 00000.txt to FFFFF.txt")
	out := flag.String("out", "pwned.filter", "the file to write")
	minimum := flag.Int("min", 1, "leave out passwords that were seen less often")
	partial := flag.Bool("partial", false, "accept a list in which range files are missing")
	flag.Parse()
	if *ranges == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	entries, err := breach.Build(ctx, os.DirFS(*ranges), *out, breach.Options{MinCount: *minimum, Partial: *partial})
	if err != nil {
		log.Fatal(err) //nolint:gocritic // the process ends
	}
	fmt.Printf("%s has %d passwords\n", *out, entries)
}
