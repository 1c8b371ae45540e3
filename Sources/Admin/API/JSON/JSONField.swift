import AdminAPI
import Cloud
import JSON
import NetworkTypes
import Text

/// The faults found while a body is read: reading goes on, so that one answer names all of them.
final class FaultList {
    private(set) var faults: [Problem.Fault] = []

    func add(_ pointer: String, _ detail: String) {
        guard faults.count < 100 else { return }
        faults.append(Problem.Fault(pointer: pointer, detail: detail))
    }
}

/// A value of a body and its place (a JSON pointer as URI fragment). Each reading function answers `nil`
/// after it has noted what is wrong.
struct JSONField {
    let value: JSONValue
    let pointer: String
    let list: FaultList

    func fault(_ detail: String) {
        list.add(pointer, detail)
    }

    private func mismatch<T>(_ expected: String) -> T? {
        fault("\(expected) is expected, not \(value.kind)")
        return nil
    }

    func string() -> String? {
        guard case .string(let text) = value else { return mismatch("a string") }
        return text
    }

    func boolean() -> Bool? {
        guard case .bool(let flag) = value else { return mismatch("true or false") }
        return flag
    }

    func integer(in range: ClosedRange<Int>) -> Int? {
        switch value {
        case .integer(let number) where range.contains(number): return number
        case .integer, .number:
            fault("an integer from \(range.lowerBound) to \(range.upperBound) is expected")
            return nil
        default: return mismatch("an integer from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func choice<Choice>(_ type: Choice.Type) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let text = string() else { return nil }
        guard let choice = Choice(rawValue: text) else {
            fault("one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")) is expected")
            return nil
        }
        return choice
    }

    func name(of kind: ObjectName.Kind) -> String? {
        guard let text = string() else { return nil }
        if let problem = ObjectName.problem(with: text, as: kind) {
            fault("the name of a \(kind.rawValue) \(problem)")
            return nil
        }
        return text
    }

    /// A name of a service, `type.index`.
    func serviceName() -> (type: String, index: Int)? {
        guard let text = string() else { return nil }
        guard let name = ServiceInstance.parse(name: text) else {
            fault(ServiceInstance.nameForm)
            return nil
        }
        return name
    }

    /// Text for people on one line, at most `length` characters.
    func line(length: Int) -> String? {
        guard let text = string() else { return nil }
        guard text.unicodeScalars.count <= length else {
            fault("at most \(length) characters are allowed")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            fault("control characters are not allowed")
            return nil
        }
        return text
    }

    /// An address a packet can be sent to, by `IPAddress.unusableReason`.
    func unicastAddress() -> IPAddress? {
        guard let text = string() else { return nil }
        guard let address = IPAddress(text) else {
            fault("\(text.printed(atMost: 80)) is not an IP address")
            return nil
        }
        if let reason = address.unusableReason {
            fault("\(address) is \(reason), which no packet can be sent to")
            return nil
        }
        return address
    }

    /// The elements that can be read; a fault in one does not hide those of the others.
    func elements<Element>(
        atLeast minimum: Int = 0, atMost maximum: Int, _ read: (JSONField) -> Element?
    ) -> [Element]? {
        guard case .array(let values) = value else { return mismatch("an array") }
        guard values.count >= minimum else {
            fault("at least \(minimum) \(minimum == 1 ? "element is" : "elements are") expected")
            return nil
        }
        guard values.count <= maximum else {
            fault("at most \(maximum) elements are allowed")
            return nil
        }
        return values.enumerated().compactMap { index, value in
            read(JSONField(value: value, pointer: "\(pointer)/\(index)", list: list))
        }
    }

    /// Addresses in the order of the body; none may be listed twice.
    func unicastAddresses(atMost maximum: Int) -> [IPAddress]? {
        var seen: Set<IPAddress> = []
        return elements(atLeast: 1, atMost: maximum) { field -> IPAddress? in
            guard let address = field.unicastAddress() else { return nil }
            if !seen.insert(address).inserted { field.fault("\(address) is listed twice") }
            return address
        }
    }

    /// The object, its members limited to `allowed`.
    func object(_ allowed: [String]) -> JSONObject? {
        guard case .object(let members) = value else { return mismatch("an object") }
        for member in members where !allowed.contains(where: member.name.isExactly) {
            list.add(
                "\(pointer)/\(Self.escaped(member.name))",
                "unknown member; allowed are \(allowed.joined(separator: ", "))")
        }
        return JSONObject(members: members, pointer: pointer, list: list)
    }

    /// A name as a token of a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6).
    static func escaped(_ name: String) -> String {
        var token = ""
        for byte in name.utf8.prefix(200) {
            switch byte {
            case UInt8(ascii: "~"): token += "~0"
            case UInt8(ascii: "/"): token += "~1"
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                token.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                token += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return token
    }
}

/// The members of an object of a body.
struct JSONObject {
    let members: [JSONValue.Member]
    let pointer: String
    let list: FaultList

    private func field(_ name: String) -> JSONField? {
        members.first { $0.name.isExactly(name) }.map {
            JSONField(value: $0.value, pointer: "\(pointer)/\(name)", list: list)
        }
    }

    func has(_ name: String) -> Bool { members.contains { $0.name == name } }

    /// A member that must be there.
    func required<T>(_ name: String, _ read: (JSONField) -> T?) -> T? {
        guard let field = field(name) else {
            list.add("\(pointer)/\(name)", "is missing")
            return nil
        }
        return read(field)
    }

    /// A member that may be absent or `null`.
    func optional<T>(_ name: String, _ read: (JSONField) -> T?) -> T? {
        guard let field = field(name), field.value != .null else { return nil }
        return read(field)
    }

    /// A member that may be absent, but not `null`.
    func present<T>(_ name: String, _ read: (JSONField) -> T?) -> T? {
        field(name).flatMap(read)
    }

    /// A member that repeats what the path says: it may be absent, but not differ.
    func agreeing(_ name: String, with expected: String) {
        guard let field = field(name), let text = field.string(), !text.isExactly(expected) else { return }
        field.fault("\(text.printed(atMost: 80)) differs from \"\(expected)\" in the path")
    }
}
