package server

// A headline names an outcome on the built-in pages. Versions without words
// of their own for an outcome show its code alone.
type headline struct {
	nt4  string // 4.0, after "401.2 "
	w2k  string // 5.0 and 5.1, after "HTTP 401.2 - "
	w2k3 string // 6.0, after "HTTP Error 401.2 - ", and 7.0 and later, after "401 - "; the full stop comes with the page
}

// headlines are the words of IIS. Where no source is named, 4.0 and 5.x follow
// the list of Q318380 (spelling inferred) and 6.0 the list of its custom errors
// (inferred).
var headlines = map[outcome]headline{
	{400, 0}:   {"Bad Request", "Bad Request", "The request cannot be resolved"},
	{401, 0}:   {"Unauthorized: Access denied", "Unauthorized: Access denied", "Unauthorized: Access is denied due to invalid credentials"},                                                                  // 7.0 and later seen
	{401, 1}:   {"Unauthorized: Logon Failed", "Unauthorized: Logon Failed", "Unauthorized: Access is denied due to invalid credentials"},                                                                    // Q263140; TechNet cc780140
	{401, 2}:   {"Unauthorized: Logon Failed due to server configuration", "Unauthorized: Logon failed due to server configuration", "Unauthorized: Access is denied due to server configuration"},           // Q253667; 6.0 seen
	{401, 3}:   {"Unauthorized: Unauthorized due to ACL on resource", "Unauthorized: Unauthorized due to ACL on resource", "Unauthorized: Access is denied due to an ACL set on the requested resource"},     // Q247603; 6.0 seen
	{401, 4}:   {"Unauthorized: Authorization failed by filter", "Unauthorized: Authorization denied by filter", "Unauthorized: Authorization failed by a filter installed on the Web server"},               // Q241832; TechNet cc780140
	{401, 5}:   {"Unauthorized: Authorization failed by ISAPI/CGI app.", "Unauthorized: Authorization by ISAPI or CGI application failed", "Unauthorized: Authorization failed by an ISAPI/CGI application"}, // Q288323; Q248085; TechNet cc780140
	{401, 7}:   {"", "", "Unauthorized: Access denied by URL authorization policy on the Web server"},                                                                                                        // TechNet cc780140
	{403, 0}:   {"Access Forbidden", "Access forbidden", "Forbidden: Access is denied"},                                                                                                                      // 7.0 and later seen
	{403, 1}:   {"Forbidden: Execute Access Forbidden", "Forbidden: Execute Access Forbidden", "Forbidden: Execute access is denied"},                                                                        // Q315579; 6.0 seen
	{403, 2}:   {"Forbidden: Read Access Forbidden", "Forbidden: Read Access Forbidden", "Forbidden: Read access is denied"},
	{403, 3}:   {"Forbidden: Write Access Forbidden", "Forbidden: Write Access Forbidden", "Forbidden: Write access is denied"},
	{403, 4}:   {"Forbidden: SSL required", "Forbidden: SSL required", "Forbidden: SSL is required to view this resource"},                    // Q224389
	{403, 5}:   {"Forbidden: SSL 128 required", "Forbidden: SSL 128 required", "Forbidden: SSL 128 is required to view this resource"},        // Q308255
	{403, 6}:   {"Forbidden: IP address rejected", "Forbidden: IP address rejected", "Forbidden: IP address of the client has been rejected"}, // Q248043; 6.0 seen
	{403, 7}:   {"Forbidden: Client certificate required", "Forbidden: Client certificate required", "Forbidden: SSL client certificate is required"},
	{403, 8}:   {"Forbidden: Site access denied", "Forbidden: Site access denied", "Forbidden: DNS name of the client is rejected"},               // Q248032
	{403, 9}:   {"Forbidden: Too many users", "Forbidden: Too many users", "Forbidden: Too many clients are trying to connect to the Web server"}, // Q248074
	{403, 10}:  {"Forbidden: Invalid Configuration", "Forbidden: Invalid configuration", "Forbidden: Web server is configured to deny Execute access"},
	{403, 11}:  {"Forbidden: Password Change", "Forbidden: Password change", "Forbidden: Password has been changed"},
	{403, 12}:  {"Forbidden: Mapper Denied Access", "Forbidden: Mapper denied access", "Forbidden: Client certificate is denied access by the server certificate mapper"},
	{403, 13}:  {"", "Forbidden: Client certificate revoked", "Forbidden: Client certificate has been revoked on the Web server"},    // Q248058
	{403, 14}:  {"Directory Listing Denied", "Directory Listing Denied", "Forbidden: Directory listing is denied on the Web server"}, // Q185380
	{403, 15}:  {"", "Forbidden: Client Access Licenses exceeded", "Forbidden: Client access licenses have exceeded limits on the Web server"},
	{403, 16}:  {"", "Forbidden: Client certificate untrusted or invalid", "Forbidden: Client certificate is ill-formed or is not trusted by the Web server"},
	{403, 17}:  {"", "Forbidden: Client certificate has expired or is not yet valid", "Forbidden: Client certificate has expired or is not yet valid"},
	{403, 18}:  {"", "", "Forbidden: Cannot execute requested URL in the current application pool"},
	{403, 19}:  {"", "", "Forbidden: Cannot execute CGIs for the client in this application pool"},
	{403, 20}:  {"", "", "Forbidden: Passport logon failed"},
	{404, 0}:   {"Object Not Found", "File not found", "File or directory not found"},                                                                                                      // Q248033; 5.0 and 6.0 seen
	{404, 1}:   {"No web site is configured at this address.", "No web site is configured at this address.", "File or directory not found: Web site not accessible on the requested port"}, // Q300238
	{404, 2}:   {"", "", "File or directory not found: Lockdown policy prevents this request"},
	{404, 3}:   {"", "", "File or directory not found: MIME map policy prevents this request"},
	{405, 0}:   {"Method Not Allowed", "Resource not allowed", "The HTTP verb used to access this page is not allowed"}, // 6.0 seen
	{406, 0}:   {"Not Acceptable", "Resource not acceptable", "Client browser does not accept the MIME type of the requested page"},
	{407, 0}:   {"Proxy Authentication Required", "Proxy authentication required", "Initial proxy authentication required by the Web server"},
	{412, 0}:   {"Precondition Failed", "Precondition failed", "Precondition set by the client failed when evaluated on the Web server"},
	{414, 0}:   {"Request-URI Too Long", "Request-URI too long", "The Request URL is too large and therefore unacceptable on the Web server"},
	{500, 0}:   {"Internal Server Error", "Internal server error", "Internal server error"},
	{500, 11}:  {"", "Server error: Application is shutting down", "Server error: Application is shutting down on the Web server"},
	{500, 12}:  {"Application Restarting", "Server error: Application restarting", "Server error: Application is busy restarting on the Web server"},
	{500, 13}:  {"Server too busy", "Server error: Server too busy", "Server error: Web server is too busy"},
	{500, 14}:  {"Invalid Application", "Server error: Invalid application", "Server error: Invalid application configuration on the server"},
	{500, 15}:  {"Requests for GLOBAL.ASA not allowed", "Server error: Requests for GLOBAL.ASA not allowed", "Server error: Direct requests for Global.asa are not allowed"},
	{500, 16}:  {"", "", "Server error: UNC authorization credentials incorrect"},
	{500, 17}:  {"", "", "Server error: URL authorization store cannot be found"},
	{500, 18}:  {"", "", "Server error: URL authorization store cannot be opened"},
	{500, 19}:  {"", "", "Server error: Data for this file is configured improperly in the metabase"},
	{500, 20}:  {"", "", "Server error: URL authorization scope cannot be found"},
	{500, 100}: {"", "Internal Server Error - ASP error", "Internal server error: ASP error"},
	{501, 0}:   {"Not Implemented", "Not implemented", "Header values specify a configuration that is not implemented"},
	{502, 0}:   {"Bad Gateway", "Bad gateway", "Web server received an invalid response while acting as a gateway or proxy server"},
	{502, 1}:   {"", "", "CGI application timeout"},
	{502, 2}:   {"", "", "Error in CGI application"},
	{503, 0}:   {"Service Unavailable", "Service unavailable", "Service unavailable"},
}

// explanations say in plain words what an outcome means and what can be done.
// They are this program's own.
var explanations = map[outcome][2]string{
	{400, 0}:  {"The server could not make sense of what was sent to it.", "Check the address for characters that do not belong there."},
	{401, 0}:  {"The server does not know who you are, or does not let you in.", "Log on with an account that may see this page."},
	{401, 1}:  {"The account or the password that was sent was not accepted.", "Check the name, the domain and the password, and mind capital letters."},
	{401, 2}:  {"This page asks for a kind of logon that your browser did not offer.", "Check which authentication methods the browser and the server have in common."},
	{401, 3}:  {"You are logged on, but the permissions of this file or directory do not include you.", "Ask for access, or log on with another account."},
	{401, 4}:  {"A filter of this server looked at the logon and turned it down.", "Ask the administrator what the filter demands."},
	{401, 5}:  {"The logon could not be finished: a program behind this address, or the way connections are kept open, stood in its way.", "Ask the administrator whether HTTP keep-alives are enabled."},
	{403, 0}:  {"The server understood what you want and does not allow it.", "Ask the administrator for access."},
	{403, 1}:  {"Programs may not be run from this directory.", "Only what is meant to be read can be asked for here."},
	{403, 2}:  {"The files of this directory may not be read.", "It may hold nothing but programs, or have no default document."},
	{403, 3}:  {"Nothing may be written to this directory.", "Ask the administrator for permission to write."},
	{403, 4}:  {"A secure channel is required to view this page.", "Type https:// instead of http:// in front of the address."},
	{403, 5}:  {"A secure channel with 128-bit encryption is required to view this page.", "Use https:// and a browser that has strong encryption."},
	{403, 6}:  {"The address of your computer is on a list of those that may not come here.", "Ask the administrator if that is not meant."},
	{403, 7}:  {"This page wants to see a client certificate.", "Install one that this server trusts and try again."},
	{403, 8}:  {"The name of your computer is on a list of those that may not come here.", "Ask the administrator if that is not meant."},
	{403, 9}:  {"As many users are connected as this server takes.", "Try again in a little while."},
	{403, 14}: {"The contents of this directory are not shown.", "Name a document in it."},
	{404, 0}:  {"What you asked for is not here. It may have gone, have another name now, or be away for some time.", "Check the spelling of the address, or start from the home page."},
	{404, 1}:  {"This computer serves no Web site under the name or the port in the address.", "Check the spelling of the address."},
	{404, 3}:  {"The server does not know the type of this file and therefore does not send it.", "Ask the administrator to add its extension to the MIME map."},
	{405, 0}:  {"The method of the request does not go with what the address names.", "Forms must be sent to a program; check its extension and MIME map."},
	{406, 0}:  {"The page has no form that the browser says it can show.", "Check which types the browser accepts."},
	{411, 0}:  {"The request has a body but does not say how long it is.", "Send its length with it."},
	{412, 0}:  {"The request set a condition that does not hold.", "Load the page anew and try again."},
	{413, 0}:  {"The request is larger than this server takes.", "Send less at a time."},
	{414, 0}:  {"The address is longer than this server takes.", "Send long input in the body of a form."},
	{416, 0}:  {"The file has no such part.", "Load it from the beginning."},
	{417, 0}:  {"The request expects what this server does not do.", "Send it without the Expect field."},
	{500, 0}:  {"Something went wrong inside the server.", "Try again later."},
	{501, 0}:  {"The request asks for something this server cannot do.", "Check the method and the header fields that were sent."},
	{502, 0}:  {"A program behind this address did not give a proper answer.", "Try again later."},
	{503, 0}:  {"The server cannot answer at the moment.", "Try again later."},
	{505, 0}:  {"The request uses a version of HTTP that this server does not speak.", "Use HTTP/1.0 or HTTP/1.1."},
}

// explanation returns what a page says about an outcome, from its code where
// its substatus has no words of its own.
func explanation(o outcome) (what, then string) {
	for _, o := range []outcome{o, {o.code, 0}, {o.code / 100 * 100, 0}} {
		if e, ok := explanations[o]; ok {
			return e[0], e[1]
		}
	}
	return "The server did not do what was asked of it.", "Check the address and try again."
}
