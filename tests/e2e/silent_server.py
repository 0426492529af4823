"""An upstream that takes connections and requests and never answers: what is sent to it stays under way."""

import contextlib
import socket
import threading


class SilentServer:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.held.append(self.listener.accept()[0])

    def provider(self, name="silent"):
        """The entry of `llm.providers` that leads here."""
        return {"name": name, "kind": "openai", "url": f"http://127.0.0.1:{self.port}/v1", "model": "silent",
                "api_key": "sk-silent", "timeout": "60s"}

    def close(self):
        for connection in [*self.held, self.listener]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
