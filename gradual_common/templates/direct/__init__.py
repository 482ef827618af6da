"""Templates that only read, compiled to Python: `{{ user.name }}`, `{{ response.json.items[0] }}`, `{{ uuid() }}`.

Most holes of a plan read a name, then attributes or entries, and most conditions compare such values. Jinja evaluates
them in its sandbox, which has to expect anything: 1.4 µs for one hole, 3–5 µs for a condition. Here they become some
lines of Python, 0.1 to 0.3 µs, which know the usual types only: the entries of a `dict`, the items of a `list`, the
attributes of a `Record`. Whatever else comes raises an error, and the caller lets Jinja do it instead, which then finds
the value or the fault. So results and error messages are always those of Jinja.

Functions draw from the random stream of the slot. When Jinja takes over, the stream is set back first, so the drawn
values are the same in both ways.
"""
