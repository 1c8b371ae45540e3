import ArgumentParser
import DatabasePatches
import Databases
import Text

/// Where the files of the version are.
struct FileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The directory of the version's files (.).", valueName: "path"), completion: .directory)
    var directory = "."

    @Option(
        help: ArgumentHelp(
            "The version's manifest, whose section database names schema and patches.", valueName: "path"),
        completion: .file())
    var manifest: String?

    @Option(
        help: ArgumentHelp("The schema, in the directory (sql/schema.sql).", valueName: "path"), completion: .file())
    var schema: String?

    @Option(
        help: ArgumentHelp("The directory of the patches, in the directory (sql/patches).", valueName: "path"),
        completion: .directory)
    var patches: String?

    /// The files, for an engine.
    func files(_ engine: DatabaseEngine) throws(DatabaseError) -> PatchDirectory {
        var (schema, patches): (String, String?) = ("sql/schema.sql", "sql/patches")
        if let manifest { (schema, patches) = try PatchDirectory.named(inManifest: manifest) }
        return PatchDirectory(
            schema: path(self.schema ?? schema), patches: (self.patches ?? patches).map(path), engine: engine)
    }

    private func path(_ path: String) -> String {
        path.hasBytePrefix("/") || directory.isExactly(".") ? path : "\(directory)/\(path)"
    }
}
