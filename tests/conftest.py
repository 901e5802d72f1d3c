"""Fixtures of the tests of data: no network, empty places, a server on this machine."""

import http.server
import socket
import threading

import pytest

from utils.data import store


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args):
        raise AssertionError("a test that must not use the network used it")

    monkeypatch.setattr(socket.socket, "connect", refuse)


class Mirror:
    """A server on this machine that answers as it is told and remembers requests."""

    def __init__(self):
        self.answers, self.asked = {}, []
        self.together = None  # a barrier that holds the requests for MNIST's images
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                mirror.asked.append(name)
                if mirror.together and name.startswith("train-images"):
                    mirror.together.wait(timeout=60)
                status, body, length = mirror.answers.get(name, (404, b"gone", None))
                self.send_response(status)
                self.send_header("Content-Length", str(length or len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        ).start()

    def serve(self, name, body, status=200, length=None):
        self.answers[name] = (status, body, length)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def home(monkeypatch, tmp_path):
    """No data anywhere: an empty Keras cache, an empty cache of the book's own."""
    monkeypatch.delenv("BOOK_DATA_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(store, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path


@pytest.fixture
def mirror():
    server = Mirror()
    yield server
    server.close()


@pytest.fixture
def data_dir(monkeypatch, home):
    folder = home / "data"
    folder.mkdir()
    monkeypatch.setenv("BOOK_DATA_DIR", str(folder))
    return folder
