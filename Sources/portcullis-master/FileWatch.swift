import Glibc
import Text

/// Changes of the configuration file and of the folder of crashes (inotify(7)).
final class FileWatch {
    enum Change {
        case configuration
        /// A file of crashes is gone.
        case crash(String)
    }

    let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    private let name: String
    private var configuration: Int32 = -1
    private var crashes: Int32 = -1

    /// Watches folders: a file that is replaced by renaming is another file.
    init(configuration path: String?, crashes folder: String) {
        let slash = path?.lastByte("/")
        name = path.map { path in String(path[(slash.map { path.index(after: $0) } ?? path.startIndex)...]) } ?? ""
        crashes = inotify_add_watch(descriptor, folder, UInt32(IN_DELETE | IN_MOVED_FROM))
        if let path {
            let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            configuration = inotify_add_watch(
                descriptor, folder, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MASK_ADD))
            if configuration < 0 { Log.say("\(folder): its changes are not seen: \(Log.text(errno))") }
        }
    }

    /// What has changed since the last call.
    func changes() -> [Change] {
        var found: [Change] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return found }
            var offset = 0
            while offset + 16 <= count {
                let (watch, length) = buffer.withUnsafeBytes { bytes in
                    (
                        bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self),
                        Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                    )
                }
                let bytes = buffer[(offset + 16)..<min(offset + 16 + length, count)].prefix { $0 != 0 }
                let name = String(decoding: bytes, as: UTF8.self)
                if watch == configuration, name.isExactly(self.name) { found.append(.configuration) }
                if watch == crashes { found.append(.crash(name)) }
                offset += 16 + length
            }
        }
    }

    /// What tells one content of a file from another: it changes when the file is replaced or written.
    static func identity(of path: String?) -> String? {
        guard let path else { return nil }
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        return "\(found.st_ino):\(found.st_mtim.tv_sec).\(found.st_mtim.tv_nsec):\(found.st_size)"
    }
}
