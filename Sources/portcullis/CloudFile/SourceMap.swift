import AdminAPI
import Text
import YAML

/// Converts the places in ADMIN's errors to places in the operator's files.
struct SourceMap: Equatable {
    /// Places in the cloud file by JSON pointer into the request (`#/services/3/server`).
    // exact: indices and names of members
    private(set) var positions: [String: YAMLPosition] = [:]
    /// Paths on the operator's machine, by the name that ADMIN gives to a type's file (`pgw.yaml`).
    private(set) var files: [ExactText: String] = [:]

    mutating func add(_ pointer: String, _ position: YAMLPosition) { positions[pointer] = position }

    mutating func add(file name: String, path: String) { files[ExactText(name)] = path }

    /// Adds the type at an index of the request: an error about the whole type refers to its file.
    mutating func add(_ type: TypeFile, at index: Int) {
        add(file: "\(type.type).yaml", path: type.path)
        add("#/types/\(index)", YAMLPosition(file: type.path, line: 1, column: 1))
    }

    /// `cloud.yaml:12:7` for a pointer, `types/tg.yaml:12:7` for `tg.yaml:12:7`, any other text unchanged.
    func place(of pointer: String) -> String {
        guard pointer.hasBytePrefix("#") else {
            // `{server}`, a part of the request's path.
            return pointer.hasBytePrefix("{") && pointer.hasByteSuffix("}")
                ? String(Substring(pointer.utf8.dropFirst().dropLast())) : translated(pointer)
        }
        var path = pointer[...]
        while true {
            if let position = positions[String(path)] { return position.description }
            guard let slash = path.lastByte("/") else { return Self.path(pointer) }
            path = path[..<slash]
        }
    }

    /// `#/addresses/0` as people write it: `addresses.0`.
    private static func path(_ pointer: String) -> String {
        let path = Substring(pointer.utf8.dropFirst(2)).replacingByte("/", with: ".")
        return path.isEmpty ? "the request" : path
    }

    /// A text in which every `pgw.yaml:7:5` is replaced by a path that the operator can open.
    func translated(_ text: String) -> String {
        guard !files.isEmpty, text.firstBytes(".yaml:") != nil else { return text }
        return text.splitBytes(" ").map { word in
            guard let colon = word.firstByte(":") else { return String(word) }
            let opening = Substring(word.utf8.prefix { "(\"".utf8.contains($0) })
            return files[ExactText(word[opening.endIndex..<colon])].map { opening + $0 + word[colon...] }
                ?? String(word)
        }.joined(separator: " ")
    }
}
