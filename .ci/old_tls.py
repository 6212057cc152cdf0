"""Asks for tickets at ADDRESS with the request in FILE, over each version and cipher that old clients came with."""

import socket
import sys

from tlslite.api import HandshakeSettings, TLSConnection

# Version on the wire, cipher, whether the hello names a server: Windows XP does not.
SIGN_INS = [
    ("SSLv3", (3, 0), "rc4", None),
    ("TLS 1.0", (3, 1), "rc4", None),
    ("TLS 1.0", (3, 1), "3des", None),
    ("TLS 1.0", (3, 1), "aes128", "login.live.com"),
    ("TLS 1.2", (3, 3), "aes128gcm", "login.live.com"),
]


def sign_in(address, document, version, cipher, name):
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.cipherNames = [cipher]
    settings.macNames = ["sha", "md5", "aead"]
    host, port = address.rsplit(":", 1)
    stream = TLSConnection(socket.create_connection((host, int(port)), timeout=30))
    stream.handshakeClientCert(settings=settings, serverName=name)
    assert stream.version == version, stream.version
    head = "POST /RST.srf HTTP/1.1\r\nHost: login.live.com\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    stream.sendall((head % len(document)).encode() + document)
    answer = b""
    while part := stream.recv(4096):
        answer += part
    return answer


def main(address, file):
    with open(file, "rb") as source:
        document = source.read()
    for words, version, cipher, name in SIGN_INS:
        right = sign_in(address, document, version, cipher, name)
        assert b' Id="Compact1">t=' in right, (words, cipher, right)
        wrong = sign_in(address, document.replace(b"secret", b"wrong"), version, cipher, name)
        assert b' Id="Compact1">t=' not in wrong, (words, cipher, wrong)
        print(f"signed in over {words} with {cipher}")


if __name__ == "__main__":
    main(*sys.argv[1:])
