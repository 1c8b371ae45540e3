package import Cloud
package import Text

/// What a version is: its files, and everything that is executed or placed on a server for it. Its exact bytes are
/// signed, and their SHA-256 names the version; so a server needs to trust nobody else.
package struct Manifest: Sendable, Hashable {
    /// The number of the newest format that is read.
    package static let newestFormat = 2
    /// The most bytes of a manifest.
    package static let largest = 64 << 20
    /// The most files, and the most links.
    package static let mostFiles = 100_000

    package var version: VersionName
    /// A build sorts them by path; a manifest that is read has them in any order.
    package var files: [File]
    package var links: [Link] = []
    /// The user of the server as which a service runs; `nil`: one of its own.
    package var user: String?
    /// `nil`: nothing is to be run.
    package var run: RunSection?
    package var listen: [ListeningSocket] = []
    /// Whether the sockets of `listen` are opened for the program, which inherits them. In format 1 it opens them itself.
    package var isListenOpened = true
    package var tests: [Test] = []
    package var actions: [ServiceAction] = []
    /// Directories to make beside the versions, in order.
    package var directories: [ServiceDirectory] = []
    /// Directories to remove with their contents when a service leaves a server, in order.
    package var removedDirectories: [String] = []
    package var database: Database?
    package var limits: ServiceLimits?

    package init(version: VersionName, files: [File]) {
        self.version = version
        self.files = files
    }

    /// A regular file.
    package struct File: Sendable, Hashable {
        @ExactText package var path: String
        package var mode: FileMode
        package var blob: Blob

        package init(path: String, mode: FileMode, blob: Blob) {
            self.path = path
            self.mode = mode
            self.blob = blob
        }
    }

    /// A symbolic link to a file, directory or link of the version.
    package struct Link: Sendable, Hashable {
        @ExactText package var path: String
        /// Relative to the directory of the link.
        @ExactText package var target: String

        package init(path: String, target: String) {
            self.path = path
            self.target = target
        }
    }

    /// A check to run on a service after each upgrade.
    package struct Test: Sendable, Hashable {
        @ExactText package var name: String
        package var action: ServiceTest.Action
        /// Seconds that the test may take.
        package var timeout: Int
        package var origin: ServiceTest.Origin

        package init(name: String, action: ServiceTest.Action, timeout: Int, origin: ServiceTest.Origin) {
            self.name = name
            self.action = action
            self.timeout = timeout
            self.origin = origin
        }
    }

    /// The database of the type: files of the version.
    package struct Database: Sendable, Hashable {
        @ExactText package var name: String
        /// The file with the schema of a new database.
        @ExactText package var schema: String
        /// The directory with patches.
        package var patches: String?

        package init(name: String, schema: String, patches: String?) {
            self.name = name
            self.schema = schema
            self.patches = patches
        }
    }

    /// The number of its format: the oldest that can say it, so that older programs read what they can carry out.
    package var format: Int {
        let isNew = (!listen.isEmpty && isListenOpened) || run?.hasMaster ?? false
        return isNew ? 2 : 1
    }

    /// The contents of all files, each once. Cost: linear.
    package var blobs: [Blob] {
        var seen = Set<ContentDigest>()
        return files.map(\.blob).filter { seen.insert($0.digest).inserted }
    }

    /// Bytes of all files, each counted as often as it is in the version. Cost: linear.
    package var size: Int { files.reduce(0) { $0 + $1.blob.size } }
}

extension RunSection {
    /// Whether it says something that format 1 cannot say.
    fileprivate var hasMaster: Bool {
        workers != 0 || reload != nil || watchdog != nil || inheritance != .systemd
    }
}

/// The permissions of a file of a version: at most those of 0755, and its owner may read it. So there is neither setuid
/// nor a file that others may write.
package struct FileMode: Sendable, Hashable {
    package let bits: UInt16

    private static let allowed: UInt16 = 0o755

    /// `nil`: other bits than those of 0755, or a file that not even its owner may read.
    package init?(bits: UInt16) {
        guard bits & ~Self.allowed == 0, bits & 0o400 != 0 else { return nil }
        self.bits = bits
    }

    /// Reads `0644`: four octal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 4, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let bits = UInt16(text, radix: 8)
        else { return nil }
        self.init(bits: bits)
    }

    /// The mode of a file of a build: what others may write, they may not in a version. `nil`: setuid, setgid or sticky,
    /// or a file that its owner may not read.
    package init?(ofBuilt bits: UInt32) {
        guard bits & 0o7000 == 0 else { return nil }
        self.init(bits: UInt16(bits & UInt32(Self.allowed)))
    }

    package var isExecutable: Bool { bits & 0o100 != 0 }
}

extension FileMode: CustomStringConvertible {
    /// `0755`
    package var description: String {
        let digits = String(bits, radix: 8)
        return String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}
