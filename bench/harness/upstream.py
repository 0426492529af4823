"""The systems around dossier, played by one nginx worker with the echo module: they answer the same, always, in time.

A directory (SCIM) and a CMDB answer in 20 ms, each by the resource or the person that is asked for, so that nothing can
be cached; the LLM answers in `llm_seconds` with a text that was rehearsed beforehand: the evidence of one such finding
is repeated, each sentence with its id, and so it passes schema and grounding.
"""

import http.server
import json
import re
import shutil
import threading

from harness.service import Process, free_port, temporary_directory

MODULE = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
MISSING = "" if shutil.which("nginx") else "no nginx (apt-get install nginx libnginx-mod-http-echo)"

CONFIG = """
daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid {directory}/nginx.pid; error_log {directory}/error.log;
load_module {module};
events {{ worker_connections 30000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; default_type application/json;
  client_body_buffer_size 256k; client_max_body_size 1m;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  map $arg_filter $login {{ default nobody; "~%22(?<found>[^%]+)%40" $found; }}
  map $arg_resource $bucket {{ default unknown; "~(?<name>[a-z0-9-]+)$" $name; }}
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location = /v1/chat/completions {{ echo_read_request_body; echo_sleep {llm_seconds}; echo '{answer}'; }}
    location = /scim/v2/ServiceProviderConfig {{ echo '{{"filter":{{"supported":true,"maxResults":200}}}}'; }}
    location = /scim/v2/ResourceTypes {{ return 404; }}
    location = /scim/v2/Schemas {{ return 404; }}
    location = /scim/v2/Users {{
      echo_sleep {context_seconds};
      echo '{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[{{"id":"id-$login","userName":"$login@acme.example","displayName":"Person Of $login","active":true,"emails":[{{"value":"$login@acme.example","primary":true}}],"groups":[{{"value":"g1","display":"data-owners"}}]}}]}}';
    }}
    location = /cmdb {{
      echo_sleep {context_seconds};
      echo '{{"item":{{"bu":"Payments","app":"Ledger","env":"prod","tier":"critical","owner":"$bucket@acme.example","oncall":"payments-oncall"}}}}';
    }}
  }}
}}
"""


def sections(port, llm_timeout="30s"):
    """What of dossier's configuration leads to the upstream at this port."""
    url = f"http://127.0.0.1:{port}"
    return {
        "identity": [{"kind": "scim", "name": "directory", "url": f"{url}/scim/v2", "token": "scim-token",
                      "max_in_flight": 10_000}],
        "cmdb": [{"kind": "http", "name": "assets", "url": url + "/cmdb?resource={resource.id}",
                  "map": {"business_unit": "/item/bu", "application": "/item/app", "environment": "/item/env",
                          "criticality": "/item/tier", "owner": "/item/owner", "support_group": "/item/oncall"},
                  "max_in_flight": 10_000}],
        "context": {"timeout": "10s", "max_in_flight": 10_000},
        "llm": {"providers": [{"name": "main", "kind": "openai", "url": f"{url}/v1", "model": "bench", "api_key": "key",
                               "timeout": llm_timeout, "max_in_flight": 10_000}], "share": False, "cache": False},
    }


class Upstream(Process):
    """nginx; `answer` is the rehearsed text of the LLM (a mapping)."""

    def __init__(self, answer, llm_seconds=2.0, context_seconds=0.02):
        directory = temporary_directory("upstream-")
        directory.chmod(0o755)
        completion = {"id": "chatcmpl-bench", "object": "chat.completion", "model": "bench-1",
                      "choices": [{"index": 0, "finish_reason": "stop",
                                   "message": {"role": "assistant", "content": json.dumps(answer)}}],
                      "usage": {"prompt_tokens": 1500, "completion_tokens": 300, "total_tokens": 1800}}
        body = json.dumps(completion).replace("\\", "\\\\").replace("'", "\\'")
        if "$" in body:
            raise RuntimeError("nginx would expand the $ in the LLM's answer")
        port = free_port()
        (directory / "nginx.conf").write_text(CONFIG.format(
            directory=directory, module=MODULE, port=port, answer=body, llm_seconds=llm_seconds,
            context_seconds=context_seconds))
        super().__init__(["nginx", "-p", directory, "-c", directory / "nginx.conf"], port=port, directory=directory,
                         name="upstream", ready="/scim/v2/ServiceProviderConfig")


class Rehearsal:
    """A chat-completions server that repeats the evidence which is the same for every finding of the bench, and keeps
    what it said."""

    repeated = re.compile(r":(severity|resource\.type|resource\.region|exposure|data\.classes.*|status)$")

    def __init__(self):
        rehearsal = self
        self.answer = None
        self.prompt_bytes = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                rehearsal.prompt_bytes = len(body)
                evidence = [json.loads(line) for line in json.loads(body)["messages"][1]["content"].splitlines()
                            if line.startswith('{"id"')]
                rehearsal.answer = rehearsal.script(evidence)
                answer = json.dumps({"id": "c", "object": "chat.completion", "model": "bench-1", "choices": [
                    {"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": json.dumps(rehearsal.answer)}}],
                    "usage": {"prompt_tokens": 1500, "completion_tokens": 300, "total_tokens": 1800}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def script(evidence):
        """About 1.5 KB, as an LLM writes for a finding, of statements without the finding's own names."""
        usable = [e for e in evidence if not re.search(r"acme-exports|<|[0-9a-f]{12}", e["statement"])
                  and e["kind"] in ("finding", "severity", "exposure", "data", "regulation", "risk", "remediation",
                                    "resource", "cmdb", "compliance", "control")]
        told = usable[:9]
        return {"summary": told[0]["statement"], "summary_evidence": [told[0]["id"]],
                "sentences": [{"text": e["statement"], "evidence": [e["id"]]} for e in told[1:]]}

    @property
    def port(self):
        return self.server.server_port

    def close(self):
        self.server.shutdown()
        self.server.server_close()
