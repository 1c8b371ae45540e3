import Times
package import JSON
package import Names
package import NetworkTypes
package import Text

/// The faults found while a body is read. Reading continues after a fault, so that one answer has all of them.
package final class FaultList {
    package let reading: Reading
    package private(set) var faults: [Problem.Fault] = []

    package init(_ reading: Reading) { self.reading = reading }

    /// Adds a fault.
    package func add(_ pointer: String, _ detail: String) {
        guard faults.count < 100 else { return }
        faults.append(Problem.Fault(pointer: pointer, detail: detail))
    }
}

/// A value in a body with its place (a JSON pointer as a URI fragment). Each function that reads returns `nil` after
/// it has noted a fault.
package struct JSONField {
    package let value: JSONValue
    package let pointer: String
    package let list: FaultList

    package init(_ value: JSONValue, pointer: String = "#", list: FaultList) {
        self.value = value
        self.pointer = pointer
        self.list = list
    }

    /// Notes a fault of this value.
    package func fault(_ detail: String) {
        list.add(pointer, detail)
    }

    /// Whether rules count, and not only the kinds of values.
    package var isStrict: Bool { list.reading == .strict }

    /// Text that a rule is about, where rules count; else any text.
    package func text(by rule: (JSONField) -> String?) -> String? { isStrict ? rule(self) : string() }

    private func mismatch<T>(_ expected: String) -> T? {
        fault("\(expected) is expected, not \(value.kind)")
        return nil
    }

    /// A string.
    package func string() -> String? {
        guard case .string(let text) = value else { return mismatch("a string") }
        return text
    }

    /// `true` or `false`.
    package func boolean() -> Bool? {
        guard case .bool(let flag) = value else { return mismatch("true or false") }
        return flag
    }

    /// An integer in the range; `1.0` is one.
    package func integer(in range: ClosedRange<Int>) -> Int? {
        switch value {
        case .integer(let number) where range.contains(number) || !isStrict: return number
        case .integer, .number:
            fault("an integer from \(range.lowerBound) to \(range.upperBound) is expected")
            return nil
        default: return mismatch("an integer from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// One of the cases of an enumeration.
    package func choice<Choice>(_ type: Choice.Type) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let text = string() else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            fault(
                isStrict
                    ? "one of \(words) is expected"
                    : "\(text.printed(atMost: 80)) is not one of \(words); a newer ADMIN may have more words")
            return nil
        }
        return choice
    }

    /// The name of an object.
    package func name(of kind: ObjectName.Kind) -> String? {
        guard let text = string() else { return nil }
        if let problem = ObjectName.problem(with: text, as: kind) {
            fault("the name of \(kind.phrase) \(problem)")
            return nil
        }
        return text
    }

    /// The name of a service, `type.index`.
    package func serviceName() -> ServiceName? {
        guard let text = string() else { return nil }
        guard let name = ServiceName(text) else {
            fault(ServiceName.rule)
            return nil
        }
        return name
    }

    /// The name of a gateway, `location/name`.
    package func gatewayName() -> String? {
        guard let text = string() else { return nil }
        let parts = text.splitBytes("/").map { String($0) }
        guard parts.count == 2, ObjectName.isValid(parts[0], as: .location), ObjectName.isValid(parts[1], as: .gateway)
        else {
            fault("a gateway is named LOCATION/NAME, as tcn/gw1")
            return nil
        }
        return text
    }

    /// A time (RFC 3339), as text.
    package func time() -> String? {
        guard let text = string() else { return nil }
        guard InternetTime.date(text) != nil else {
            fault("a time is expected (RFC 3339), as 2027-01-31T00:00:00Z")
            return nil
        }
        return text
    }

    /// A text whose length in bytes is limited, and which no fault repeats.
    package func bytes(in range: ClosedRange<Int>) -> String? {
        guard let text = string() else { return nil }
        guard range.contains(text.utf8.count) else {
            fault("\(range.lowerBound) to \(range.upperBound) bytes are expected")
            return nil
        }
        return text
    }

    /// A number that is not negative.
    package func amount() -> Double? {
        switch value {
        case .integer(let number) where number >= 0: return Double(number)
        case .number(let number) where number >= 0: return number
        default: return mismatch("a number from 0 on")
        }
    }

    /// A text for people on one line, at most `length` characters.
    package func line(length: Int) -> String? {
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

    /// An address to which packets can be sent, according to `IPAddress.unusableReason`.
    package func unicastAddress() -> IPAddress? {
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

    /// The elements that can be read. A fault in one does not hide those of the others.
    package func elements<Element>(
        atLeast minimum: Int = 0, atMost maximum: Int, _ read: (JSONField) -> Element?
    ) -> [Element]? {
        guard case .array(let values) = value else { return mismatch("an array") }
        guard values.count >= minimum || !isStrict else {
            fault("at least \(minimum) \(minimum == 1 ? "element is" : "elements are") expected")
            return nil
        }
        guard values.count <= maximum || !isStrict else {
            fault("at most \(maximum) elements are allowed")
            return nil
        }
        return values.enumerated().compactMap { index, value in
            read(JSONField(value, pointer: "\(pointer)/\(index)", list: list))
        }
    }

    /// The members of an object by name, where all have the same form. A fault in one does not hide those of the others.
    package func dictionary<Element>(
        atMost maximum: Int, nameLength: Int, _ read: (JSONField) -> Element?
    ) -> [ExactText: Element]? {
        guard case .object(let members) = value else { return mismatch("an object") }
        guard members.count <= maximum || !isStrict else {
            fault("at most \(maximum) members are allowed")
            return nil
        }
        var values: [ExactText: Element] = [:]
        for member in members {
            let place = "\(pointer)/\(Self.escaped(member.name))"
            if isStrict {
                guard JSONField(.string(member.name), pointer: place, list: list).line(length: nameLength) != nil else {
                    continue
                }
            }
            values[ExactText(member.name)] = read(JSONField(member.value, pointer: place, list: list))
        }
        return values
    }

    /// The object, which is a patch: what it makes of the value that it is for is read there.
    package func patch() -> JSONValue? {
        guard case .object = value else { return mismatch("an object") }
        return value
    }

    /// All members of the object; `nil` for another kind of value. Notes no fault.
    package var members: JSONObject? {
        guard case .object(let members) = value else { return nil }
        return JSONObject(members: members, pointer: pointer, list: list)
    }

    /// The elements of a list of objects, in order. Notes no fault.
    package var objects: [JSONObject] {
        guard case .array(let values) = value else { return [] }
        return values.enumerated().compactMap { index, value in
            JSONField(value, pointer: "\(pointer)/\(index)", list: list).members
        }
    }

    /// Addresses in the order of the body, without duplicates.
    package func unicastAddresses(atMost maximum: Int) -> [IPAddress]? {
        var seen: Set<IPAddress> = []
        return elements(atLeast: 1, atMost: maximum) { field -> IPAddress? in
            guard let address = field.unicastAddress() else { return nil }
            if !seen.insert(address).inserted { field.fault("\(address) is listed twice") }
            return address
        }
    }

    /// The object; where rules count, its members are limited to `allowed`.
    package func object(_ allowed: [String]) -> JSONObject? {
        guard case .object(let members) = value else { return mismatch("an object") }
        for member in members where isStrict && !allowed.contains(where: member.name.isExactly) {
            list.add(
                "\(pointer)/\(Self.escaped(member.name))",
                "unknown member; allowed are \(allowed.joined(separator: ", "))")
        }
        return JSONObject(members: members, pointer: pointer, list: list)
    }

    /// A name as a token of a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6), cut if it is long.
    package static func escaped(_ name: String) -> String {
        let token = name.utf8.prefix(200).flatMap { byte in
            switch byte {
            case UInt8(ascii: "~"): Array("~0".utf8)
            case UInt8(ascii: "/"): Array("~1".utf8)
            default: [byte]
            }
        }
        return APIPath.encoded(token)
    }
}

/// An object in a body, with its members.
package struct JSONObject {
    package let members: [JSONValue.Member]
    package let pointer: String
    package let list: FaultList

    package init(members: [JSONValue.Member], pointer: String, list: FaultList) {
        self.members = members
        self.pointer = pointer
        self.list = list
    }

    /// A member; `nil` if it is absent. Searches the members one by one.
    package func field(_ name: String) -> JSONField? {
        members.first { $0.name.isExactly(name) }.map {
            JSONField($0.value, pointer: "\(pointer)/\(name)", list: list)
        }
    }

    package func has(_ name: String) -> Bool { members.contains { $0.name.isExactly(name) } }

    /// A member that must be present.
    package func required<T>(_ name: String, _ read: (JSONField) -> T?) -> T? {
        guard let field = field(name) else {
            list.add("\(pointer)/\(name)", "is missing")
            return nil
        }
        return read(field)
    }

    /// Checks a member that repeats a part of the path: it may be absent, but not differ. A value of another type is
    /// left to the member's form.
    package func agreeing(_ name: String, with expected: JSONValue) {
        guard let field = field(name), field.value != expected else { return }
        switch (field.value, expected) {
        case (.string(let text), .string(let expected)):
            field.fault("\(text.printed(atMost: 80)) differs from \"\(expected)\" in the path")
        case (.integer(let number), .integer(let expected)):
            field.fault("\(number) differs from \(expected) in the path")
        default: break
        }
    }
}
