import AdminAPI
import CombinedConfiguration
import Text
import YAML

/// A meta-configuration file: its text, and the type that it names.
///
/// Only what is needed to send it is read here; ADMIN validates the rest.
struct TypeFile: Equatable {
    /// The path, for a text in a cloud file its place there.
    let path: String
    /// The text's place in a cloud file; `nil` for a file of its own.
    let inline: InlineType?
    let type: String
    let source: String

    init(parsing source: String, path: String) throws(YAMLError) {
        let document = try YAMLDocument.parseOne(source, file: path, allowedTags: ConfigurationMarker.tags)
        type = try document.mapping("a meta-configuration").required("type").string("the name of a service type")
        self.path = path
        self.source = source
        inline = nil
    }

    /// A type whose text stands in a cloud file.
    init(parsing text: InlineType) throws(YAMLError) {
        let file: TypeFile
        do throws(YAMLError) {
            file = try TypeFile(parsing: text.source, path: text.position.file)
        } catch {
            throw text.error(error)
        }
        path = text.position.description
        type = file.type
        source = text.source
        inline = text
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

    mutating func load(_ references: [CloudFile.TypeReference]) throws -> [TypeFile] {
        var errors = [YAMLError]()
        var files = [TypeFile]()
        var places = [ExactText: String]()
        func add(_ place: YAMLPosition, _ read: () throws -> TypeFile) {
            do {
                let file = try read()
                if let first = places.updateValue(file.path, forKey: ExactText(file.type)) {
                    let type = file.type.printable
                    errors.append(
                        YAMLError(
                            place,
                            first.isExactly(file.path)
                                ? "\(file.path), of the type \(type), is listed twice"
                                : "the type \(type) is in \(first) and \(file.path)"))
                }
                files.append(file)
            } catch let error as YAMLError {
                errors.append(error)
            } catch {
                errors.append(YAMLError(place, "\(error)"))
            }
        }
        for reference in references {
            switch reference {
            case .text(let text): add(text.position) { try TypeFile(parsing: text) }
            case .path(let path, let place):
                for path in paths(path) { add(place) { try TypeFile(parsing: try read(path), path: path) } }
            }
        }
        if let first = errors.first { throw YAMLErrors(first, Array(errors.dropFirst())) }
        return files
    }

    /// The file itself, or the YAML files of a directory. Other files are noted, since `--prune` would delete a type
    /// whose file has another name. Hidden files are ignored.
    private mutating func paths(_ path: String) -> [String] {
        guard let folder = YAMLFolder(path, list: list) else { return [path] }
        notes += folder.others.map { "\($0) is no type file (*.yaml, *.yml) and is passed over" }
        if folder.files.isEmpty { notes.append("there is no type file (*.yaml, *.yml) in \(folder.path)") }
        return folder.files
    }
}
