package import JSON
package import Names
import NetworkTypes
package import Text

extension Form where Value == String {
    /// Any text.
    package static let text = Form(schema: ["type": "string"], read: { $0.string() }, write: { .string($0) })

    /// A text whose schema requires more than reading checks.
    private static func text(_ keyword: String, _ value: JSONValue) -> Form {
        Form(
            schema: .object([.init(name: "type", value: "string"), .init(name: keyword, value: value)]),
            read: { $0.string() }, write: { .string($0) })
    }

    /// A URI reference (RFC 3986).
    package static let uriReference = text("format", "uri-reference")

    /// One of some words, to which later versions may add.
    package static func words(_ words: String...) -> Form { text("enum", .array(words.map { .string($0) })) }

    /// The name of an object.
    package static func name(_ kind: ObjectName.Kind) -> Form {
        Form(
            schema: ["type": "string", "pattern": .string(ObjectName.pattern(kind))],
            read: { $0.text { $0.name(of: kind) } },
            write: { .string($0) })
    }

    /// The actor of a change: the name of a token, or a word for changes without one.
    package static let actor = text("pattern", .string(ObjectName.pattern(.token)))

    /// `type.index`
    package static let serviceName = Form(
        schema: ["type": "string", "pattern": .string(ServiceName.pattern)],
        read: { $0.text { $0.serviceName().map { "\($0)" } } }, write: { .string($0) })

    /// `location/gateway`
    package static let gatewayName = Form(
        schema: ["type": "string", "pattern": .string(ObjectName.gatewayPattern)],
        read: { $0.text { $0.gatewayName() } },
        write: { .string($0) })

    /// A text for people on one line.
    /// - Parameter length: the greatest length in characters.
    package static func line(atMost length: Int) -> Form {
        Form(
            schema: [
                "type": "string", "maxLength": .integer(length), "pattern": #"^[^\u0000-\u001f\u007f]*$"#,
            ],
            read: { $0.text { $0.line(length: length) } }, write: { .string($0) })
    }

    /// A time, RFC 3339.
    package static let time = Form(
        schema: ["type": "string", "format": "date-time"], read: { $0.text { $0.time() } }, write: { .string($0) })
    /// RFC 6901
    package static let pointer = text("format", "json-pointer")

    /// A text whose length in bytes is limited, and which no message repeats.
    package static func bytes(_ range: ClosedRange<Int>) -> Form {
        Form(
            schema: ["type": "string", "minLength": .integer(range.lowerBound)],
            read: { $0.text { $0.bytes(in: range) } }, write: { .string($0) })
    }
}

extension Form where Value == Int {
    /// An integer in a range.
    package static func integer(_ range: ClosedRange<Int>) -> Form {
        Form(
            schema: ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)],
            read: { $0.integer(in: range) }, write: { .integer($0) })
    }

    /// An integer without an upper limit.
    package static func integer(atLeast minimum: Int) -> Form {
        Form(
            schema: ["type": "integer", "minimum": .integer(minimum)], read: { $0.integer(in: minimum...Int.max) },
            write: { .integer($0) })
    }
}

extension Form where Value == Double {
    /// A number that is not negative.
    package static let amount = Form(
        schema: ["type": "number", "minimum": 0], read: { $0.amount() },
        write: { number in Int(exactly: number).map { .integer($0) } ?? .number(number) })
}

extension Form where Value == Bool {
    /// `true` or `false`.
    package static let boolean = Form(schema: ["type": "boolean"], read: { $0.boolean() }, write: { .bool($0) })
}

extension Form where Value: RawRepresentable<String> & CaseIterable {
    /// One of the cases of an enumeration.
    package static var choice: Form {
        Form(
            schema: ["type": "string", "enum": .array(Value.allCases.map { .string($0.rawValue) })],
            read: { $0.choice(Value.self) }, write: { .string($0.rawValue) })
    }
}

extension Form {
    /// A list. A fault in one element does not hide those of the others.
    package static func list<Element>(of element: Form<Element>) -> Form where Value == [Element] {
        Form(
            schema: ["type": "array", "items": element.schema], read: { $0.elements(atMost: .max, element.read) },
            write: { .array($0.map(element.write)) })
    }

    /// A list. Of an answer, elements that do not fit are left out.
    package static func list<Element>(ofFitting element: Form<Element>) -> Form where Value == [Element] {
        let all = list(of: element)
        return Form(
            schema: all.schema,
            read: { $0.isStrict ? all.read($0) : $0.elements(atMost: .max, element.fitting) }, write: all.write)
    }

    /// A list of a limited length in which nothing is named twice.
    package static func list<Element, Key: Hashable & SendableMetatype>(
        of element: Form<Element>, atMost maximum: Int, by key: @escaping @Sendable (Element) -> Key
    ) -> Form where Value == [Element] {
        Form(
            schema: ["type": "array", "maxItems": .integer(maximum), "items": element.schema],
            read: { field in
                var seen: Set<Key> = []
                return field.elements(atMost: maximum) { field -> Element? in
                    guard let value = element.read(field) else { return nil }
                    if field.isStrict, !seen.insert(key(value)).inserted { field.fault("is listed twice") }
                    return value
                }
            },
            write: { .array($0.map(element.write)) })
    }

    /// An object whose members all have the same form, by names that are lines of text.
    package static func dictionary<Element>(of element: Form<Element>, atMost maximum: Int) -> Form
    where Value == [ExactText: Element] {
        Form(
            schema: [
                "type": "object", "maxProperties": .integer(maximum), "additionalProperties": element.schema,
                "propertyNames": Form<String>.line(atMost: Limits.reportedText).schema,
            ],
            read: { $0.dictionary(atMost: maximum, nameLength: Limits.reportedText, element.read) },
            write: { values in
                .object(
                    values.sorted { $0.key < $1.key }
                        .map { JSONValue.Member(name: $0.key.wrappedValue, value: element.write($0.value)) })
            })
    }

    /// An object like that of `dictionary(of:atMost:)`. Of an answer, members that do not fit are put aside, each with the
    /// first thing that is wrong with it.
    package static func dictionary<Element>(ofFitting element: Form<Element>, atMost maximum: Int) -> Form
    where Value == FittingMembers<Element> {
        let all = Form<[ExactText: Element]>.dictionary(of: element, atMost: maximum)
        return Form(
            schema: all.schema,
            read: { field in
                guard !field.isStrict else { return all.read(field).map { FittingMembers(fitting: $0) } }
                return field.dictionary(atMost: maximum, nameLength: Limits.reportedText, element.outcome)
                    .map { FittingMembers($0) }
            },
            write: { all.write($0.fitting) })
    }

    /// A list without duplicates.
    package static func set(of element: Form<String>, atMost maximum: Int) -> Form where Value == [String] {
        Form(
            schema: [
                "type": "array", "maxItems": .integer(maximum), "uniqueItems": true, "items": element.schema,
            ],
            read: { field in
                var seen: Set<String> = []
                return field.elements(atMost: maximum) { field -> String? in
                    guard let text = element.read(field) else { return nil }
                    if field.isStrict, !seen.insert(text).inserted { field.fault("\(text) is listed twice") }
                    return text
                }
            },
            write: { .array($0.map(element.write)) })
    }

    /// IPv4 and IPv6 addresses to which packets can be sent, at least one, without duplicates.
    /// - Parameter onePerFamily: whether there may be only one of each family, as for a server.
    package static func addresses(atMost maximum: Int, onePerFamily: Bool = false) -> Form
    where Value == [String] {
        Form(
            schema: [
                "type": "array", "minItems": 1, "maxItems": .integer(maximum), "uniqueItems": true,
                "items": ["type": "string", "anyOf": [["format": "ipv4"], ["format": "ipv6"]]],
            ],
            read: { field in
                guard field.isStrict else { return field.elements(atMost: maximum) { $0.string() } }
                guard let addresses = field.unicastAddresses(atMost: maximum) else { return nil }
                guard !onePerFamily || Set(addresses.map(\.family)).count == addresses.count else {
                    field.fault("a server has at most one address of a family")
                    return nil
                }
                return addresses.map(\.description)
            },
            write: { .array($0.map { .string($0) }) })
    }

    /// The same form with a further rule, which counts where rules do.
    /// - Parameter fault: what is wrong with a value; `nil`: nothing.
    package func checking(_ fault: @escaping @Sendable (Value) -> String?) -> Form {
        reading { field in
            guard let value = read(field) else { return nil }
            guard field.isStrict, let fault = fault(value) else { return value }
            field.fault(fault)
            return nil
        }
    }

    /// The same form with a description in its schema.
    package func described(_ text: String) -> Form {
        guard case .object(let members) = schema else { return self }
        return Form(
            schema: .object(members + [.init(name: "description", value: .string(text))]), read: read, write: write)
    }
}

extension Form where Value == JSONValue {
    /// A JSON Merge Patch of an object (RFC 7396).
    package static let patch = Form(schema: ["type": "object"], read: { $0.patch() }, write: { $0 })
}
