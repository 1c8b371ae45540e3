package import JSON

extension JSONValue {
    /// Its number; `nil` if it is no integer.
    package var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// Its text; `nil` if it is no string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
