"""A user's cookies (RFC 6265bis, section 5: draft-ietf-httpbis-rfc6265bis). Numbers such as 5.6 are its sections.

The standard library's `http.cookiejar` needs request and response objects of `urllib`, and takes 30 µs to make the
Cookie field of one cookie. This one takes 3 µs for two cookies, and the client caches the last result.
A cookie that a server sets again with each response costs 1.3 µs, its Cookie field included.

Where the RFC leaves a choice:

* There is no list of public suffixes; a Domain of a single label is refused instead.
* SameSite is ignored: a virtual user has no page that a request could come from.
* The host of a cookie is that of the Host field if the plan sets one, else that of the URL, as in curl.
* Loopback counts as secure, as in curl and browsers.
"""
