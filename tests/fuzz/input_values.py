"""Texts, numbers, templates, queries, header fields and bodies that often cause errors."""

TEXTS = (
    "", "a", "0", "-1", "1e999", "nan", "True", "null", "ß", "é" * 50, "😀", "\ud800", "\udfff\ud800", "a\x00b",
    "\r\n", "\r\nX: y", "%", "%s%d", "%(a)s", "%99999999999d", "{", "{0}", "{0.__class__}", "{:>99999999999}",
    "{{ 7 * 7 }}", "{% raw %}", "{#", "'", '"', "\\", "../..", "http://other/", "//x", "?a=b&c", "#f", " ", "\t",
    "\u2028", "\x85", "\ufeff", "(", "[", "(a+)+$", "(?=a)", "a" * 5000, "9" * 5000, "1" * 4301, "0x" + "f" * 5000,
    "YQ==", "YQ", "=", "zz", "c3", "%zz", "%00", "%ed%a0%80", "2026-01-01", "None", "[1]", '{"a": 1}',
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 7, 255, 65_536, 2**31, 2**63, 2**64, -(2**63) - 1, 10**10, 10**100, 10**400, 10**4299, 10**4300,
    10**5000, 0.0, -0.0, 1.5, 1e-320, 1e308, 1e400, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
NAMES = (
    "user.a", "user.b", "user", "user.missing", "unset", "vu.slot", "vu", "secrets.KEY", "secrets", "token", "found",
    "response", "response.status", "response.status_code", "response.error", "response.headers",
    "response.headers['x-a']", "response.headers.get('x-b')", "response.text", "response.json", "response.json.a",
    "response.json['a'][0]", "response.json.a.b", "response.time_ms", "responses", "responses.first.json",
    "responses.first.text", "responses.unset", "range", "uuid", "uuid()", "now()", "timestamp()", "none", "true",
    "[]", "{}",
)  # fmt: skip
FILTERS = (
    "int", "float", "string", "length", "upper", "title", "trim", "list", "first", "last", "sort", "unique",
    "reverse", "sum", "max", "min", "join", "join(user.b)", "round", "round(user.b)", "abs", "tojson",
    "tojson(user.b)", "sha256", "md5", "base64", "base64_decode", "hex", "hex_decode", "urlencode", "urldecode",
    "hmac(user.b)", "replace('a', user.b)", "center(user.b)", "indent(user.b)", "format(user.b)", "truncate(3)",
    "wordcount", "wordwrap(2)", "batch(2)", "slice(2)|list", "items|list", "dictsort", "groupby('a')",
    "map(attribute='a')|list", "map('int')|list", "select|list", "random", "default('d')", "d(user.b, true)",
    "attr('a')", "xmlattr", "filesizeformat", "striptags", "escape", "urlize", "pprint", "capitalize", "safe",
    "forceescape", "int(base=16)", "sort(attribute='a')",
)  # fmt: skip
OPERATORS = (
    "{x} + {y}", "{x} - {y}", "{x} * {y}", "{x} / {y}", "{x} // {y}", "{x} % {y}", "{x} ** {y}", "{x} ~ {y}",
    "{x} == {y}", "{x} != {y}", "{x} < {y}", "{x} in {y}", "{x} not in {y}", "{x} and {y}", "{x} or {y}", "not {x}",
    "-{x}", "{x}[0]", "{x}['a']", "{x}[{y}]", "{x}[1:{y}]", "{x}.a", "{x}.upper()", "{x}.format({y})",
    "{x}.format(a={y})", "{x}.format_map({y})", "{x}.join({y})", "{x}.split({y})", "{x}.replace({y}, {x})",
    "{x}.encode()", "{x}.ljust({y})", "{x}.get({y})", "{x}.items()", "{x}.to_bytes({y}, 'big')", "{x}.__class__",
    "{x}({y})", "[{x}, {y}]", "({x}, {y})", "{{{x}: {y}}}", "{x} if {y} else {x}", "{x} is defined",
    "{x} is divisibleby {y}", "{x} is sameas {y}", "{x} is iterable", "range({x})|list", "range({x}, {y})|list",
    "random_int({x}, {y})", "random_int(1, {x})", "random_float({x}, {y})", "random_choice({x})",
    "random_choice({x}, {y})", "random_string({x})", "random_string(3, {x})", "now({x})", "hmac({x}, {y})",
    "hmac({x}, {y}, 'sha1', 'base64')", "hmac({x}, 'k', {y})", "sha256({x})", "base64({x})", "tojson({x})",
    "urlencode({x})", "dict(a={x})", "namespace(a={x}).a",
)  # fmt: skip
BLOCKS = (
    "{{% for i in {x} %}}{{{{ i }}}}{{{{ loop.last }}}}{{% endfor %}}",
    "{{% if {x} %}}{{{{ {y} }}}}{{% else %}}no{{% endif %}}", "{{% set v = {x} %}}{{{{ v }}}}{{{{ v }}}}",
    "{{% set v %}}{{{{ {x} }}}}{{% endset %}}{{{{ v }}}}",
    "{{% macro m(a) %}}{{{{ a }}}}{{% endmacro %}}{{{{ m({x}) }}}}",
    "{{% for a, b in {x} %}}{{{{ a }}}}{{% endfor %}}",
    "{{% for i in {x} recursive %}}{{{{ loop(i) }}}}{{% endfor %}}", "{{# {x} #}}",
    "{{% filter upper %}}{{{{ {x} }}}}{{% endfilter %}}",
    "{{% for i in {x} %}}{{% for j in {y} %}}{{{{ i ~ j }}}}{{% endfor %}}{{% endfor %}}",
    "{{% with v = {x} %}}{{{{ v }}}}{{% endwith %}}",
)  # fmt: skip
QUERIES = (
    "a", "a.b", "@", "a[0]", "a[-1]", "a[*]", "a[*].b", "*", "a[]", "a[?b > `1`]", "a[?b == 'x'].b", "a[::2]",
    "a | [0]", "[a, b]", "{x: a, y: b}", "!a", "a && b", "a || b", "a == b", "a < b", "`null`", "'x'", "&a", "abs(a)",
    "avg(a)", "ceil(a)", "contains(a, b)", "ends_with(a, 'x')", "floor(a)", "join(',', a)", "keys(@)", "length(a)",
    "map(&b, a)", "max(a)", "max_by(a, &b)", "merge(@, a)", "min(a)", "not_null(a, b)", "reverse(a)", "sort(a)",
    "sort_by(a, &b)", "starts_with(a, 'x')", "sum(a)", "to_array(a)", "to_number(a)", "to_string(@)", "type(a)",
    "values(@)", "a.b.c.d", '"a-b"', "a[1:9999999999]", "[?a]",
)  # fmt: skip
PATTERNS = (
    "a", "(a)|b", r"\d+", "^$", ".*", "(a+)+$", r"(\w+) (\w+)", "(?i)É", "(?s).{0,100}", r"\p{L}", "[^a]",
    r"\x{10FFFF}", "(?P<n>.)",
)  # fmt: skip
HEADER_NAMES = (
    "X-A", "x-b", "Content-Type", "Set-Cookie", "Location", "Retry-After", "ETag",
)  # fmt: skip
COMPARISONS = (
    "==", "!=", "<", "<=", ">", ">=", "contains", "matches",
)  # fmt: skip
CHARSETS = (
    "utf-8", "UTF-16", "latin-1", "utf-7", "unicode_escape", "raw_unicode_escape", "hex", "idna", "punycode", "rot13",
    "none", '"utf-8', "ascii", "cp1252", "base64", "zlib", "undefined", "utf-8-sig", "mbcs", "\xff", "x" * 300,
    "shift_jis", "utf_32",
)  # fmt: skip
COOKIES = (
    "s=1", "s", "=v", "s=1; Domain=bank", "s=1; Domain=.bank", "s=1; Domain=", "s=1; Domain=other", "s=1; Max-Age=-1",
    "s=1; Max-Age=" + "9" * 5000, "s=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "s=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "s=1; Expires=99 99 99", "s=\xff\xfe", "s=" + "x" * 5000,
    "s=1; Path=/a", "s=1; Path=", "s=1; Secure", "__Host-s=1; Path=/; Secure", "__Secure-s=1", "s=\x01", ";;;",
    "s=1;HttpOnly;SameSite=None", "s=é", "s=1; Expires=Mon, 32 Foo 2026 25:61:61", "s=1; Max-Age=1e3", "s=\"a b\"",
    "ß=1",
)  # fmt: skip
LOCATIONS = (
    "/b", "", "http://bank/b", "//other/b", "https://", "http://[::1", "http://b:99999/", "?q=\xff", "#f",
    "javascript:0", "/\u00e9", "http://b\xfccher/", " /b", "/a b", "%zz", "http://" + "a" * 300,
    "http://user:pw@bank/", "../../..", "http://b:0/", "http://1.2.3.4.5/", "\\\\x",
)  # fmt: skip
STATUSES = (
    200, 200, 200, 201, 204, 301, 302, 303, 304, 307, 400, 401, 404, 408, 429, 500, 503, 599, 600, 999, 100, 103, 101,
)  # fmt: skip
NESTED = (
    b"[" * 5000, b'{"a":' * 2000, b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900, b"1e99999",
)  # fmt: skip
NOT_JSON = (
    b"NaN", b"[Infinity]", b'"\\ud800"', b'{"a": "\\udfff\\ud800"}', b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0",
    b"", b"\0", b"{}{}",
)  # fmt: skip
