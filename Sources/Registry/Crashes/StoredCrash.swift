package import AdminAPI
import Names
import Text

/// A crash report as ADMIN keeps it.
package struct StoredCrash: Sendable, Hashable {
    package var report: CrashReport
    package var server: String
    package var type: String
    /// As ADMIN knew it when the report came.
    package var version: CrashVersion
    /// RFC 3339 in UTC.
    package var receivedAt: String
    /// When it crashed, RFC 3339 in UTC; never later than `receivedAt`, however the server's clock is set.
    package var seenAt: String
    /// The fingerprint of the group in which it is.
    package var group: String

    /// - Parameters:
    ///   - version: what ADMIN knows of the version in the report.
    ///   - receivedAt: in the registry's form.
    package init(_ report: CrashReport, from server: String, version: CrashVersion, receivedAt: String) {
        self.report = report
        self.server = server
        type = ServiceName(report.service)?.type ?? ""
        self.version = version
        self.receivedAt = receivedAt
        seenAt = min(Timestamp.inUTC(report.at) ?? receivedAt, receivedAt)
        group = report.fingerprint
    }

    /// Where it crashed: the innermost function of the program that is known, or else of a library.
    package var function: String? {
        let known = report.frames.filter { $0.function != nil }
        let own = known.first { $0.module.map { $0.isExactly(report.program) } ?? false }
        return (own ?? known.first)?.function
    }

    /// Bytes that it takes up, about.
    package var size: Int { report.text.utf8.count + report.frames.count * 200 + 500 }

    /// What it counts for in its group.
    ///
    /// - Parameter isSingle: whether there is room to count it by service, server and version.
    package func tally(isSingle: Bool) -> StoredTally {
        StoredTally(
            key: StoredTally.Key(
                type: type, service: isSingle ? report.service : "", server: isSingle ? server : "",
                // Of versions that ADMIN does not know a node could name any number.
                digest: isSingle && version.name != nil ? version.digest ?? "" : ""),
            count: 1, firstSeen: seenAt, lastSeen: seenAt, lastReport: report.id, lastService: report.service,
            lastServer: server, lastVersion: version)
    }

    /// The report for readers.
    ///
    /// - Parameter isWhole: whether with frames and text.
    package func resource(isWhole: Bool) -> CrashResource {
        CrashResource(
            id: report.id, fingerprint: group, service: report.service, server: server, version: version,
            worker: report.worker, pid: report.pid, at: Timestamp.inUTC(report.at) ?? receivedAt,
            receivedAt: receivedAt, kind: report.kind, signal: report.signal, exitCode: report.exitCode,
            program: report.program, threads: report.threads, dumpSize: report.dumpSize, problem: report.problem,
            frames: isWhole ? report.frames : nil, text: isWhole ? report.text : nil)
    }
}
