import Cloud
import Glibc
import ServiceSupport
import Text

/// The drives of a server, by the names that node.yaml gives them.
enum Drive {
    /// The name of the drive that is the archive.
    static let archive = "archive"

    /// The directory of the drive for a storage.
    ///
    /// - Throws: if there is no such drive, or it is not mounted: its mount point is another file system's.
    static func path(
        for storage: ServiceDirectory.Storage, _ assigned: String?, _ configuration: NodeConfiguration
    ) throws(LaunchError) -> String {
        let name = storage == .archive ? archive : assigned ?? ""
        guard let path = configuration.drives[ExactText(name)] else {
            throw LaunchError("the drive \(name.printed()) is not in node.yaml (drives)")
        }
        guard isMounted(path) else { throw LaunchError("the drive \(name) is not mounted at \(path.printable)") }
        return path
    }

    /// Whether a file system of its own is mounted at a path.
    static func isMounted(_ path: String) -> Bool {
        var own = stat()
        var above = stat()
        guard stat(path, &own) == 0, stat(Folder.parent(of: path), &above) == 0 else { return false }
        return own.st_dev != above.st_dev
    }
}
