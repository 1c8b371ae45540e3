"""Asks the kernel for the real servers of one IPVS virtual service, cheaply enough to poll for it.

`ipvsadm -Ln` reads all of 22,000 entries each time and would slow down what it measures.
Constants: include/uapi/linux/ip_vs.h, include/uapi/linux/genetlink.h.
"""

import ipaddress
import socket
import struct

_NETLINK_GENERIC = 16
_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, _CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
_NLM_F_REQUEST, _NLM_F_DUMP, _NLMSG_ERROR, _NLMSG_DONE = 1, 0x300, 2, 3
_IPVS_CMD_GET_DEST, _IPVS_CMD_ATTR_SERVICE, _IPVS_CMD_ATTR_DEST = 8, 1, 2
_SVC_AF, _SVC_PROTOCOL, _SVC_ADDR, _SVC_PORT = 1, 2, 3, 4
_DEST_ADDR, _DEST_WEIGHT = 1, 4
_TYPE_MASK = 0x3FFF


class Witness:
    """A generic netlink socket in the current network namespace."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC)
        self._sequence = 0
        name = _attribute(_CTRL_ATTR_FAMILY_NAME, b"IPVS\0")
        reply = next(self._request(_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, 0, name))
        self._family = struct.unpack("=H", dict(_attributes(reply))[_CTRL_ATTR_FAMILY_ID][:2])[0]

    def weights(self, address, port):
        """The weight of each real server of a TCP service over IPv4; empty when there is no such service."""
        service = _attribute(_IPVS_CMD_ATTR_SERVICE, b"".join((
            _attribute(_SVC_AF, struct.pack("=H", socket.AF_INET)),
            _attribute(_SVC_PROTOCOL, struct.pack("=H", socket.IPPROTO_TCP)),
            _attribute(_SVC_ADDR, ipaddress.ip_address(address).packed.ljust(16, b"\0")),
            _attribute(_SVC_PORT, struct.pack("!H", port)))))
        found = {}
        for message in self._request(self._family, _IPVS_CMD_GET_DEST, _NLM_F_DUMP, service):
            destination = dict(_attributes(dict(_attributes(message))[_IPVS_CMD_ATTR_DEST]))
            real = str(ipaddress.ip_address(destination[_DEST_ADDR][:4]))
            found[real] = struct.unpack("=I", destination[_DEST_WEIGHT])[0]
        return found

    def _request(self, family, command, flags, attributes):
        self._sequence += 1
        payload = struct.pack("=BBH", command, 1, 0) + attributes
        header = struct.pack("=IHHII", 16 + len(payload), family, _NLM_F_REQUEST | flags, self._sequence, 0)
        self._socket.send(header + payload)
        while True:
            data = self._socket.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    return
                yield data[20:length]
                data = data[(length + 3) & ~3:]
            if not flags & _NLM_F_DUMP:
                return


def _attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _attributes(data):
    while data:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & _TYPE_MASK, data[4:length]
        data = data[(length + 3) & ~3:]
