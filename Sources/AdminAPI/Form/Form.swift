package import JSON

/// The form of a type's values in JSON bodies: how to read them, noting every fault with its place, how to write
/// them, and their schema.
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

/// A schema with a name, to which others refer.
package struct Component: Sendable, Hashable {
    package let name: String
    package let schema: JSONValue
}

/// A body of the API.
package protocol Described: Sendable {
    static var form: Form<Self> { get }
}

extension Described {
    /// The JSON text in UTF-8. Equal values have equal text, and so equal ETags.
    package var jsonBytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(Self.form.write(self))
        return writer.bytes
    }
}

extension Array: Described where Element: Described {
    package static var form: Form<[Element]> { .list(of: Element.form) }
}
