import Cloud
import CommandLineSupport
import Text
import YAML

/// Finds the meta-configuration of the type that is built.
enum TypeOfVersion {
    /// - Parameter path: a file, or a directory with type files.
    static func find(_ type: String, in path: String) throws -> MetaConfiguration {
        guard let folder = YAMLFolder(path, list: LocalFile.names) else { return try find(type, inFiles: [path]) }
        // By convention the file has the type's name; only otherwise are all looked at.
        let named = folder.files.filter { file in
            ["yaml", "yml"].contains { file.isExactly("\(folder.path)\(type).\($0)") }
        }
        guard !folder.files.isEmpty else {
            throw CommandError(
                "there is no type file (*.yaml, *.yml) in \(folder.path.printable)",
                hint: "--types names the type's file, or the directory that has it.")
        }
        return try find(type, inFiles: named.isEmpty ? folder.files : named)
    }

    private static func find(_ type: String, inFiles files: [String]) throws -> MetaConfiguration {
        for file in files {
            let text = try LocalFile.text(file)
            // Of several files those of other types need not be right.
            if files.count > 1, (try? TypeFile(parsing: text, path: file))?.type.isExactly(type) != true { continue }
            let configurations: [MetaConfiguration]
            do throws(YAMLErrors) {
                configurations = try MetaConfiguration.load(text, file: file)
            } catch {
                throw CommandError("\(error)")
            }
            if let found = configurations.first(where: { $0.type.isExactly(type) }) { return found }
        }
        throw CommandError(
            "\(files.count == 1 ? files[0].printable : "none of \(files.count) files") has no type \(type)",
            hint: "--types names the type's file, or the directory that has it.")
    }
}
