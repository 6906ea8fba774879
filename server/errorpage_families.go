package server

import (
	"fmt"
	"strconv"
	"strings"

	"iisd/server/status"
)

// A family draws the error pages of some versions. Their headlines are IIS's;
// everything else in them is this program's own.
type family func(p *Profile, o outcome) builtInPage

// textHTML is the Content-Type of error pages, without a charset (seen on 4.0
// to 10.0).
const textHTML = "text/html"

// number returns code and substatus as the pages show them.
func (o outcome) number() string { return status.Status{Code: o.code, Sub: o.sub}.Error() }

// named returns the words a version has for an outcome and the outcome it then
// shows: without substatus where the version has no words for that, and the
// reason phrase where it has none at all.
func (p *Profile) named(o outcome, words func(h headline) string) (outcome, string) {
	if w := words(headlines[o]); w != "" {
		return o, w
	}
	o.sub = 0
	if w := words(headlines[o]); w != "" {
		return o, w
	}
	if r := p.Reasons[o.code]; r != "" {
		return o, r
	}
	return o, "Error"
}

// skeleton is the short page of the service itself, used where no file is
// mapped to an error (172 bytes seen for 403.14 on 5.1).
func skeleton(title, text string) []byte {
	return []byte("<html><head><title>" + title + "</title></head>\n<body><h1>" + title + "</h1>" + text + "</body></html>")
}

// listingDenied is the built-in 403.14 of 4.0 to 5.1 (Q185380).
var listingDenied = skeleton("Directory Listing Denied", "This Virtual Directory does not allow contents to be listed.")

// nt3Page draws the pages of 2.0 and 3.0: no substatus, a sentence at most
// (Q170857, Q171135).
func nt3Page(p *Profile, o outcome) builtInPage {
	what, _ := explanation(o)
	reason := p.Reasons[o.code]
	if reason == "" {
		reason = "Error"
	}
	return builtInPage{skeleton(strconv.Itoa(o.code)+" "+reason, what), textHTML}
}

// nt4Page draws the pages of 4.0: the line "HTTP Error 403", then
// "403.4 Forbidden: SSL required", an explanation, and a hint to contact the
// administrator (Q224389).
func nt4Page(p *Profile, o outcome) builtInPage {
	if b, ok := shortPage(o); ok {
		return builtInPage{b, textHTML}
	}
	shown, words := p.named(o, func(h headline) string { return h.nt4 })
	what, then := explanation(o)
	code := strconv.Itoa(o.code)
	line := "<p><strong>" + shown.number() + " " + words + "</strong></p>\n"
	if o == (outcome{401, 5}) {
		// Administrators look for "HTTP 401.5" (Q288323).
		line = "<p><strong>HTTP 401.5</strong></p>\n" + line
	}
	b := []byte("<html>\n<head><title>Error " + code + "</title></head>\n<body>\n" +
		"<h2>HTTP Error " + code + "</h2>\n" + line +
		"<p>" + what + "</p>\n<p>" + then + "</p>\n" +
		"<p>If this goes on, please contact the server's administrator and name the address and the time.</p>\n" +
		"</body>\n</html>")
	return builtInPage{padded(b, lengths4[o]), textHTML}
}

// lengths4 are the lengths of pages of 4.0 that were seen.
var lengths4 = map[outcome]int{
	{404, 0}: 461, // W17
}

// shortPage returns the built-in pages of 4.0 to 5.1 that no file replaces.
func shortPage(o outcome) ([]byte, bool) {
	switch o {
	case outcome{400, 0}: // Q247249
		what, _ := explanation(o)
		return skeleton("Bad Request", what), true
	case outcome{403, 14}: // Q185380
		return listingDenied, true
	case outcome{404, 1}: // Q300238
		return skeleton(headlines[o].w2k, ""), true
	}
	return nil, false
}

// w2kPage draws the pages of 5.0 and 5.1: title and H1, then the H2
// "HTTP 401.2 - ..." and the line "Internet Information Services" (Q253667).
func w2kPage(p *Profile, o outcome) builtInPage {
	if b, ok := shortPage(o); ok {
		return builtInPage{b, textHTML}
	}
	shown, words := p.named(o, func(h headline) string { return h.w2k })
	what, then := explanation(o)
	title := pageTitle(o)
	return builtInPage{[]byte("<html>\n<head><title>" + title + "</title></head>\n<body bgcolor=\"white\">\n" +
		"<h1>" + title + "</h1>\n<p>" + what + "</p>\n<hr>\n" +
		"<p>Please try the following:</p>\n<ul><li>" + then + "</li>\n" +
		"<li>If this goes on, tell the administrator of this Web site which address you asked for.</li></ul>\n" +
		"<h2>HTTP " + shown.number() + " - " + words + "<br>\nInternet Information Services</h2>\n" +
		"</body>\n</html>\n"), textHTML}
}

// pageTitle is the title and H1 of 5.0 to 6.0 (those of 405 and of codes not named here are
// inferred).
func pageTitle(o outcome) string {
	switch {
	case o.code == 404:
		return "The page cannot be found"
	case o.code == 401, o.code == 403 && o.sub != 1:
		return "You are not authorized to view this page"
	}
	return "The page cannot be displayed"
}

// w2k3Page draws the pages of 6.0: title and H1 as before, then the H2
// "HTTP Error 401.2 - ..." and the line "Internet Information Services (IIS)".
// 501 has no page at all.
func w2k3Page(p *Profile, o outcome) builtInPage {
	if o.code == 501 {
		return builtInPage{}
	}
	shown, words := p.named(o, func(h headline) string { return h.w2k3 })
	what, then := explanation(o)
	title := pageTitle(o)
	b := []byte(strings.Join([]string{
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">`,
		`<HTML><HEAD><TITLE>` + title + `</TITLE>`,
		`<META HTTP-EQUIV="Content-Type" Content="text/html; charset=Windows-1252">`,
		`<STYLE type="text/css">`,
		`  BODY { margin: 2em; font: 9pt/13pt tahoma, verdana, sans-serif; color: #000; background: #fff }`,
		`  H1 { font: 13pt/16pt tahoma, verdana, sans-serif; margin: 0 0 1em }`,
		`  H2 { font: bold 9pt/13pt tahoma, verdana, sans-serif; margin: 1em 0 }`,
		`</STYLE>`,
		`</HEAD><BODY>`,
		`<H1>` + title + `</H1>`,
		`<P>` + what + `</P>`,
		`<HR>`,
		`<P>What you can do:</P>`,
		`<UL>`,
		`<LI>` + then + `</LI>`,
		`<LI>If you believe that this page should be yours to see, tell the administrator of the Web site the address and the line below.</LI>`,
		`</UL>`,
		`<H2>HTTP Error ` + shown.number() + ` - ` + words + `.<BR>Internet Information Services (IIS)</H2>`,
		`<HR>`,
		`<P>For the administrator:</P>`,
		`<UL>`,
		`<LI>The number after the full stop tells causes of the same error apart. It is in the log file as sc-substatus, with the reason of the system beside it as sc-win32-status.</LI>`,
		`<LI>The line of the log file has the time and the address of this page. Where Windows logons are in use, two refused lines in front of an accepted one are how a logon looks, and no sign of trouble.</LI>`,
		`</UL>`,
		`</BODY></HTML>`,
	}, "\r\n") + "\r\n")
	return builtInPage{padded(b, lengths6[o]), textHTML}
}

// lengths6 are the lengths of pages of 6.0 that were seen.
var lengths6 = map[outcome]int{
	{401, 1}: 1539, // W02
	{401, 2}: 1656, // W01, W23
	{404, 0}: 1635, // seen
}

// customPages7 are the codes that 7.0 and later keep a page for, one for all
// substatus codes, with the H3 of the page and its length if that was seen.
var customPages7 = map[int]struct {
	title  string // after "401 - "; "": the words of 6.0
	h3     string
	length int
}{
	401: {"", "You do not have permission to view this directory or page using the credentials that you supplied.", 1293},               // W21
	403: {"", "You do not have permission to view this directory or page using the credentials that you supplied.", 1233},               // seen
	404: {"", "The resource you are looking for might have been removed, or have another name now, or be away for some time.", 1245},    // W24
	405: {"HTTP verb used to access this page is not allowed", "The method of the request does not go with what the address names.", 0}, // (inferred)
	406: {"", "The page has no form that the browser says it can show.", 0},                                                             // (inferred)
	412: {"", "The request set a condition that does not hold.", 0},                                                                     // (inferred)
	500: {"", "Something is wrong with what you asked for, or with the server, and it cannot be shown.", 0},                             // headline (inferred)
	501: {"", "The request asks for something this server cannot do.", 0},                                                               // (inferred)
	502: {"", "A program behind this address did not give a proper answer.", 0},                                                         // (inferred)
}

// customPage7 draws the custom pages of 7.0 and later. A code without one gets
// one line.
func customPage7(p *Profile, o outcome) builtInPage {
	o.sub = 0
	c, ok := customPages7[o.code]
	if !ok {
		return builtInPage{[]byte(strconv.Itoa(o.code) + " - " + p.Reasons[o.code] + "\r\n"), textHTML}
	}
	words := c.title
	if words == "" {
		_, words = p.named(o, func(h headline) string { return h.w2k3 })
	}
	title := strconv.Itoa(o.code) + " - " + words + "."
	b := []byte(strings.Join([]string{
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">`,
		`<html xmlns="http://www.w3.org/1999/xhtml">`,
		`<head>`,
		`<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1" />`,
		`<title>` + title + `</title>`,
		`<style type="text/css">`,
		`body { margin: 0; font: 0.8em/1.5 Verdana, Arial, sans-serif; color: #222; background: #f0f0f0 }`,
		`h1 { margin: 0; padding: 8px 2%; font-size: 2.2em; color: #fff; background: #4a6070 }`,
		`h2 { margin: 0; font-size: 1.6em; color: #b00 }`,
		`h3 { margin: 10px 0 0; font-size: 1.1em }`,
		`.box { margin: 12px 2%; padding: 12px; border: 1px solid #bbb; background: #fff }`,
		`</style>`,
		`</head>`,
		`<body>`,
		`<h1>Server Error</h1>`,
		`<div class="box">`,
		`<h2>` + title + `</h2>`,
		`<h3>` + c.h3 + `</h3>`,
		`<p>If a link brought you here, tell the owner of the page that has it. If you think that you should see what is at this address, tell the administrator of the Web site the address, the time and the number above.</p>`,
		`</div>`,
		`</body>`,
		`</html>`,
	}, "\r\n") + "\r\n")
	return builtInPage{padded(b, c.length), textHTML}
}

// detailedPage7 draws the detailed pages of 7.0 and later (ErrorMode): code,
// substatus and reason phrase (title and headline seen).
func detailedPage7(p *Profile, o outcome) builtInPage {
	what, then := explanation(o)
	head := fmt.Sprintf("%d.%d - %s", o.code, o.sub, p.Reasons[o.code])
	title := "IIS " + p.Name + " Detailed Error - " + head
	return builtInPage{[]byte(strings.Join([]string{
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">`,
		`<html xmlns="http://www.w3.org/1999/xhtml">`,
		`<head>`,
		`<title>` + title + `</title>`,
		`<style type="text/css">`,
		`body { margin: 2em; font: 0.8em/1.5 Verdana, Arial, sans-serif; color: #222 }`,
		`h1 { font-size: 1.6em; color: #b00 }`,
		`</style>`,
		`</head>`,
		`<body>`,
		`<h1>HTTP Error ` + head + `</h1>`,
		`<p>` + what + `</p>`,
		`<ul><li>` + then + `</li>`,
		`<li>The log file has the Win32 code of this error as sc-win32-status.</li></ul>`,
		`</body>`,
		`</html>`,
	}, "\r\n") + "\r\n"), "text/html; charset=utf-8"}
}
