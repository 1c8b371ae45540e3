import ArgumentParser
import JSON
import Text

/// The names of what a command shows, for `--output name`.
enum ResultNames {
    /// One name a line.
    ///
    /// - Throws: where the result has no names.
    static func lines(_ json: JSONValue) throws -> String {
        guard let names = names(json["changes"] ?? json) else {
            throw ValidationError("--output name: this result has no names")
        }
        return names.map(\.printable).joined(separator: "\n")
    }

    private static func names(_ json: JSONValue) -> [String]? {
        guard case .array(let elements) = json else { return name(json).map { [$0] } }
        let names = elements.compactMap(name)
        return names.count == elements.count ? names : nil
    }

    /// The member that names a resource, in the resource itself or in what describes it further.
    private static func name(_ json: JSONValue) -> String? {
        // A job is named by its identifier; its name is that of an action.
        if let text = json["id"]?.string { return text }
        for member in ["fingerprint", "name", "service", "server", "gateway", "type", "mark"] {
            switch json[member] {
            case .string(let text): return text
            case .integer(let number): return "\(number)"
            case .object(let members): return name(.object(members))
            default: continue
            }
        }
        return nil
    }
}
