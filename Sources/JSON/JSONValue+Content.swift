extension JSONValue {
    /// The text of a string; `nil` for any other value.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A number without a fraction; `nil` for any other value.
    package var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The elements of an array; `nil` for any other value.
    package var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
