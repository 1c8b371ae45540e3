import AdminAPI
import CombinedConfiguration
import YAML

/// A meta-configuration file: its text, and the type it says it is of.
///
/// Only what is needed to send it is looked at here; ADMIN validates the rest.
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

/// Finds and reads the type files a cloud file names.
struct TypeFileLoader {
    /// The text of a file; throws when it cannot be read.
    var read: (String) throws -> String
    /// The names in a directory; `nil` when the path is no directory.
    var list: (String) -> [String]?

    /// - Parameter base: the directory relative paths start from, empty or with a slash at its end.
    func load(_ references: [CloudFile.TypeReference], base: String) throws -> [TypeFile] {
        var errors = [YAMLError]()
        var files = [TypeFile]()
        var places = [String: String]()
        for reference in references {
            for path in paths(reference.path.hasPrefix("/") ? reference.path : base + reference.path) {
                do {
                    let file = try TypeFile(parsing: try read(path), path: path)
                    if let first = places.updateValue(path, forKey: file.type) {
                        errors.append(YAMLError(reference.position, "the type \(file.type) is in \(first) and \(path)"))
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

    /// The file itself, or a directory's `*.yaml` files.
    private func paths(_ path: String) -> [String] {
        guard let names = list(path) else { return [path] }
        let directory = path.hasSuffix("/") ? path : path + "/"
        return names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.map { directory + $0 }
    }
}
