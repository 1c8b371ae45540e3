"""Entries of connection tracking that no packet has made."""

import contextlib


@contextlib.contextmanager
def entries(namespace, count):
    """So many of them, for as long as the block runs."""
    namespace.run("conntrack", "--load-file", "-", input="".join(
        f"-I -p udp -s 192.0.2.1 -d 192.0.2.2 --sport {port} --dport 9 --timeout 600 -u ASSURED,SEEN_REPLY\n"
        for port in range(1, count + 1)))
    try:
        yield
    finally:
        namespace.result("conntrack", "-D", "-p", "udp", "-s", "192.0.2.1")
