import JSON
import Names

/// How a process of a service ended without having been asked to.
public enum CrashKind: String, Sendable, Hashable, CaseIterable {
    /// A signal of its own making: SIGSEGV, SIGABRT and the like.
    case crashed
    /// It gave no sign of life for longer than its watchdog allows.
    case hung
    /// Another process, or the kernel for want of memory, sent a signal.
    case killed
    /// It ended by itself.
    case exited
    /// It did not become ready in time.
    case notReady = "not-ready"
}

/// A frame of the stack of the thread that crashed. Texts are on one line: whoever sends them escapes control characters.
public struct CrashFrame: Sendable, Hashable {
    /// The name without its parameters' values; `nil`: unknown.
    public var function: String?
    /// The path of the source file, as the debugger knows it.
    public var file: String?
    public var line: Int?
    /// The path of the program or library that has the code.
    public var module: String?
    /// `0x` and hexadecimal digits.
    public var address: String

    public init(
        function: String? = nil, file: String? = nil, line: Int? = nil, module: String? = nil, address: String
    ) {
        self.function = function
        self.file = file
        self.line = line
        self.module = module
        self.address = address
    }
}

/// Body of `POST /v1/servers/{server}/crashes`: a crash of a service that the server has or had. The same report may come
/// again: by its id it is kept once.
public struct CrashReport: Sendable, Hashable {
    /// 24 lower-case hexadecimal digits, by chance; of the file in which the master noted the crash.
    public var id: String
    public var service: String
    /// The version that ran: SHA-256 of its manifest; `nil`: unknown.
    public var version: String?
    /// From 1; 0: the service's program itself.
    public var worker: Int
    public var pid: Int
    /// When it crashed, by the server's clock: RFC 3339.
    public var at: String
    public var kind: CrashKind
    /// The number of the signal; `nil`: there was none.
    public var signal: Int?
    /// `nil`: it did not end by itself.
    public var exitCode: Int?
    /// What crashes have in common that are one fault, whatever the version and the server: 16 lower-case hexadecimal
    /// digits, made by the node of the kind, the signal and the five innermost frames of the program by their functions.
    public var fingerprint: String
    /// The path of the program.
    public var program: String
    /// The innermost first, at most `Limits.crashFrames`; empty: there is no stack, and `problem` says why.
    public var frames: [CrashFrame]
    /// The number of threads; `nil`: unknown.
    public var threads: Int?
    /// The stack of the thread that crashed with its variables, and what a sanitizer has reported: several lines, at most
    /// `Limits.crashText` bytes. What is no UTF-8 is replaced.
    public var text: String
    /// Bytes of the dump that the node keeps; 0: it keeps none.
    public var dumpSize: Int
    /// Why there is no stack, or no whole one.
    public var problem: String?

    public init(
        id: String, service: String, version: String? = nil, worker: Int = 0, pid: Int, at: String, kind: CrashKind,
        signal: Int? = nil, exitCode: Int? = nil, fingerprint: String, program: String, frames: [CrashFrame] = [],
        threads: Int? = nil, text: String = "", dumpSize: Int = 0, problem: String? = nil
    ) {
        self.id = id
        self.service = service
        self.version = version
        self.worker = worker
        self.pid = pid
        self.at = at
        self.kind = kind
        self.signal = signal
        self.exitCode = exitCode
        self.fingerprint = fingerprint
        self.program = program
        self.frames = frames
        self.threads = threads
        self.text = text
        self.dumpSize = dumpSize
        self.problem = problem
    }
}

/// The answer to a crash report.
public struct CrashReceipt: Sendable, Hashable {
    /// Of the group in which the report is: the report's own, or `CrashGroup.others`.
    public var fingerprint: String
    /// Whether ADMIN had no report of this id.
    public var isNew: Bool

    public init(fingerprint: String, isNew: Bool) {
        self.fingerprint = fingerprint
        self.isNew = isNew
    }
}

// MARK: Forms

extension CrashReport: Described {
    package static let form = Form<Self>.object(
        "CrashReport", .required("id", .crashID, \.id), .required("service", .serviceName, \.service),
        .present("version", .digest, \.version), .required("worker", .integer(Limits.workers), \.worker),
        .required("pid", .integer(Limits.processIDs), \.pid), .required("at", .time, \.at),
        .required("kind", .choice, \.kind), .present("signal", .integer(Limits.signals), \.signal),
        .present("exitCode", .integer(0...255), \.exitCode), .required("fingerprint", .fingerprint, \.fingerprint),
        .required("program", .line(atMost: Limits.crashName), \.program),
        .required("frames", .frames, \.frames),
        .present("threads", .integer(0...Limits.reportedCount), \.threads),
        .required("text", .bytes(0...Limits.crashText), \.text),
        .required("dumpSize", .integer(0...Limits.crashDump), \.dumpSize),
        .present("problem", .line(atMost: Limits.reportedText), \.problem)
    ) {
        CrashReport(
            id: $0, service: $1, version: $2, worker: $3, pid: $4, at: $5, kind: $6, signal: $7, exitCode: $8,
            fingerprint: $9, program: $10, frames: $11, threads: $12, text: $13, dumpSize: $14, problem: $15)
    }
}

extension CrashFrame: Described {
    package static let form = Form<Self>.object(
        "CrashFrame", .present("function", .line(atMost: Limits.crashName), \.function),
        .present("file", .line(atMost: Limits.crashName), \.file),
        .present("line", .integer(0...Limits.reportedCount), \.line),
        .present("module", .line(atMost: Limits.crashName), \.module),
        .required("address", .codeAddress, \.address)
    ) { CrashFrame(function: $0, file: $1, line: $2, module: $3, address: $4) }
}

extension CrashReceipt: Described {
    package static let form = Form<Self>.object(
        "CrashReceipt", .required("fingerprint", .fingerprint, \.fingerprint), .required("new", .boolean, \.isNew)
    ) { CrashReceipt(fingerprint: $0, isNew: $1) }
}

extension Form where Value == [CrashFrame] {
    /// The frames of a stack.
    package static let frames = Form(
        schema: [
            "type": "array", "maxItems": .integer(Limits.crashFrames), "items": CrashFrame.form.schema,
        ],
        read: { $0.elements(atMost: Limits.crashFrames, CrashFrame.form.read) },
        write: { .array($0.map(CrashFrame.form.write)) })
}

extension Form where Value == String {
    /// The id of a crash.
    package static let crashID = hexadecimal(24, "the id of a crash, 24 lower-case hexadecimal digits,")
    /// What tells faults apart.
    package static let fingerprint = hexadecimal(16, "a fingerprint, 16 lower-case hexadecimal digits,")

    /// An address in a program.
    fileprivate static let codeAddress = Form(
        schema: ["type": "string", "pattern": "^0x[0-9a-f]{1,16}$"],
        read: { field in
            guard let text = field.string() else { return nil }
            let digits = text.utf8.dropFirst(2)
            let isAddress =
                text.utf8.starts(with: "0x".utf8) && (1...16).contains(digits.count)
                && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            guard field.isStrict, !isAddress else { return text }
            field.fault("an address is expected, as 0x7f0010")
            return nil
        }, write: { .string($0) })
}
