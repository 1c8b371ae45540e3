import CSystemd
import Glibc

/// A message of D-Bus that is being written, freed with its last reference.
final class BusMessage {
    let pointer: OpaquePointer

    /// - Throws: if there is no memory.
    init(call member: String, of path: String, _ interface: String, on bus: OpaquePointer) throws(SystemdError) {
        var made: OpaquePointer?
        let result = sd_bus_message_new_method_call(bus, &made, nil, path, interface, member)
        guard result >= 0, let made else { throw SystemdError(code: result) }
        pointer = made
    }

    deinit { sd_bus_message_unref(pointer) }

    func append(_ text: String) throws(SystemdError) {
        try check(text.withCString { sd_bus_message_append_basic(pointer, Self.code("s"), $0) })
    }

    func append(_ flag: Bool) throws(SystemdError) {
        var value: Int32 = flag ? 1 : 0
        try check(sd_bus_message_append_basic(pointer, Self.code("b"), &value))
    }

    func append(_ texts: [String]) throws(SystemdError) {
        try container("a", "s") { () throws(SystemdError) in
            for text in texts { try append(text) }
        }
    }

    func container(_ type: UnicodeScalar, _ contents: String, _ body: () throws(SystemdError) -> Void)
        throws(SystemdError)
    {
        try check(sd_bus_message_open_container(pointer, Self.code(type), contents))
        try body()
        try check(sd_bus_message_close_container(pointer))
    }

    func append(_ properties: [UnitProperty]) throws(SystemdError) {
        try container("a", "(sv)") { () throws(SystemdError) in
            for property in properties {
                try container("r", "sv") { () throws(SystemdError) in
                    try append(property.name)
                    try container("v", property.value.signature) { () throws(SystemdError) in try append(property.value)
                    }
                }
            }
        }
    }

    private func append(_ value: UnitProperty.Value) throws(SystemdError) {
        switch value {
        case .text(let text): try append(text)
        case .flag(let flag): try append(flag)
        case .number(var number): try check(sd_bus_message_append_basic(pointer, Self.code("t"), &number))
        case .signed(var number): try check(sd_bus_message_append_basic(pointer, Self.code("i"), &number))
        case .mask(var mask): try check(sd_bus_message_append_basic(pointer, Self.code("u"), &mask))
        case .texts(let texts): try append(texts)
        case .filter(let isAllowed, let texts):
            try container("r", "bas") { () throws(SystemdError) in
                try append(isAllowed)
                try append(texts)
            }
        case .commands(let commands):
            try container("a", "(sasas)") { () throws(SystemdError) in
                for words in commands {
                    try container("r", "sasas") { () throws(SystemdError) in
                        try append(words[0])
                        try append(words)
                        try append(["no-env-expand"])
                    }
                }
            }
        }
    }

    private func check(_ result: Int32) throws(SystemdError) {
        guard result >= 0 else { throw SystemdError(code: result) }
    }

    private static func code(_ scalar: UnicodeScalar) -> CChar { CChar(UInt8(ascii: scalar)) }
}

extension SystemdError {
    /// An error of libsystemd: a negative number of errno.
    init(code: Int32) { self.init(message: String(cString: strerror(-code))) }
}
