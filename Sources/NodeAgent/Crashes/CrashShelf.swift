import AdminAPI
import Foundation
import ServiceSupport
import Text
import Versions

/// The crashes that a node keeps: for each a directory with its report until ADMIN has it, and its dump.
struct CrashShelf: Sendable {
    let path: String
    /// Bytes of all dumps.
    let room: Int

    /// Reports that wait for ADMIN. Older ones are dropped then, and their dumps stay.
    private static let mostReports = 1_000
    /// Crashes whose dumps are kept.
    private static let mostDumps = 1_000

    init(_ directory: NodeDirectory, room: Int) {
        path = directory.crashes
        self.room = room
    }

    func folder(_ id: String) -> String { "\(path)/\(id)" }
    private func report(_ id: String) -> String { "\(folder(id))/report.json" }
    private func dump(_ id: String) -> String { "\(folder(id))/dump" }
    private func kindFile(_ id: String) -> String { "\(folder(id))/kind" }

    /// The process that dumps, whose output is the dump.
    func process(_ id: String) -> ServiceProcess {
        ServiceProcess(directory: "\(folder(id))/work", log: "\(folder(id))/work/output")
    }

    /// All that are kept, in no order.
    var ids: [String] { Files.names(in: path).filter { WantedDump.isID($0) } }

    /// Keeps a crash, at one stroke: the report comes last.
    ///
    /// - Parameters:
    ///   - kind: what is known of such a crash before its dump.
    func keep(_ report: CrashReport, dump: [UInt8], kind: String) throws(FileError) {
        try Folder.make(folder(report.id), mode: 0o755)
        if !dump.isEmpty {
            try Files.replace(self.dump(report.id), with: dump, isDurable: false, mode: 0o600)
            try Files.replace(
                kindFile(report.id), with: Array("\(report.fingerprint) \(kind)".utf8), isDurable: false, mode: 0o600)
        }
        try Files.replace(self.report(report.id), with: report.jsonBytes, isDurable: true, mode: 0o600)
    }

    /// Whether the crash is kept already.
    func has(_ id: String) -> Bool {
        access(report(id), F_OK) == 0 || access(dump(id), F_OK) == 0
    }

    /// Reports that ADMIN has not, the oldest first. Cost: all that are kept.
    func waiting() -> [CrashReport] {
        ids.compactMap { id in
            guard let bytes = (try? Files.read(report(id), limit: 1 << 20)).flatMap({ $0 }) else { return nil }
            return try? CrashReport(json: bytes, .tolerant)
        }.sorted { $0.at.utf8.lexicographicallyPrecedes($1.at.utf8) }
    }

    /// Notes that ADMIN has the report.
    func deliver(_ id: String) {
        Files.remove(report(id))
        if access(dump(id), F_OK) != 0 { remove(id) }
    }

    /// The dump; `nil`: there is none any more.
    func dump(of id: String) -> [UInt8]? {
        guard WantedDump.isID(id) else { return nil }
        return (try? Files.read(dump(id), limit: Limits.crashDump)).flatMap { $0 }
    }

    /// The fingerprints of the crashes that were dumped, by what is known of such a crash before its dump.
    var kinds: [ExactText: String] {
        var kinds: [ExactText: String] = [:]
        for id in ids {
            guard let bytes = (try? Files.read(kindFile(id), limit: 1 << 14)).flatMap({ $0 }) else { continue }
            let parts = String(decoding: bytes, as: UTF8.self).splitBytes(" ", maxSplits: 1)
            if parts.count == 2 { kinds[ExactText(String(parts[1]))] = String(parts[0]) }
        }
        return kinds
    }

    /// Removes what is too much, the oldest first. Cost: all that are kept.
    func trim() {
        let all = ids.map { (id: $0, dump: Files.identity(of: dump($0)), report: Files.identity(of: report($0))) }
            .sorted { ($0.dump ?? $0.report)?.modified ?? 0 > ($1.dump ?? $1.report)?.modified ?? 0 }
        var (size, dumps, reports) = (0, 0, 0)
        for (id, dump, report) in all {
            if report != nil {
                reports += 1
                if reports > Self.mostReports { Files.remove(self.report(id)) }
            }
            if let dump {
                size += dump.size
                dumps += 1
                if size > room || dumps > Self.mostDumps { Files.remove(self.dump(id)) }
            }
            // Half of a crash, of an agent that was killed.
            if report == nil, dump == nil { remove(id) }
        }
    }

    private func remove(_ id: String) { _ = try? Directory.open(path).removeAll(id) }
}
