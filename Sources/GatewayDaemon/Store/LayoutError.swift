import FoundationEssentials

/// What is wrong in a JSON file: the value, and why it does not fit.
struct LayoutError: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(description: String) { self.description = description }

    /// Decodes a value from a file's bytes.
    static func decode<Value: Decodable>(_ type: Value.Type, from json: [UInt8]) throws(LayoutError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(json))
        } catch let error as DecodingError {
            throw LayoutError(error)
        } catch {
            throw LayoutError(description: "it is not JSON")
        }
    }

    /// Refuses a file of another version, whatever else is in it.
    static func check(version: Int, of json: [UInt8]) throws(LayoutError) {
        struct Header: Decodable {
            var version: Int
        }
        let found = try decode(Header.self, from: json).version
        guard found == version else {
            throw LayoutError(description: "it is of version \(found), which this portcullis-gateway does not know")
        }
    }

    private init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            description = "\(Self.path(context.codingPath + [key])) is missing"
        case .valueNotFound(let type, let context):
            description = "\(Self.path(context.codingPath)) is null, not \(Self.words(type))"
        case .typeMismatch(let type, let context):
            description = "\(Self.path(context.codingPath)) is not \(Self.words(type))"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            description = "it is not JSON, or not all of it is there"
        case .dataCorrupted(let context):
            description = "\(Self.path(context.codingPath)) is out of range, or no such value"
        @unknown default:
            description = "it is not what this version writes"
        }
    }

    /// The path of a value: `drains[0].service.port`; `it` for the whole file.
    private static func path(_ keys: [any CodingKey]) -> String {
        let path = keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return path.isEmpty ? "it" : path
    }

    private static func words(_ type: Any.Type) -> String {
        switch type {
        case is any Numeric.Type: "a number"
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is any ExpressibleByArrayLiteral.Type: "a list"
        default: "an object"
        }
    }
}
