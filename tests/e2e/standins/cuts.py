"""Where a connection can break: before, amid and after the request, and at every kind of place within its answer.

`CUTS` has one of each kind; `every_byte` cuts one answer after each of its bytes. A cut that comes after the request
was read lets the stand-in act first: what it did stands, whatever the client gets to hear of it.
"""

import dataclasses
import http.client

WHOLE, HEAD, HALF, NOTHING = "all of it", "its head", "half of its body", "nothing"


@dataclasses.dataclass(frozen=True)
class Cut:
    """`reads`: how much of the request is read; only with WHOLE anything is done. `framing`: how the answer tells its
    length. `place`: (part, n): the answer up to the first n bytes of that part; less than 0 = up to so many before its
    end; or "half" or "end" of it."""

    name: str
    reads: str = WHOLE
    framing: str = "length"
    place: tuple = ("status", 0)
    resets: bool = False  # RST, as a crashed peer leaves it; else FIN, as an orderly one does

    def is_early(self):
        return self.reads != WHOLE

    def sent(self, status, body):
        """The bytes of the answer that go out."""
        parts = answer_parts(status, body, self.framing)
        part, offset = self.place
        before = b"".join(data for name, data in parts[:[name for name, _ in parts].index(part)])
        data = dict(parts)[part]
        keep = len(data) // 2 if offset == "half" else len(data) if offset == "end" else offset
        return before + (data[:keep] if keep >= 0 else data[:max(0, len(data) + keep)])


def answer_parts(status, body, framing):
    """[(name of the part, its bytes)] of one answer."""
    lengths = {"length": len(body), "too long": len(body) + 17, "too short": len(body) // 2}
    head = {"chunks": "Transfer-Encoding: chunked\r\n", "closing": "Connection: close\r\n"}.get(framing)
    if head is None:
        head = "" if status == 204 else f"Content-Length: {lengths[framing]}\r\n"
    parts = [("status", f"HTTP/1.1 {status} {http.client.responses.get(status, 'Unknown')}\r\n".encode()),
             ("header", f"Content-Type: application/json\r\n{head}".encode()), ("blank", b"\r\n")]
    if framing != "chunks":
        return parts + [("body", body)]
    half = len(body) // 2
    return parts + [("size", f"{half:x}\r\n".encode()), ("chunk", body[:half]), ("chunk end", b"\r\n"),
                    ("second", f"{len(body) - half:x}\r\n".encode() + body[half:] + b"\r\n"), ("last", b"0\r\n\r\n")]


def of_each_ending(*cuts):
    return [dataclasses.replace(cut, name=f"{cut.name}, {ending}", resets=ending == "reset")
            for cut in cuts for ending in ("closed", "reset")]


CUTS = of_each_ending(
    Cut("before the request is read", reads=NOTHING),
    Cut("after the head of the request", reads=HEAD),
    Cut("amid the body of the request", reads=HALF),
    Cut("after acting, before the status line"),
    Cut("one byte into the status line", place=("status", 1)),
    Cut("before the code of the status line", place=("status", 9)),
    Cut("amid the code of the status line", place=("status", 11)),
    Cut("after the code of the status line", place=("status", 12)),
    Cut("within the end of the status line", place=("status", -1)),
    Cut("after the status line", place=("status", "end")),
    Cut("amid the name of a header", place=("header", 5)),
    Cut("amid the value of a header", place=("header", 20)),
    Cut("between two headers", place=("header", 32)),
    Cut("before the blank line", place=("header", "end")),
    Cut("amid the blank line", place=("blank", 1)),
    Cut("after the headers", place=("blank", "end")),
    Cut("one byte into the body", place=("body", 1)),
    Cut("amid the body", place=("body", "half")),
    Cut("one byte before the end", place=("body", -1)),
    Cut("a length that is too long", framing="too long", place=("body", "end")),
    Cut("a length that is too short", framing="too short", place=("body", "end")),
    Cut("no length, after the headers", framing="closing", place=("blank", "end")),
    Cut("no length, amid the body", framing="closing", place=("body", "half")),
    Cut("no length, one byte before the end", framing="closing", place=("body", -1)),
    Cut("amid the size of a chunk", framing="chunks", place=("size", 1)),
    Cut("after the size of a chunk", framing="chunks", place=("size", "end")),
    Cut("amid a chunk", framing="chunks", place=("chunk", "half")),
    Cut("at the end of a chunk", framing="chunks", place=("chunk", "end")),
    Cut("between two chunks", framing="chunks", place=("chunk end", "end")),
    Cut("before the last chunk", framing="chunks", place=("second", "end")),
    Cut("amid the last chunk", framing="chunks", place=("last", 1)),
)


def every_byte(status, body):
    """A cut after each byte of an answer that looks like this one."""
    cuts = []
    for framing in ("length", "chunks"):
        for part, data in answer_parts(status, body, framing):
            cuts += [Cut(f"{framing}: {part} after {at} bytes", framing=framing, place=(part, at))
                     for at in range(len(data))]
    return of_each_ending(*cuts)
