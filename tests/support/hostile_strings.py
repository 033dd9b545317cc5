"""Eighty hostile texts: scripts, control characters, bidirectional text, formulas and the like.

Unpaired surrogates are not included, since they are rejected before anything is shown. Scripts
would set ``pwned`` on the page or request ``evil.example``, which tests check.
"""

SCRIPTS = (
    "<script>pwned=1</script>",
    "<img src=x onerror=pwned=1>",
    "<svg onload=pwned=1>",
    "<svg><script>pwned=1</script></svg>",
    "<body onload=pwned=1>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<iframe src=javascript:parent.pwned=1>",
    "<a href=javascript:pwned=1>click</a>",
    "<details open ontoggle=pwned=1>",
    "<input autofocus onfocus=pwned=1>",
    "<video><source onerror=pwned=1></video>",
    "<math><mtext><table><mglyph><style><img src=x onerror=pwned=1>",
    "<noscript><p title='</noscript><img src=x onerror=pwned=1>'>",
    '"><script>pwned=1</script>',
    "' autofocus onfocus='pwned=1",
    "</title><script>pwned=1</script>",
    "</text></svg><script>pwned=1</script>",
    "]]><script>pwned=1</script>",
    "--><script>pwned=1</script><!--",
    "</textarea><script>pwned=1</script>",
    "</style><script>pwned=1</script>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<img src=//evil.example/x.png>",
    "<object data=//evil.example/x.swf></object>",
    "javascript:pwned=1",
    "data:text/html,<script>pwned=1</script>",
    "url(//evil.example/x.png)",
    "expression(pwned=1)",
)
TEMPLATES = (
    "{{7*7}}",
    "{{constructor.constructor('pwned=1')()}}",
    "${pwned=1}",
    "`${pwned=1}`",
    "#{7*7}",
    "<%= 7*7 %>",
    "{% raw %}",
    "%s%s%n%x",
    "{0.__class__.__mro__}",
    "__proto__",
    "constructor",
    "toString",
)
TABLES = (
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("//evil.example")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "a,b;c\td",
    'a "quoted" text',
    "two\nlines",
    "two\r\nlines",
)
QUERIES = (
    "'; DROP TABLE heads; --",
    "1 OR 1=1",
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/dev/random",
    "$(touch pwned)",
    "; touch pwned",
    "*?[a-z]",
    "(a+)+$",
    "\\",
)
CONTROLS = (
    "a\0b",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[H",
    "\x07\x08\x7f",
    "\x9b31m",
    "\r overwritten",
    "\x0b\x0c\x1c\x1d",
)
UNICODE = (
    "\u202egnp.exe",
    "\u2066left\u2069\u2067right\u2069",
    "\u200b\u200c\u200d\ufeff",
    "e\u0301 \u00e9 \ufb01 \u212b",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U000e0041\U000e0042",
    "\uffff\ufffe\ufdd0",
    "\u0130\u0131 \u1e9e \u03c2",
    "long " * 400,
)
STRINGS = SCRIPTS + TEMPLATES + TABLES + QUERIES + CONTROLS + UNICODE
assert len(set(STRINGS)) == 80, len(set(STRINGS))
