import CommandLineSupport
import LargeCloud
import ServiceSupport

/// A directory below which files are written.
struct Directory {
    private let path: String

    init(_ path: String) { self.path = path }

    func write(_ files: [LargeCloud.File]) throws {
        for file in files {
            let place = "\(path)/\(file.path)"
            try Folder.make(Folder.parent(of: place))
            try TextFile.write(file.text, to: place)
        }
    }
}
