import JSON
import Names
import Text

/// A version in which something has crashed, as ADMIN knew it then.
public struct CrashVersion: Sendable, Hashable {
    /// SHA-256 of the manifest; `nil`: the node did not know.
    public var digest: String?
    /// `nil`: ADMIN had no version with this manifest.
    public var name: String?
    public var variant: String?

    public init(digest: String? = nil, name: String? = nil, variant: String? = nil) {
        self.digest = digest
        self.name = name
        self.variant = variant
    }
}

/// Crashes that are one fault, by their fingerprint (an element of `GET /v1/crashes`). With filters, numbers and times
/// are of the crashes that they let through.
public struct CrashGroup: Sendable, Hashable {
    /// In this group are the crashes of further fingerprints, when there are as many groups as are kept.
    public static let others = "0000000000000000"

    public var fingerprint: String
    public var kind: CrashKind
    public var signal: Int?
    /// Where: the innermost function of the program that is known; `nil`: none is.
    public var function: String?
    /// Every crash, also those whose reports are not kept any more.
    public var count: Int
    /// RFC 3339 in UTC.
    public var firstSeen: String
    public var lastSeen: String
    /// In how many services, on how many servers, in how many versions.
    public var services: Int
    public var servers: Int
    public var versions: Int
    /// Of the newest crash.
    public var lastReport: String
    public var lastService: String
    public var lastServer: String
    public var lastVersion: CrashVersion

    public init(
        fingerprint: String, kind: CrashKind, signal: Int? = nil, function: String? = nil, count: Int,
        firstSeen: String, lastSeen: String, services: Int, servers: Int, versions: Int, lastReport: String,
        lastService: String, lastServer: String, lastVersion: CrashVersion
    ) {
        self.fingerprint = fingerprint
        self.kind = kind
        self.signal = signal
        self.function = function
        self.count = count
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.services = services
        self.servers = servers
        self.versions = versions
        self.lastReport = lastReport
        self.lastService = lastService
        self.lastServer = lastServer
        self.lastVersion = lastVersion
    }
}

/// How often something crashed in one version, or on one server.
public struct CrashTally: Sendable, Hashable {
    public var type: String
    public var version: CrashVersion
    /// `nil`: on servers that are not counted singly, since there are too many.
    public var server: String?
    public var service: String?
    public var count: Int
    public var firstSeen: String
    public var lastSeen: String

    public init(
        type: String, version: CrashVersion, server: String? = nil, service: String? = nil, count: Int,
        firstSeen: String, lastSeen: String
    ) {
        self.type = type
        self.version = version
        self.server = server
        self.service = service
        self.count = count
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
    }
}

/// A group with its newest reports (`GET /v1/crashes/{fingerprint}`).
public struct CrashGroupDetail: Sendable, Hashable {
    public var group: CrashGroup
    /// The stack of the newest report that has one.
    public var frames: [CrashFrame]
    /// By type, version, service and server.
    public var counts: [CrashTally]
    /// The newest, at most `Limits.shownCrashes`, newest first and without their texts.
    public var reports: [CrashResource]

    public init(group: CrashGroup, frames: [CrashFrame], counts: [CrashTally], reports: [CrashResource]) {
        self.group = group
        self.frames = frames
        self.counts = counts
        self.reports = reports
    }
}

/// A crash as ADMIN has it (`GET /v1/crashes/{fingerprint}/reports/{id}`), or one in a list, which is without frames and
/// text.
public struct CrashResource: Sendable, Hashable {
    public var id: String
    /// Of the group; the report's own if it is not `CrashGroup.others`.
    public var fingerprint: String
    public var service: String
    public var server: String
    public var version: CrashVersion
    public var worker: Int
    public var pid: Int
    /// RFC 3339 in UTC, by the server's clock.
    public var at: String
    /// When ADMIN got the report.
    public var receivedAt: String
    public var kind: CrashKind
    public var signal: Int?
    public var exitCode: Int?
    public var program: String
    public var threads: Int?
    /// Bytes of the dump that the node keeps, as far as ADMIN knows; 0: none.
    public var dumpSize: Int
    public var problem: String?
    /// `nil` in a list.
    public var frames: [CrashFrame]?
    /// `nil` in a list.
    public var text: String?

    public init(
        id: String, fingerprint: String, service: String, server: String, version: CrashVersion, worker: Int, pid: Int,
        at: String, receivedAt: String, kind: CrashKind, signal: Int? = nil, exitCode: Int? = nil, program: String,
        threads: Int? = nil, dumpSize: Int = 0, problem: String? = nil, frames: [CrashFrame]? = nil,
        text: String? = nil
    ) {
        self.id = id
        self.fingerprint = fingerprint
        self.service = service
        self.server = server
        self.version = version
        self.worker = worker
        self.pid = pid
        self.at = at
        self.receivedAt = receivedAt
        self.kind = kind
        self.signal = signal
        self.exitCode = exitCode
        self.program = program
        self.threads = threads
        self.dumpSize = dumpSize
        self.problem = problem
        self.frames = frames
        self.text = text
    }
}

// MARK: Words

extension CrashKind {
    /// What happened, for people: `crashed: SIGSEGV`, `exited with status 3`.
    public func words(signal: Int?, exitCode: Int? = nil) -> String {
        let name = signal.map(Self.signalName)
        return switch self {
        case .crashed: name.map { "crashed: \($0)" } ?? "crashed"
        case .hung: "hung"
        case .killed: name.map { "killed: \($0)" } ?? "killed"
        case .exited: exitCode.map { "exited with status \($0)" } ?? "exited"
        case .notReady: "did not become ready"
        }
    }

    /// `SIGSEGV`, by the numbers of Linux on x86 and ARM (signal(7)); `signal 40` for one without a name.
    static func signalName(_ number: Int) -> String {
        let names = [
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
            "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
            "WINCH", "IO", "PWR", "SYS",
        ]
        return names.indices.contains(number - 1) ? "SIG\(names[number - 1])" : "signal \(number)"
    }
}

extension CrashFrame {
    /// `handle_request at src/pgw.c:42`, safe to print.
    public var words: String {
        let name = function?.printable ?? address.printable
        guard let file else { return module.map { "\(name) in \($0.printable)" } ?? name }
        return "\(name) at \(file.printable)" + (line.map { ":\($0)" } ?? "")
    }
}

extension CrashVersion {
    /// `1.5.0`, `1.5.0/debug`, or the first digits of the digest.
    public func words(mainVariant: String) -> String {
        guard let name else { return digest.map { String($0.prefix(12)) } ?? "unknown" }
        return variant.map { $0 == mainVariant ? name : "\(name)/\($0)" } ?? name
    }
}

// MARK: Forms

extension CrashVersion: Described {
    package static let form = Form<Self>.object(
        "CrashVersion", .present("digest", .digest, \.digest), .present("name", .versionName, \.name),
        .present("variant", .variant, \.variant)
    ) { CrashVersion(digest: $0, name: $1, variant: $2) }
}

extension CrashGroup: Described {
    package static let form = Form<Self>.object(
        "CrashGroup", .required("fingerprint", .fingerprint, \.fingerprint), .required("kind", .choice, \.kind),
        .present("signal", .integer(Limits.signals), \.signal), .present("function", .text, \.function),
        .required("count", .integer(atLeast: 1), \.count), .required("firstSeen", .time, \.firstSeen),
        .required("lastSeen", .time, \.lastSeen), .required("services", .integer(atLeast: 0), \.services),
        .required("servers", .integer(atLeast: 0), \.servers), .required("versions", .integer(atLeast: 0), \.versions),
        .required("lastReport", .crashID, \.lastReport), .required("lastService", .serviceName, \.lastService),
        .required("lastServer", .name(.server), \.lastServer),
        .required("lastVersion", CrashVersion.form, \.lastVersion)
    ) {
        CrashGroup(
            fingerprint: $0, kind: $1, signal: $2, function: $3, count: $4, firstSeen: $5, lastSeen: $6, services: $7,
            servers: $8, versions: $9, lastReport: $10, lastService: $11, lastServer: $12, lastVersion: $13)
    }
}

extension CrashTally: Described {
    package static let form = Form<Self>.object(
        "CrashTally", .required("type", .name(.type), \.type), .required("version", CrashVersion.form, \.version),
        .present("server", .name(.server), \.server), .present("service", .serviceName, \.service),
        .required("count", .integer(atLeast: 1), \.count), .required("firstSeen", .time, \.firstSeen),
        .required("lastSeen", .time, \.lastSeen)
    ) {
        CrashTally(
            type: $0, version: $1, server: $2, service: $3, count: $4, firstSeen: $5, lastSeen: $6)
    }
}

extension CrashGroupDetail: Described {
    package static let form = Form<Self>.object(
        "CrashGroupDetail", .required("group", CrashGroup.form, \.group), .required("frames", .frames, \.frames),
        .required("counts", .list(of: CrashTally.form), \.counts),
        .required("reports", .list(of: CrashResource.form), \.reports)
    ) { CrashGroupDetail(group: $0, frames: $1, counts: $2, reports: $3) }
}

extension CrashResource: Described {
    package static let form = Form<Self>.object(
        "Crash", .required("id", .crashID, \.id), .required("fingerprint", .fingerprint, \.fingerprint),
        .required("service", .serviceName, \.service), .required("server", .name(.server), \.server),
        .required("version", CrashVersion.form, \.version), .required("worker", .integer(Limits.workers), \.worker),
        .required("pid", .integer(Limits.processIDs), \.pid), .required("at", .time, \.at),
        .required("receivedAt", .time, \.receivedAt), .required("kind", .choice, \.kind),
        .present("signal", .integer(Limits.signals), \.signal), .present("exitCode", .integer(0...255), \.exitCode),
        .required("program", .text, \.program), .present("threads", .integer(atLeast: 0), \.threads),
        .required("dumpSize", .integer(atLeast: 0), \.dumpSize), .present("problem", .text, \.problem),
        .present("frames", .frames, \.frames), .present("text", .text, \.text)
    ) {
        CrashResource(
            id: $0, fingerprint: $1, service: $2, server: $3, version: $4, worker: $5, pid: $6, at: $7, receivedAt: $8,
            kind: $9, signal: $10, exitCode: $11, program: $12, threads: $13, dumpSize: $14, problem: $15, frames: $16,
            text: $17)
    }
}
