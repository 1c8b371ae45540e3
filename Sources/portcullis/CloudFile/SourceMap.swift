import AdminAPI
import Text
import YAML

/// Converts the places in ADMIN's errors to places in the operator's files.
struct SourceMap: Equatable {
    /// Places in the cloud file by JSON pointer into the request (`#/services/3/server`).
    // exact: indices and names of members
    private(set) var positions: [String: YAMLPosition] = [:]
    /// Texts on the operator's machine, by the name that ADMIN gives to a type's file (`pgw.yaml`).
    private(set) var files: [ExactText: TypeText] = [:]

    /// What is at a place of a request that was made of arguments, by JSON pointer: `server app1`.
    // exact: indices and names of members
    private(set) var names: [String: String] = [:]

    /// Where the text of a type is.
    enum TypeText: Equatable {
        case file(path: String)
        /// It is a part of a cloud file.
        case inline(InlineType)
    }

    mutating func add(_ pointer: String, _ position: YAMLPosition) { positions[pointer] = position }

    mutating func add(_ pointer: String, name: String) { names[pointer] = name }

    mutating func add(file name: String, path: String) { files[ExactText(name)] = .file(path: path) }

    /// Adds the type at an index of the request: an error about the whole type refers to its file.
    mutating func add(_ type: TypeFile, at index: Int) {
        let name = "\(type.type).yaml"
        if let inline = type.inline {
            files[ExactText(name)] = .inline(inline)
            add("#/types/\(index)", inline.position(line: 1, column: 1))
        } else {
            add(file: name, path: type.path)
            add("#/types/\(index)", YAMLPosition(file: type.path, line: 1, column: 1))
        }
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
            if let name = names[String(path)] { return name }
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
            let rest = word[colon...]
            switch files[ExactText(word[opening.endIndex..<colon])] {
            case nil: return String(word)
            case .file(let path): return opening + path + rest
            case .inline(let type): return opening + Self.place(rest, in: type)
            }
        }.joined(separator: " ")
    }

    /// `cloud.yaml:19:9),` for `:7:5),`.
    private static func place(_ rest: Substring, in type: InlineType) -> String {
        var bytes = rest.utf8[...]
        func number() -> Int? {
            guard bytes.first == UInt8(ascii: ":") else { return nil }
            let digits = bytes.dropFirst().prefix { $0 >= 0x30 && $0 <= 0x39 }
            guard let number = Int(Substring(digits)) else { return nil }
            bytes = bytes[digits.endIndex...]
            return number
        }
        guard let line = number(), let column = number() else { return "\(type.position)\(rest)" }
        return "\(type.position(line: line, column: column))\(Substring(bytes))"
    }
}
