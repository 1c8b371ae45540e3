import JSON

/// One member of an object: its name, the form of its value, and the meaning of its absence.
package struct Member<Body: Sendable, Value: Sendable>: Sendable {
    let name: String
    let schema: JSONValue
    let isRequired: Bool
    /// Reads the value; `nil` after a fault, which is noted.
    let read: @Sendable (JSONObject) -> Value?
    /// The value to write; `nil`: the member is left out.
    let write: @Sendable (Body) -> JSONValue?

    /// A required member.
    package static func required(
        _ name: String, _ form: Form<Value>, _ path: any KeyPath<Body, Value> & Sendable
    ) -> Member {
        Member(
            name: name, schema: form.schema, isRequired: true, read: { $0.required(name, form.read) },
            write: { form.write($0[keyPath: path]) })
    }

    /// A member that must be there, and that an ADMIN from before there was one leaves out: what that means.
    package static func required(
        _ name: String, _ form: Form<Value>, before fallback: Value, _ path: any KeyPath<Body, Value> & Sendable
    ) -> Member {
        Member(
            name: name, schema: form.schema, isRequired: true,
            read: { object in
                guard object.list.reading == .tolerant, object.field(name) == nil else {
                    return object.required(name, form.read)
                }
                return fallback
            },
            write: { form.write($0[keyPath: path]) })
    }

    /// A member that must be there. Of an answer that lacks it, or has what does not fit it, nothing is made of it but
    /// `fallback`, as RFC 9457 (section 3.1) has it for problems.
    package static func required(
        _ name: String, _ form: Form<Value>, misfit fallback: Value, _ path: any KeyPath<Body, Value> & Sendable
    ) -> Member {
        Member(
            name: name, schema: form.schema, isRequired: true,
            read: { object in
                guard object.list.reading == .tolerant else { return object.required(name, form.read) }
                return object.field(name).flatMap(form.fitting) ?? fallback
            },
            write: { form.write($0[keyPath: path]) })
    }

    /// A member that may be absent or `null`, which both mean a value.
    package static func optional(
        _ name: String, _ form: Form<Value>, else fallback: Value, _ path: any KeyPath<Body, Value> & Sendable
    ) -> Member {
        Member(
            name: name, schema: nullable(form.schema), isRequired: false,
            read: { object in
                guard let field = object.field(name), field.value != .null else { return fallback }
                return form.read(field)
            },
            write: { form.write($0[keyPath: path]) })
    }

    /// A member that may be absent but not `null`; absence means the fallback.
    package static func present(
        _ name: String, _ form: Form<Value>, else fallback: Value, _ path: any KeyPath<Body, Value> & Sendable
    ) -> Member {
        Member(
            name: name, schema: form.schema, isRequired: false,
            read: { object in object.field(name).map(form.read) ?? fallback },
            write: { form.write($0[keyPath: path]) })
    }

    /// A list that may be absent but not `null`, which means an empty one. An empty one is left out: who is older than
    /// the member still reads what is written.
    package static func filled<Element>(
        _ name: String, _ form: Form<[Element]>, _ path: any KeyPath<Body, [Element]> & Sendable
    ) -> Member where Value == [Element] {
        Member(
            name: name, schema: form.schema, isRequired: false,
            read: { object in object.field(name).map(form.read) ?? [] },
            write: { body in
                let list = body[keyPath: path]
                // `nil` would be JSON's null here.
                guard !list.isEmpty else { return Optional.none }
                return form.write(list)
            })
    }

    /// A member that may be absent but not `null`. Without a value it is left out.
    package static func present<Wrapped>(
        _ name: String, _ form: Form<Wrapped>, _ path: any KeyPath<Body, Wrapped?> & Sendable
    ) -> Member where Value == Wrapped? {
        Member(
            name: name, schema: form.schema, isRequired: false,
            read: { object in
                guard let field = object.field(name) else { return .some(nil) }
                return form.read(field).map { .some($0) }
            },
            write: { $0[keyPath: path].map(form.write) })
    }

    /// A member that repeats a part of the request's path: it may be absent, and must not differ. Its schema tells
    /// clients that they need not send it.
    package static func repeated<Wrapped>(
        _ name: String, _ form: Form<Wrapped>, _ path: any KeyPath<Body, Wrapped?> & Sendable
    ) -> Member where Value == Wrapped? {
        let member = present(name, form, path)
        guard case .object(let schema) = member.schema else { return member }
        return Member(
            name: name, schema: .object(schema + [.init(name: "readOnly", value: true)]), isRequired: false,
            read: member.read, write: member.write)
    }

    /// A member that may be absent or `null`. Without a value it is left out.
    package static func nullable<Wrapped>(
        _ name: String, _ form: Form<Wrapped>, _ path: any KeyPath<Body, Wrapped?> & Sendable
    ) -> Member where Value == Wrapped? {
        Member(
            name: name, schema: nullable(form.schema), isRequired: false,
            read: { object in readNullable(object, name, form) }, write: { $0[keyPath: path].map(form.write) })
    }

    /// Like `nullable`, but without a value it is written as `null`.
    package static func null<Wrapped>(
        _ name: String, _ form: Form<Wrapped>, _ path: any KeyPath<Body, Wrapped?> & Sendable
    ) -> Member where Value == Wrapped? {
        Member(
            name: name, schema: nullable(form.schema), isRequired: true,
            read: { object in readNullable(object, name, form) },
            write: { $0[keyPath: path].map(form.write) ?? .null })
    }

    private static func readNullable<Wrapped>(
        _ object: JSONObject, _ name: String, _ form: Form<Wrapped>
    ) -> Wrapped?? {
        guard let field = object.field(name), field.value != .null else { return .some(nil) }
        return form.read(field).map { .some($0) }
    }

    /// The schema, with `null` as another value.
    private static func nullable(_ schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema, let index = members.firstIndex(where: { $0.name == "type" }),
            case .string(let type) = members[index].value, schema["enum"] == nil
        else { return ["anyOf": [schema, ["type": "null"]]] }
        members[index].value = [.string(type), "null"]
        return .object(members)
    }
}

/// A required member is absent or faulty; the fault was noted.
private struct Unreadable: Error {}

extension Form {
    /// An object. Of a request all members must be known.
    /// - Parameters:
    ///   - name: the name of its component in the API's description; `nil`: it is described in place.
    ///   - make: makes the value from its members, in order.
    package static func object<each Part: Sendable>(
        _ name: String? = nil, _ members: repeat Member<Value, each Part>,
        make: @escaping @Sendable (repeat each Part) -> Value
    ) -> Form {
        var names: [String] = []
        var required: [JSONValue] = []
        var properties: [JSONValue.Member] = []
        for member in repeat each members {
            names.append(member.name)
            if member.isRequired { required.append(.string(member.name)) }
            properties.append(.init(name: member.name, value: member.schema))
        }
        var schema: [JSONValue.Member] = [
            .init(name: "type", value: "object"), .init(name: "additionalProperties", value: false),
            .init(name: "properties", value: .object(properties)),
        ]
        if !required.isEmpty { schema.append(.init(name: "required", value: .array(required))) }
        let allowed = names
        return Form(
            named: name, schema: .object(schema),
            read: { field in
                guard let object = field.object(allowed) else { return nil }
                // Read every member, so that all faults are noted, before a missing one ends the reading.
                let found = (repeat (each members).read(object))
                return try? make(repeat unwrapped(each found))
            },
            write: { value in
                var written: [JSONValue.Member] = []
                for member in repeat each members {
                    if let content = member.write(value) { written.append(.init(name: member.name, value: content)) }
                }
                return .object(written)
            })
    }
}

private func unwrapped<Value>(_ value: Value?) throws(Unreadable) -> Value {
    guard let value else { throw Unreadable() }
    return value
}
