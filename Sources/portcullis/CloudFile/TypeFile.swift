import AdminAPI
import CombinedConfiguration
import Text
import YAML

/// A meta-configuration file: its text, and the type that it names.
///
/// Only what is needed to send it is read here; ADMIN validates the rest.
struct TypeFile: Equatable {
    let path: String
    let type: String
    let source: String

    init(parsing source: String, path: String) throws(YAMLError) {
        let document = try YAMLDocument.parseOne(source, file: path, allowedTags: ConfigurationMarker.tags)
        type = try document.mapping("a meta-configuration").required("type").string("the name of a service type")
        self.path = path
        self.source = source
    }
}

/// Finds and reads the type files that a cloud file names.
struct TypeFileLoader {
    /// Returns the text of a file; throws if it cannot be read.
    var read: (String) throws -> String
    /// Returns the names in a directory; `nil` if the path is no directory.
    var list: (String) -> [String]?
    /// Notes for the operator that are no errors.
    private(set) var notes: [String] = []

    init(read: @escaping (String) throws -> String, list: @escaping (String) -> [String]?) {
        self.read = read
        self.list = list
    }

    /// - Parameter base: the directory to which paths are relative; empty, or with a slash at the end.
    mutating func load(_ references: [CloudFile.TypeReference], base: String) throws -> [TypeFile] {
        var errors = [YAMLError]()
        var files = [TypeFile]()
        var places = [ExactText: String]()
        for reference in references {
            for path in paths(reference.path.hasBytePrefix("/") ? reference.path : base + reference.path) {
                do {
                    let file = try TypeFile(parsing: try read(path), path: path)
                    if let first = places.updateValue(path, forKey: ExactText(file.type)) {
                        let type = file.type.printable
                        errors.append(
                            YAMLError(
                                reference.position,
                                first.isExactly(path)
                                    ? "\(path), of the type \(type), is listed twice"
                                    : "the type \(type) is in \(first) and \(path)"))
                    }
                    files.append(file)
                } catch let error as YAMLError {
                    errors.append(error)
                } catch {
                    errors.append(YAMLError(reference.position, "\(error)"))
                }
            }
        }
        if let first = errors.first { throw YAMLErrors(first, Array(errors.dropFirst())) }
        return files
    }

    /// The file itself, or the `*.yaml` and `*.yml` files of a directory. Other files are noted, since `--prune`
    /// would delete a type whose file has another name. Hidden files are ignored.
    private mutating func paths(_ path: String) -> [String] {
        guard let names = list(path) else { return [path] }
        let directory = path.hasByteSuffix("/") ? path : path + "/"
        let visible = names.filter { !$0.hasBytePrefix(".") }
        let files = visible.filter { $0.hasByteSuffix(".yaml") || $0.hasByteSuffix(".yml") }
        for name in visible where !files.contains(where: name.isExactly) {
            notes.append("\(directory)\(name) is no type file (*.yaml, *.yml) and is passed over")
        }
        if files.isEmpty { notes.append("there is no type file (*.yaml, *.yml) in \(directory)") }
        return files.map { directory + $0 }
    }
}
