package content

import (
	"strings"
	"testing"
	"time"
)

func TestListing(t *testing.T) {
	at := func(year int, month time.Month, day, hour, minute int) time.Time {
		return time.Date(year, month, day, hour, minute, 59, 0, time.UTC)
	}
	const (
		all   = 0x1e // ShowDate | ShowTime | ShowSize | ShowExtension
		long  = all | showLongDate
		start = "<html><head><title>somesite.net - /site/</title></head><body><H1>somesite.net - /site/</H1><hr>\r\n\r\n<pre>"
		up    = `<A HREF="/">[To Parent Directory]</A><br><br>`
		end   = "</pre><hr></body></html>"
	)
	tests := []struct {
		id   string
		l    Listing
		want string
	}{
		{"seen: a directory", Listing{Host: "somesite.net", Path: "/site/", Flags: all, Entries: []Entry{
			{Name: "file.ext", Dir: true, ModTime: at(2014, 6, 12, 3, 25)},
		}}, start + up + ` 6/12/2014  3:25 AM        &lt;dir&gt; <A HREF="/site/file.ext/">file.ext</A><br>` + end},
		{"seen: long dates at the root", Listing{Host: "live.example", Path: "/", AtRoot: true, Flags: long, Entries: []Entry{
			{Name: "About_This_Site.txt", Size: 668, ModTime: at(2008, 5, 30, 15, 55)},
			{Name: "Coreinfo.exe", Size: 185896, ModTime: at(2008, 9, 3, 12, 8)},
			{Name: "Files", Dir: true, ModTime: at(2009, 2, 5, 23, 4)},
			{Name: "procexp.exe", Size: 3550592, ModTime: at(2009, 2, 3, 18, 32)},
		}}, "<html><head><title>live.example - /</title></head><body><H1>live.example - /</H1><hr>\r\n\r\n<pre>" +
			`         Friday, May 30, 2008  3:55 PM          668 <A HREF="/About_This_Site.txt">About_This_Site.txt</A><br>` +
			`Wednesday, September 03, 2008 12:08 PM       185896 <A HREF="/Coreinfo.exe">Coreinfo.exe</A><br>` +
			`  Thursday, February 05, 2009 11:04 PM        &lt;dir&gt; <A HREF="/Files/">Files</A><br>` +
			`   Tuesday, February 03, 2009  6:32 PM      3550592 <A HREF="/procexp.exe">procexp.exe</A><br>` + end},
		{"empty", Listing{Host: "somesite.net", Path: "/site/", Flags: all}, start + up + end},
		{"Q303681 Q187034 special characters", Listing{Host: "h", Path: "/R&D 100%/a<b>/", Flags: 0, Entries: []Entry{
			{Name: `"x" & 'y' é#?.htm`},
		}}, "<html><head><title>h - /R&amp;D 100%/a&lt;b&gt;/</title></head><body><H1>h - /R&amp;D 100%/a&lt;b&gt;/</H1><hr>\r\n\r\n<pre>" +
			`<A HREF="/R&amp;D%20100%25/">[To Parent Directory]</A><br><br>` +
			`<A HREF="/R&amp;D%20100%25/a%3Cb%3E/%22x%22%20&amp;%20%27y%27%20%C3%A9%23%3F.htm">&#34;x&#34; &amp; &#39;y&#39; é#?</A><br>` + end},
		{"date only", Listing{Host: "somesite.net", Path: "/site/", Flags: showDate | showExtension, Entries: []Entry{
			{Name: "a.b", ModTime: at(2014, 12, 31, 0, 0)},
		}}, start + up + `12/31/2014 <A HREF="/site/a.b">a.b</A><br>` + end},
		{"time and extension only", Listing{Host: "somesite.net", Path: "/site/", Flags: showTime | showExtension, Entries: []Entry{
			{Name: "a.b", ModTime: at(2014, 12, 31, 0, 5)},
		}}, start + up + `12:05 AM <A HREF="/site/a.b">a.b</A><br>` + end},
		{"size only, no extension", Listing{Host: "somesite.net", Path: "/site/", Flags: showSize, Entries: []Entry{
			{Name: "a.tar.gz", Size: 5e12}, {Name: "d.x", Dir: true},
		}}, start + up + `5000000000000 <A HREF="/site/a.tar.gz">a.tar</A><br>        &lt;dir&gt; <A HREF="/site/d.x/">d.x</A><br>` + end},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			tt.l.Location = time.UTC
			got := string(tt.l.Append([]byte("+")))
			if got != "+"+tt.want {
				t.Errorf("got  %q\nwant %q", got[1:], tt.want)
			}
		})
	}
}

// Dates are in the time of the place, and nothing of a name becomes markup.
func TestListingPlaceAndMarkup(t *testing.T) {
	l := Listing{Host: "h", Path: "/", AtRoot: true, Flags: showDate | showTime | showExtension, Location: time.FixedZone("", -3600), Entries: []Entry{
		{Name: `<script>alert("x")</script>`, ModTime: time.Date(2014, 1, 1, 0, 30, 0, 0, time.UTC)},
	}}
	got := string(l.Append(nil))
	if !strings.Contains(got, "12/31/2013 11:30 PM <A") {
		t.Errorf("no local time in %q", got)
	}
	if strings.Contains(got, "<script") || strings.Contains(got, `"x"`) {
		t.Errorf("markup in %q", got)
	}
	l.Location = nil
	if got, want := string(l.Append(nil)), l.Entries[0].ModTime.Local().Format("1/2/2006"); !strings.Contains(got, want) {
		t.Errorf("no %q in %q", want, got)
	}
}
