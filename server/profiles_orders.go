package server

import "slices"

// orders are the header orders of a version, by kind of response. A field that
// a response does not have is left out; one that is not in the order is never
// sent.
type orders = [numKinds][]header

// orders3 are the orders of 2.0 and 3.0: inferred from 4.0, less what HTTP/1.1
// brought, except the redirect. All their pages are short ones.
var orders3 = orders{
	kindStatic:     {hServer, hCacheControl, hExpires, hCustom, hConnection, hDate, hWWWAuthenticate, hContentType, hAcceptRanges, hLastModified, hContentLength},
	kindPartial:    {hServer, hCacheControl, hExpires, hCustom, hConnection, hDate, hWWWAuthenticate, hContentType, hAcceptRanges, hLastModified, hContentLength, hContentRange},
	kindMultiRange: {hServer, hCacheControl, hExpires, hCustom, hConnection, hDate, hWWWAuthenticate, hContentType, hAcceptRanges, hLastModified, hContentLength},
	kindDynamic:    {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength, hExpires, hCacheControl},
	kindListing:    {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength, hExpires, hCacheControl},
	kind401:        {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength},
	kindError:      {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hAllow, hContentRange, hContentType, hContentLength},
	kindShort:      {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength},
	kind304:        {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentLength},
	kindRedirect:   {hLocation, hServer, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength}, // Q176113 (W18): no Date
	kindOptions:    {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hPublic, hAllow, hContentLength},
}

// orders4 are the orders of 4.0. Places of Cache-Control, Expires, Connection
// and WWW-Authenticate beside a page that was let through are inferred from 5.x.
var orders4 = orders{
	kindStatic:     {hServer, hCacheControl, hExpires, hCustom, hWWWAuthenticate, hConnection, hContentLocation, hDate, hContentType, hAcceptRanges, hLastModified, hETag, hContentLength},                // Q218180 (W16); Q247404 for Cache-Control
	kindPartial:    {hServer, hCacheControl, hExpires, hCustom, hWWWAuthenticate, hConnection, hContentLocation, hDate, hContentType, hAcceptRanges, hLastModified, hETag, hContentLength, hContentRange}, // (inferred)
	kindMultiRange: {hServer, hCacheControl, hExpires, hCustom, hWWWAuthenticate, hConnection, hContentLocation, hDate, hContentType, hAcceptRanges, hLastModified, hETag, hContentLength},                // (inferred)
	kindDynamic:    {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength, hTransferEncoding, hExpires, hCacheControl},                                                    // seen
	kindListing:    {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength, hTransferEncoding, hExpires, hCacheControl},                                                    // (inferred)
	kind401:        {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentLength, hContentType},                                                                                                // (inferred from 5.1)
	kindError:      {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hAllow, hContentLength, hContentRange, hContentType},                                                                         // W17; Allow and Content-Range inferred
	kindShort:      {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength},                                                                                                // (inferred from 5.1)
	kind304:        {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hETag, hContentLength},                                                                                                       // (inferred)
	kindRedirect:   {hLocation, hServer, hCustom, hWWWAuthenticate, hConnection, hContentType, hContentLength},                                                                                            // (inferred from 2.0 and 5.0): no Date
	kindOptions:    {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hPublic, hAllow, hContentLength},                                                                                             // seen
}

// orders5 are the orders of 5.0 and 5.1 where they differ from 4.0.
var orders5 = orders{
	kindDynamic: {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hContentLength, hTransferEncoding, hContentType, hExpires, hCacheControl},                 // W12
	kindOptions: {hServer, hDate, hCustom, hWWWAuthenticate, hConnection, hMSAuthorVia, hContentLength, hAcceptRanges, hDASL, hDAV, hPublic, hAllow, hCacheControl}, // seen
}

// order6 is the order HTTP.sys 1.0 writes in: the known fields by their number
// in HTTP_HEADER_ID, then the others as the service gave them, then its own.
// All captures of 6.0 follow it.
var order6 = []header{
	hCacheControl, hTransferEncoding, hAllow, hContentLength, hContentType, hContentLocation, hContentRange, hExpires,
	hLastModified, hAcceptRanges, hETag, hLocation, hServer, hWWWAuthenticate,
	hPublic, hMSAuthorVia, hDASL, hDAV, hCustom,
	hDate, hConnection,
}

// orders6 are the orders of 6.0.
var orders6 = orders{
	kindStatic:     order6,                                                                                                                                                 // W03, W07
	kindPartial:    order6,                                                                                                                                                 // (inferred)
	kindMultiRange: {hCacheControl, hContentLocation, hExpires, hLastModified, hAcceptRanges, hETag, hServer, hWWWAuthenticate, hCustom, hDate, hContentType, hConnection}, // W08: no Content-Length
	kindDynamic:    {hConnection, hDate, hServer, hWWWAuthenticate, hCustom, hContentLength, hTransferEncoding, hContentType, hExpires, hCacheControl},                     // seen
	kindListing:    order6,                                                                                                                                                 // (inferred)
	kind401:        order6,                                                                                                                                                 // W01, W02, W23
	kindError:      order6,                                                                                                                                                 // seen
	kind304:        without(order6, hContentLength, hContentType),                                                                                                          // (inferred)
	kindRedirect:   order6,                                                                                                                                                 // (inferred)
	kindOptions:    order6,                                                                                                                                                 // W15
	kindKernel:     {hContentType, hDate, hConnection, hContentLength},                                                                                                     // W14: no Server
}

// order7 is the order HTTP.sys 2.0 writes in: it gives the length itself, at
// the end.
var order7 = []header{
	hCacheControl, hTransferEncoding, hAllow, hContentType, hContentLocation, hContentRange, hExpires,
	hLastModified, hAcceptRanges, hETag, hLocation, hServer, hWWWAuthenticate,
	hPublic, hMSAuthorVia, hDASL, hDAV, hPersistentAuth, hCustom,
	hDate, hConnection, hContentLength,
}

// orders7 are the orders of 7.0 and later.
var orders7 = orders{
	kindStatic:     order7,                                                                        // W06, seen
	kindPartial:    order7,                                                                        // (inferred)
	kindMultiRange: order7,                                                                        // (inferred)
	kindDynamic:    order7,                                                                        // seen
	kindListing:    order7,                                                                        // (inferred)
	kind401:        order7,                                                                        // W19, W21
	kindError:      order7,                                                                        // W24, W25, seen for 405
	kind304:        without(order7, hContentType, hLastModified, hContentLength),                  // (inferred)
	kindRedirect:   order7,                                                                        // (inferred)
	kindOptions:    order7,                                                                        // seen
	kindKernel:     {hContentType, hServer, hDate, hConnection, hContentLength},                   // seen
	kindKernel401:  {hContentType, hServer, hWWWAuthenticate, hDate, hConnection, hContentLength}, // W20
}

// without returns an order less some fields.
func without(order []header, fields ...header) []header {
	return slices.DeleteFunc(slices.Clone(order), func(h header) bool { return slices.Contains(fields, h) })
}

// overlay returns the orders of a version with those of a later one that differ.
func overlay(base, changes orders) orders {
	for k, o := range changes {
		if o != nil {
			base[k] = o
		}
	}
	return base
}
