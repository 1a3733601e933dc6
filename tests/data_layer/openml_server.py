"""A server on this machine that speaks OpenML's protocol, reached as people reach OpenML through a proxy.

It accepts `CONNECT www.openml.org:443`, then speaks TLS with a certificate for OpenML's hosts, signed by a CA made for
the test, and answers as OpenML does: a description, features and qualities in JSON, the table as ARFF with its MD5.
"""

import gzip
import hashlib
import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOSTS = ("www.openml.org", "api.openml.org", "data.openml.org", "openml.org")
NUMBER = 61
FILE = f"/data/v1/download/{NUMBER}/bottles.arff"
ROWS = [
    (f"b{i}", f"{20 + i % 7 + i / 100:.2f}", "?" if i == 3 else ("'dark green'", "white")[i % 2], f"{i % 5}",
     "'not ok'" if i % 10 == 0 else "ok")
    for i in range(60)
]  # fmt: skip
ARFF = f"""% Bottles, and whether they leak.
@RELATION bottles
@ATTRIBUTE bottle STRING
@ATTRIBUTE width REAL
@ATTRIBUTE colour {{'dark green',white}}
@ATTRIBUTE 'bubbles seen' INTEGER
@ATTRIBUTE state {{'not ok',ok}}
@DATA
{chr(10).join(",".join(row) for row in ROWS)}
""".encode()


def _feature(index: int, name: str, kind: str, **other: Any) -> dict[str, Any]:
    plain = dict.fromkeys(("is_target", "is_ignore", "is_row_identifier"), "false")
    return {"index": str(index), "name": name, "data_type": kind, **plain, "number_of_missing_values": "0", **other}


FEATURES = [
    _feature(0, "bottle", "string", is_row_identifier="true"),
    _feature(1, "width", "numeric"),
    _feature(2, "colour", "nominal", nominal_value=["dark green", "white"], number_of_missing_values="1"),
    _feature(3, "bubbles seen", "numeric"),
    _feature(4, "state", "nominal", nominal_value=["not ok", "ok"], is_target="true"),
]
DESCRIPTION = {
    "id": str(NUMBER), "name": "bottles", "version": "1", "description": "Bottles.", "format": "ARFF",
    "licence": "Public", "url": f"https://api.openml.org{FILE}", "file_id": str(NUMBER),
    "default_target_attribute": "state", "status": "active", "md5_checksum": hashlib.md5(ARFF).hexdigest(),
}  # fmt: skip


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """A CA's certificate, and the certificate with its key that it signed for OpenML's hosts; by `openssl`."""
    (folder / "openssl.cnf").write_text(
        "[req]\nprompt = no\ndistinguished_name = who\n[who]\nCN = made for a test\n"
        "[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash\n"
        "[host]\nbasicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\nauthorityKeyIdentifier = keyid\n"
        f"subjectAltName = {', '.join(f'DNS:{host}' for host in HOSTS)}\n"
    )
    for arguments in (
        "ecparam -name prime256v1 -genkey -noout -out ca.key",
        "req -x509 -new -key ca.key -days 2 -config openssl.cnf -extensions ca -out ca.pem",
        "ecparam -name prime256v1 -genkey -noout -out host.key",
        "req -new -key host.key -config openssl.cnf -out host.csr",
        "x509 -req -in host.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 2 -extfile openssl.cnf -extensions host"
        " -out host.pem",
    ):
        subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "host.pem").read_text() + (folder / "host.key").read_text())
    return folder / "ca.pem", both


class OpenMLServer(ThreadingHTTPServer):
    """Answers on 127.0.0.1 until it is closed; what is public may be changed between two loads."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.description: dict[str, Any] = dict(DESCRIPTION)
        self.file = ARFF
        self.unknown: tuple[int, dict[str, Any]] = (412, {"error": {"code": "111", "message": "Unknown dataset"}})
        self.silent_at = ""  # the path whose answer stops half-way
        self.drips_at = ""  # the path whose answer comes byte by byte
        self.asked: list[str] = []
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """No answer from now on."""
        if not self.closing.is_set():
            self.closing.set()
            self.shutdown()
            self.server_close()

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        if path == FILE:
            return 200, self.file
        known = {
            f"data/{NUMBER}": {"data_set_description": self.description},
            f"data/features/{NUMBER}": {"data_features": {"feature": FEATURES}},
            f"data/qualities/{NUMBER}": {
                "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(float(len(ROWS)))}]}
            },
        }
        found = known.get(path.removeprefix("/api/v1/json/"))
        status, said = self.unknown if found is None else (200, found)
        return status, json.dumps(said).encode()


class _Handler(BaseHTTPRequestHandler):
    server: OpenMLServer

    def do_CONNECT(self) -> None:
        """From here on TLS; the same handler takes the requests that come in it."""
        host, _, port = self.path.rpartition(":")
        if host not in HOSTS or port != "443":
            self.send_error(403)
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.asked.append(f"{self.headers['Host']}{self.path}")
        status, body = self.server.answer(self.path)
        self.send_response(status)
        if "gzip" in self.headers.get("Accept-Encoding", "") and status == 200:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == self.server.silent_at:
            self.wfile.write(body[: len(body) // 2])
            self.server.closing.wait()
        elif self.path == self.server.drips_at:
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                if self.server.closing.wait(0.5):
                    break
        else:
            self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            pass
        finally:
            self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""
