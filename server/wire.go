package server

// A header is a response field this program sends by itself. Its number is its
// place in response.value; its order on the wire is the profile's.
type header uint8

const (
	hServer header = iota
	hDate
	hContentType
	hContentLength
	hContentLocation
	hLastModified
	hAcceptRanges
	hETag
	hContentRange
	hLocation
	hWWWAuthenticate // one line for each challenge
	hPersistentAuth
	hConnection
	hTransferEncoding
	hAllow
	hPublic
	hMSAuthorVia
	hDASL
	hDAV
	hCacheControl
	hExpires
	hCustom // stands for HttpCustomHeaders in a profile's order
	numHeaders
)

// headerNames are the field names as IIS spells them.
var headerNames = [numHeaders]string{
	hServer:           "Server",
	hDate:             "Date",
	hContentType:      "Content-Type",
	hContentLength:    "Content-Length",
	hContentLocation:  "Content-Location",
	hLastModified:     "Last-Modified",
	hAcceptRanges:     "Accept-Ranges",
	hETag:             "ETag",
	hContentRange:     "Content-Range",
	hLocation:         "Location",
	hWWWAuthenticate:  "WWW-Authenticate",
	hPersistentAuth:   "Persistent-Auth",
	hConnection:       "Connection",
	hTransferEncoding: "Transfer-Encoding",
	hAllow:            "Allow",
	hPublic:           "Public",
	hMSAuthorVia:      "MS-Author-Via",
	hDASL:             "DASL",
	hDAV:              "DAV",
	hCacheControl:     "Cache-Control",
	hExpires:          "Expires",
}
