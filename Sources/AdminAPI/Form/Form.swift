package import JSON

/// How values of a type stand in JSON bodies, written once: how they are read, with every fault at its place, how they
/// are written, and what their schema is. ADMIN and its clients read and write by the same forms; how closely they read
/// is `Reading`.
package struct Form<Value: Sendable>: Sendable {
    /// The schema for references (JSON Schema 2020-12): either the schema itself, or a reference to its component.
    package let schema: JSONValue
    /// The name and schema of its component in the API's description; `nil` if it has none of its own.
    package let component: Component?
    /// Reads a value; `nil` after a fault, which is noted.
    package let read: @Sendable (JSONField) -> Value?
    /// Writes a value.
    package let write: @Sendable (Value) -> JSONValue

    package init(
        schema: JSONValue, read: @escaping @Sendable (JSONField) -> Value?,
        write: @escaping @Sendable (Value) -> JSONValue
    ) {
        self.schema = schema
        component = nil
        self.read = read
        self.write = write
    }

    /// The same form, read otherwise.
    func reading(_ read: @escaping @Sendable (JSONField) -> Value?) -> Form { Form(of: self, read: read) }

    /// The same form of an object that has exactly one of some members.
    package func exactlyOne(of names: String...) -> Form {
        let rule = JSONValue.Member(
            name: "oneOf", value: .array(names.map { ["required": .array([.string($0)])] }))
        return Form(of: self, rule: rule) { [read] field in
            let value = read(field)
            guard field.isStrict, let members = field.members, names.count(where: members.has) != 1 else {
                return value
            }
            field.fault("exactly one of \(names.joined(separator: " and ")) is expected")
            return nil
        }
    }

    /// - Parameter rule: a further member of the schema.
    private init(
        of form: Form, rule: JSONValue.Member? = nil, read: @escaping @Sendable (JSONField) -> Value?
    ) {
        func ruled(_ schema: JSONValue) -> JSONValue {
            guard let rule, case .object(let members) = schema else { return schema }
            return .object(members + [rule])
        }
        component = form.component.map { Component(name: $0.name, schema: ruled($0.schema)) }
        schema = form.component == nil ? ruled(form.schema) : form.schema
        self.read = read
        write = form.write
    }

    /// - Parameter name: the name of the component with the schema; `nil`: the schema is repeated wherever it is
    ///   referred to.
    init(
        named name: String?, schema: JSONValue, read: @escaping @Sendable (JSONField) -> Value?,
        write: @escaping @Sendable (Value) -> JSONValue
    ) {
        component = name.map { Component(name: $0, schema: schema) }
        self.schema = name.map { ["$ref": .string("#/components/schemas/\($0)")] } ?? schema
        self.read = read
        self.write = write
    }
}

extension Form {
    /// The value, if nothing is wrong with it. Faults are not noted.
    func fitting(_ field: JSONField) -> Value? { try? outcome(field).get() }

    /// The value, or what is wrong with it. Faults are not noted.
    func outcome(_ field: JSONField) -> Result<Value, BodyError> {
        let list = FaultList(field.list.reading)
        let value = read(JSONField(field.value, pointer: field.pointer, list: list))
        guard let value, list.faults.isEmpty else { return .failure(BodyError(list.faults)) }
        return .success(value)
    }
}

/// A schema that others refer to by its name.
package struct Component: Sendable, Hashable {
    package let name: String
    package let schema: JSONValue
}

/// A body of the API.
package protocol Described: Sendable {
    static var form: Form<Self> { get }
}

extension Described {
    package var json: JSONValue { Self.form.write(self) }

    /// The JSON text. Equal values have equal text, and so equal ETags.
    package var jsonBytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(json)
        return writer.bytes
    }

    /// The value that JSON text stands for.
    package init(json bytes: [UInt8], _ reading: Reading) throws(BodyError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONParser.parse(bytes)
        } catch {
            throw BodyError(error)
        }
        try self.init(json, reading)
    }

    /// The value that a JSON value stands for.
    package init(_ json: JSONValue, _ reading: Reading) throws(BodyError) {
        let list = FaultList(reading)
        guard let value = Self.form.read(JSONField(json, list: list)), list.faults.isEmpty else {
            throw BodyError(list.faults)
        }
        self = value
    }
}

extension Array: Described where Element: Described {
    package static var form: Form<[Element]> { .list(of: Element.form) }
}
