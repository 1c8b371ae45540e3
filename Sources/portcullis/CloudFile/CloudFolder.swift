import CommandLineSupport
import ServiceSupport
import Text

/// The directory that `get cloud --directory` writes.
struct CloudFolder {
    private let given: String
    /// With a slash at the end.
    private let path: String

    init(_ path: String) {
        given = path
        self.path = path.hasByteSuffix("/") ? path : path + "/"
    }

    /// Writes the files of a cloud over those of an earlier one. The cloud file comes last, so that it never names a
    /// file that is not there. Type files that the cloud no longer has stay, with a note.
    ///
    /// Throws before anything is written if the files would not be read back as the cloud.
    func write(_ cloud: CloudFileText) throws {
        let files = cloud.directory
        do {
            try cloud.check(files)
        } catch {
            throw CommandError("the registry cannot be written as cloud files: \(error)")
        }
        let others = (YAMLFolder(path, list: LocalFile.names)?.files ?? []).filter {
            !$0.isExactly(path + files[0].path)
        }
        if let other = others.first {
            throw CommandError(
                "\(other) is a cloud file, too: `apply -f \(path)` would take both",
                hint: "Name another directory, or move that file.")
        }
        // On its own first, so that an error names what was given.
        try Folder.make(given)
        try Folder.make(path + "types")
        for file in files.dropFirst() + files.prefix(1) {
            try Files.replace(path + file.path, with: Array(file.text.utf8), isDurable: false)
        }
        let written = Set(files.map { ExactText(path + $0.path) })
        for file in YAMLFolder(path + "types", list: LocalFile.names)?.files ?? []
        where !written.contains(ExactText(file)) {
            StandardError.write("Note: \(file) is not a type of the registry; \(files[0].path) does not name it.")
        }
    }
}
