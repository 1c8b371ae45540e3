package import JSON

extension JSONValue {
    /// Reads bytes that may be anything: an entry for fuzzers.
    ///
    /// - Returns: whether they are JSON that is taken.
    /// - Precondition: reading never crashes, errors have a place, and what was read is the same after it was written, or
    ///   indented, and read again.
    @discardableResult
    package static func fuzz(_ bytes: [UInt8]) -> Bool {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONParser.parse(bytes)
        } catch {
            precondition(error.line >= 1 && error.column >= 1 && error.line <= bytes.count + 1, "\(error)")
            _ = try? JSONIndenter.indented(bytes)
            return false
        }
        precondition(
            read(Array("\(value)".utf8))?.normal == value.normal,
            "written and read again, it is another value: \(value)")
        guard let indented = try? JSONIndenter.indented(bytes) else { preconditionFailure("it cannot be indented") }
        guard let again = read(indented) else { preconditionFailure("what was indented cannot be read") }
        precondition(again.normal == value.normal, "indented and read again, it is another value")
        precondition((try? JSONIndenter.indented(indented)) == indented, "indented twice, it is another text")
        return true
    }

    private static func read(_ bytes: [UInt8]) -> JSONValue? { try? JSONParser.parse(bytes) }

    /// The value with the members of each object by their names, and numbers as they are once rounded: a fraction that
    /// is rounded to a whole number (`1e-400`) is written as `0.0`, which reads as an integer.
    private var normal: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.normal))
        case .object(let members):
            .object(
                members.map { Member(name: $0.name, value: $0.value.normal) }
                    .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        case .integer(let number): .number(Double(number))
        default: self
        }
    }
}
