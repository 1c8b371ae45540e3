import AdminAPI
import Glibc
import JSON
import ServiceSupport
import SystemPackage
import Text
import Versions

/// The directory of a job: that it was begun, its program's output and end, and its report when it is over.
struct JobFolder: Sendable {
    let path: String

    init(_ id: String, _ directory: NodeDirectory) { path = directory.process(ofJob: id).directory }

    private var reportPath: String { "\(path)/report.json" }
    private var notePath: String { "\(path)/begun" }

    /// Begins the job. Returns whether nobody has before.
    ///
    /// - Parameter note: what is to be known of the beginning.
    func begin(_ note: String) throws(FileError) -> Bool {
        guard mkdir(path, 0o755) == 0 else {
            guard errno == EEXIST else { throw FileError("make", path, errno: Errno(rawValue: errno)) }
            return false
        }
        try Files.replace(notePath, with: Array(note.utf8), isDurable: true)
        return true
    }

    /// Whether somebody has begun the job.
    var isBegun: Bool { access(path, F_OK) == 0 }

    /// What was noted at the beginning; `nil`: nothing was, since the agent was ended before.
    var note: String? {
        (try? Files.read(notePath)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The report of a job that is over.
    var report: JobReport? {
        guard let bytes = (try? Files.read(reportPath)).flatMap({ $0 }) else { return nil }
        return try? JobReport(json: bytes, .tolerant)
    }

    func finish(_ report: JobReport) throws(FileError) {
        try Files.replace(reportPath, with: report.jsonBytes, isDurable: true)
    }

    /// The end of the output, of which the earlier part may have been moved aside.
    var output: String {
        let limit = Limits.jobOutput
        var bytes = Self.end(of: "\(path)/output", limit)
        if bytes.count < limit { bytes = Self.end(of: "\(path)/output.1", limit - bytes.count) + bytes }
        // What is no UTF-8 becomes longer.
        return ReportedText.output(String(decoding: bytes, as: UTF8.self))
    }

    private static func end(of path: String, _ limit: Int) -> [UInt8] {
        guard let file = try? InputFile.open(path) else { return [] }
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), limit))
        let start = Int64(max(0, Int(status.st_size) - limit))
        let count = (try? bytes.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: start, into: $0) }) ?? 0
        return Array(bytes[..<count])
    }

    func remove() {
        guard let folder = try? Directory.open(Folder.parent(of: path)), let slash = path.lastByte("/") else { return }
        _ = try? folder.removeAll(String(path[path.index(after: slash)...]))
    }
}
