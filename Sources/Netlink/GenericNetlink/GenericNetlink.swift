import CNetlink
import SystemPackage

/// A family, as generic netlink's controller describes it (`CTRL_CMD_GETFAMILY`).
struct GenericNetlinkFamily {
    let id: UInt16
    let version: UInt8
}

extension GenericNetlinkFamily {
    /// Asks the controller. The kernel loads the family's module by its alias, if it can.
    init(named name: String, on socket: NetlinkSocket) throws(NetlinkError) {
        let command = "find the generic netlink family \(name)"
        var request = MessageBuffer()
        let sequence = socket.nextSequence()
        request.message(type: UInt16(GENL_ID_CTRL), flags: [.request, .ack], sequence: sequence) { message in
            message.header(genlmsghdr(cmd: UInt8(CTRL_CMD_GETFAMILY), version: 1, reserved: 0))
            message.put(UInt16(CTRL_ATTR_FAMILY_NAME), name)
        }
        var id: UInt16?
        var version: UInt8 = 1
        do throws(NetlinkError) {
            try socket.request(request.bytes, sequence: sequence, command: command) { reply in
                for attribute in reply.attributes(behind: MemoryLayout<genlmsghdr>.size) {
                    switch Int(attribute.type) {
                    case Int(CTRL_ATTR_FAMILY_ID): id = attribute.number(UInt16.self)
                    case Int(CTRL_ATTR_VERSION): version = UInt8(clamping: attribute.number(UInt32.self) ?? 1)
                    default: break
                    }
                }
            }
        } catch  where error.errno == .noSuchFileOrDirectory {
            throw NetlinkError(
                code: .refused, errno: .noSuchFileOrDirectory, command: command, reason: "this kernel has no \(name)")
        }
        guard let id else { throw NetlinkError(code: .malformed, command: command) }
        self.id = id
        self.version = version
    }
}
