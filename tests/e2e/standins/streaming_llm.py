"""A chat completion that is streamed step by step, as a test says: pieces of text, waits for an event, a cut.

Follows the chunks of OpenAI's API: `delta` pieces, a closing `finish_reason`, the usage, `[DONE]`. Refuses what that API
would refuse, and what would cost us: a wrong key, a schema that strict mode doesn't take, a stream without its usage. Who
asks for no stream gets the pieces as one answer.
"""

import http.server
import json
import threading

from .llm import API_KEY, completion, evidence_of, strict_problem

BREAK = object()  # a step: the connection ends in the middle of the answer


def stream_problem(body):
    if body.get("stream") and body.get("stream_options", {}).get("include_usage") is not True:
        return "a stream without its usage"
    if body.get("store") is not False or not body.get("messages"):
        return "store must be false and messages given"
    return strict_problem(body.get("response_format", {}).get("json_schema", {}).get("schema"))


def in_pieces(text, size=12):
    return [text[at:at + size] for at in range(0, len(text), size)]


class StreamingLlm:
    def __init__(self, script):
        """`script(evidence, body)` gives the steps: text to send, a threading.Event to wait for, or BREAK."""
        self.script = script
        self.bodies = []
        self.complaints = []
        self.writing = threading.Event()  # the first piece has left
        self.left = threading.Event()     # a reader went before the end
        self.finished = threading.Event()  # an answer was written to its end
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.bodies.append(body)
                problem = stream_problem(body)
                if self.headers.get("Authorization") != f"Bearer {API_KEY}":
                    problem = "Incorrect API key provided"
                if problem:
                    stub.complaints.append(problem)
                    return self.reply(400, {"error": {"message": problem, "type": "invalid_request_error"}})
                steps = stub.script(evidence_of(body), body)
                if not body.get("stream"):
                    text = "".join(step for step in steps if isinstance(step, str))
                    return self.reply(200, completion(text))
                try:
                    self.stream(steps)
                except OSError:
                    stub.left.set()
                    self.close_connection = True

            def reply(self, status, answer):
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def stream(self, steps):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for step in steps:
                    if step is BREAK:
                        self.close_connection = True
                        return
                    if isinstance(step, threading.Event):
                        while not step.wait(0.05):
                            self.send(": ping\n\n")  # so that a reader who has gone is noticed
                        continue
                    self.send_chunk([{"index": 0, "delta": {"content": step}, "finish_reason": None}])
                    stub.writing.set()
                self.send_chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
                self.send_chunk([], usage={"prompt_tokens": 700, "completion_tokens": 90, "total_tokens": 790})
                self.send("data: [DONE]\n\n")
                self.wfile.write(b"0\r\n\r\n")
                stub.finished.set()

            def send_chunk(self, choices, **more):
                self.send("data: " + json.dumps({"id": "chatcmpl-stream", "object": "chat.completion.chunk",
                                                 "created": 1772611200, "model": "stream-1", "choices": choices,
                                                 **more}) + "\n\n")

            def send(self, text):
                data = text.encode()
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a reader who went away

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def config(self, name="main", **more):
        return {"name": name, "kind": "openai", "url": f"http://127.0.0.1:{self.server.server_port}/v1",
                "model": "stream-1", "api_key": API_KEY, "timeout": "20s", **more}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
