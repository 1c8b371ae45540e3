import CNetlink
import TestSupport
import Testing

@testable import Netlink

/// A netlink message as text, a line for the header and one for each attribute, so that two messages
/// compare by eye:
///
///     0a09 create, request 01000000
///       1 706f727463756c6c697300
///       9
///         2
///           1 00000004
struct WireMessage: Sendable, Equatable, CustomStringConvertible {
    /// The type in hexadecimal; `-` where the number is given out anew each time.
    var type: String
    var flags: MessageFlags
    var header: [UInt8]
    var attributes: [Attribute]

    struct Attribute: Sendable, Equatable {
        var type: UInt16
        var payload: Payload

        indirect enum Payload: Sendable, Equatable {
            case bytes([UInt8])
            case nest([Attribute])
        }

        /// The attributes inside, if it has some.
        var nested: [Attribute] {
            if case .nest(let attributes) = payload { attributes } else { [] }
        }
    }

    init(_ message: MessageView, headerSize: Int, hidingType: Bool = false) {
        let number = message.header.nlmsg_type
        type = hidingType ? "-" : String(number, radix: 16)
        flags = message.flags
        header = [UInt8](message.payload.prefix(headerSize))
        attributes = Self.attributes(UnsafeRawBufferPointer(rebasing: message.payload.dropFirst(headerSize)))
    }

    private static func attributes(_ bytes: UnsafeRawBufferPointer) -> [Attribute] {
        var attributes: [Attribute] = []
        var offset = 0
        while offset + 4 <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            let type = bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)
            guard length >= 4, offset + length <= bytes.count else {
                Issue.record("an attribute of length \(length) at \(offset) of \(bytes.count)")
                break
            }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[(offset + 4)..<(offset + length)])
            let isNest = type & 0x8000 != 0
            attributes.append(
                Attribute(
                    type: type & 0x3FFF,
                    payload: isNest ? .nest(self.attributes(payload)) : .bytes([UInt8](payload))))
            offset += (length + 3) & ~3
        }
        return attributes
    }

    /// All messages of a datagram.
    static func all(
        in datagram: UnsafeRawBufferPointer, headerSize: Int = 4, hidingType: Bool = false
    ) -> [WireMessage] {
        var messages: [WireMessage] = []
        var size = 0
        MessageView.forEach(in: datagram) {
            messages.append(WireMessage($0, headerSize: headerSize, hidingType: hidingType))
            size += MessageBuffer.aligned(Int($0.header.nlmsg_len))
        }
        #expect(size == datagram.count, "the messages fill the datagram")
        return messages
    }

    /// Without the attributes at some paths: `[[9, 2]]` is type 2 inside type 9.
    func leavingOut(_ paths: Set<[UInt16]>) -> Self {
        func filter(_ attributes: [Attribute], _ path: [UInt16]) -> [Attribute] {
            attributes.compactMap { attribute in
                let here = path + [attribute.type]
                if paths.contains(here) { return nil }
                guard case .nest(let nested) = attribute.payload else { return attribute }
                return Attribute(type: attribute.type, payload: .nest(filter(nested, here)))
            }
        }
        var copy = self
        copy.attributes = filter(attributes, [])
        return copy
    }

    var description: String {
        var lines = ["\(type) \(flags.rawValue) \(hex(header))"]
        func add(_ attributes: [Attribute], _ indent: String) {
            for attribute in attributes {
                switch attribute.payload {
                case .bytes(let bytes): lines.append("\(indent)\(attribute.type) \(hex(bytes))")
                case .nest(let nested):
                    lines.append("\(indent)\(attribute.type)")
                    add(nested, indent + "  ")
                }
            }
        }
        add(attributes, "  ")
        return lines.joined(separator: "\n")
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// A file of `fixtures/wire`: groups of datagrams, each under a comment that names it.
struct WireFixture: Sendable {
    var groups: [(name: String, datagrams: [[UInt8]])] = []

    /// The file must be there: nothing can be tested without it.
    init(_ name: String) {
        for line in try! Fixtures.text("wire/\(name)").split(separator: "\n") {
            if line.hasPrefix("# ") {
                groups.append((String(line.dropFirst(2)), []))
            } else {
                var digits = Substring(line)
                var bytes: [UInt8] = []
                while !digits.isEmpty {
                    bytes.append(UInt8(digits.prefix(2), radix: 16)!)
                    digits = digits.dropFirst(2)
                }
                groups[groups.count - 1].datagrams.append(bytes)
            }
        }
    }

    /// The single datagram of a group.
    func datagram(_ name: String) throws -> [UInt8] {
        let group = try #require(groups.first { $0.name == name }, "no group \(name)")
        return try #require(group.datagrams.count == 1 ? group.datagrams[0] : nil, "one datagram in \(name)")
    }
}
