import CNetlink
import NetworkTypes

/// A received message, read in place. Valid only inside the closure that gets it.
struct MessageView {
    let header: nlmsghdr
    /// The bytes after the netlink header.
    let payload: UnsafeRawBufferPointer

    var flags: MessageFlags { MessageFlags(rawValue: header.nlmsg_flags) }

    /// The start of the message, for C functions that parse it.
    var pointer: UnsafePointer<nlmsghdr>? {
        payload.baseAddress.map {
            ($0 - MemoryLayout<nlmsghdr>.size).assumingMemoryBound(to: nlmsghdr.self)
        }
    }

    /// The family's fixed header; `nil` if the message is too short.
    func familyHeader<Header: BitwiseCopyable>(_ type: Header.Type) -> Header? {
        guard payload.count >= MemoryLayout<Header>.size else { return nil }
        return payload.loadUnaligned(as: Header.self)
    }

    /// The attributes after a family header of the given size.
    func attributes(behind headerSize: Int) -> AttributeSequence {
        let start = MessageBuffer.aligned(headerSize)
        return AttributeSequence(
            bytes: start < payload.count ? .init(rebasing: payload[start...]) : .init(start: nil, count: 0))
    }

    /// Calls `body` for each message of a datagram. Stops at bytes that are no whole message.
    static func forEach<Failure: Error>(
        in datagram: UnsafeRawBufferPointer, _ body: (MessageView) throws(Failure) -> Void
    ) throws(Failure) {
        var offset = 0
        while let message = MessageView(in: datagram, at: offset) {
            try body(message)
            offset += MessageBuffer.aligned(Int(message.header.nlmsg_len))
        }
    }

    /// The message at an offset of a datagram; `nil` if none fits there.
    init?(in datagram: UnsafeRawBufferPointer, at offset: Int) {
        let size = MemoryLayout<nlmsghdr>.size
        guard offset >= 0, datagram.count - offset >= size else { return nil }
        let header = datagram.loadUnaligned(fromByteOffset: offset, as: nlmsghdr.self)
        let length = Int(header.nlmsg_len)
        guard length >= size, length <= datagram.count - offset else { return nil }
        self.header = header
        payload = .init(rebasing: datagram[(offset + size)..<(offset + length)])
    }
}

/// A netlink attribute, read in place.
struct AttributeView {
    /// The type without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    let type: UInt16
    let payload: UnsafeRawBufferPointer

    /// The attributes inside.
    var nested: AttributeSequence { AttributeSequence(bytes: payload) }

    /// A number in the host's byte order; `nil` if the length differs.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        payload.count == MemoryLayout<Number>.size ? payload.loadUnaligned(as: Number.self) : nil
    }

    /// A number in network byte order; `nil` if the length differs.
    func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) -> Number? {
        number(type).map { Number(bigEndian: $0) }
    }

    /// A plain C structure; `nil` if the payload is shorter.
    func structure<Structure: BitwiseCopyable>(_ type: Structure.Type) -> Structure? {
        payload.count >= MemoryLayout<Structure>.size ? payload.loadUnaligned(as: Structure.self) : nil
    }

    /// Text up to the first NUL. Bytes that are not valid UTF-8 are replaced.
    var string: String {
        String(decoding: payload.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// An address from the leading bytes (IPVS pads IPv4 to 16).
    func address(_ family: AddressFamily) -> IPAddress? {
        switch family {
        case .ipv4:
            guard payload.count >= 4 else { return nil }
            return IPAddress(ipv4: UInt32(bigEndian: payload.loadUnaligned(as: UInt32.self)))
        case .ipv6:
            guard payload.count >= 16 else { return nil }
            return IPAddress(
                ipv6High: UInt64(bigEndian: payload.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }
}

/// The attributes in a sequence of bytes, in order. Stops at the first that does not fit.
struct AttributeSequence: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer

    init(bytes: UnsafeRawBufferPointer) { rest = bytes }

    mutating func next() -> AttributeView? {
        let size = MemoryLayout<nlattr>.size
        guard rest.count >= size else { return nil }
        let header = rest.loadUnaligned(as: nlattr.self)
        let length = Int(header.nla_len)
        guard length >= size, length <= rest.count else { return nil }
        let payload = UnsafeRawBufferPointer(rebasing: rest[size..<length])
        rest = .init(rebasing: rest[Swift.min(MessageBuffer.aligned(length), rest.count)...])
        return AttributeView(type: header.nla_type & 0x3FFF, payload: payload)
    }
}
