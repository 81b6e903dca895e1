package locale

import "strings"

// maxUserAgent is the number of bytes of a User-Agent header that are read.
const maxUserAgent = 512

// product is a name that users know, and a part of the User-Agent header that shows it.
type product struct{ part, name string }

// browsers are in the order in which they are searched, as most browsers also name those
// with which they are compatible.
var browsers = []product{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"OPiOS/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex Browser"}, {"DuckDuckGo/", "DuckDuckGo"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	{"curl/", "curl"}, {"okhttp/", "Android"}, {"CFNetwork/", "iOS"},
}

// systems are in the order in which they are searched.
var systems = []product{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
	{"Windows", "Windows"}, {"Macintosh", "macOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
}

// browserOf returns the names of the browser and the system of a User-Agent header, empty
// if they are unknown. Only the names above are returned: the header is a text of the
// client, and what is mailed must not be.
func browserOf(userAgent string) (browser, system string) {
	userAgent = userAgent[:min(len(userAgent), maxUserAgent)]
	return find(browsers, userAgent), find(systems, userAgent)
}

func find(list []product, userAgent string) string {
	for _, p := range list {
		if strings.Contains(userAgent, p.part) {
			return p.name
		}
	}
	return ""
}
