"""A chat-completions server that repeats evidence as its explanation and remembers for which resource it was asked."""

import collections
import http.server
import json
import re
import threading


class CountingLlm:
    def __init__(self, pause=0.0):
        self.asked = collections.Counter()  # by resource name
        self.prompts = []                   # (system text, user text)
        self.pause = pause                  # seconds before each answer
        self.stopping = threading.Event()
        self.gate = threading.Event()       # shut: nobody is answered before it opens
        self.gate.set()
        self.lock = threading.Lock()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(stub.answer(request)).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the service was killed meanwhile

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256  # with the default of 5 a burst of calls waits in SYN retries past its time

            def handle_error(self, *_):
                pass  # connections of a killed service end in a reset

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        system, user = (message["content"] for message in request["messages"][:2])
        evidence = [json.loads(line) for line in user.splitlines() if line.startswith('{"id"')]
        name = next((e["value"] for e in evidence if e["origin"].endswith(":resource.name")), "?")
        with self.lock:
            self.asked[name] += 1
            self.prompts.append((system, user))
            number = sum(self.asked.values())
        self.stopping.wait(self.pause)
        self.gate.wait(60)
        wanted = re.compile(r":(severity|resource\.name|resource\.type|exposure)$")
        repeated = [e for e in evidence if wanted.search(e["origin"])]
        content = {"summary": repeated[0]["statement"], "summary_evidence": [repeated[0]["id"]],
                   "sentences": [{"text": e["statement"], "evidence": [e["id"]]} for e in repeated]}
        return {"id": f"chatcmpl-{number}", "object": "chat.completion", "model": "stub-1",
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": json.dumps(content)}}],
                "usage": {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990}}

    def provider(self):
        """The entry of `llm.providers` that leads here."""
        return {"name": "stub", "kind": "openai", "url": f"http://127.0.0.1:{self.server.server_port}/v1",
                "model": "stub-1", "api_key": "sk-canary-llm-key", "timeout": "20s"}

    def close(self):
        self.stopping.set()
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
