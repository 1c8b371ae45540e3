import CFiles
import Cloud
import Glibc
import ServiceSupport
import Text

/// How a program is started by `portcullis-keeper`.
struct KeeperLaunch: Sendable {
    var service: String
    var process: ServiceProcess
    var instance: String
    var version: String
    var note = ""
    /// The working directory.
    var work: String
    /// The program's path, and its arguments.
    var words: [String]
    var environment: [(name: String, value: String)]
    var stopSignal = SIGTERM
    /// The program is started again when it was killed, and what it has started lives on meanwhile: the signal that stops
    /// those while there is no program to do it; `nil`: its end is the end of all.
    var keptSignal: Int32?
    /// Seconds.
    var stopTimeout = 10
    /// Seconds after which it is stopped; 0: none.
    var timeLimit = 0
    /// `notify`, `port:8080`, `time:500`.
    var ready = "time:0"
    var user: ServiceUser?
    var limits: [(name: String, value: Int)] = []
    /// `nil`: it runs on without ADMIN.
    var lease: ServiceLease?

    /// A name for a start that no other has.
    static func newInstance() -> String { (0..<12).map { _ in UInt8.random(in: 0...255) }.hexadecimal }

    /// What the keeper reads: the number of words, options and the program, and then the program's environment.
    private var order: [UInt8] {
        let words = options + ["--"] + self.words
        let texts = ["\(words.count)"] + words + environment.map { "\($0.name)=\($0.value)" }
        return texts.flatMap { Array($0.utf8) + [0] }
    }

    private var orderPath: String { "\(process.directory)/order" }

    private var options: [String] {
        var words = [
            "--directory", process.directory, "--instance", instance, "--version", version, "--note", note, "--log",
            process.log, "--work", work, "--stop-signal", "\(stopSignal)", "--stop-timeout", "\(stopTimeout * 1_000)",
            "--time-limit", "\(timeLimit * 1_000)", "--ready", ready,
        ]
        if let keptSignal { words += ["--keep-main", "\(keptSignal)"] }
        if let user { words += ["--user", "\(user.user)", "--group", "\(user.group)"] }
        for limit in limits { words += ["--limit", "\(limit.name)=\(limit.value)"] }
        if let lease { words += ["--lease", "\(lease.end)"] }
        return words
    }

    /// Writes down what the keeper is to do. Nobody but the agent's user may read it: a service's environment is its own.
    private func writeOrder() throws(LaunchError) {
        do throws(FileError) {
            try Files.replace(orderPath, with: order, isDurable: false, mode: 0o600)
        } catch {
            throw LaunchError("\(error)")
        }
    }

    /// Starts the keeper as the main process of a unit, and the program. When it returns, both have run.
    ///
    /// - Throws: why not, in words.
    func start(keeper: String, writable: [String], limits: ServiceLimits?) throws(LaunchError) {
        let unit = ServiceUnit(
            of: service, command: [keeper, "--unit", ServiceUnit.name(of: service), orderPath],
            writable: [process.directory] + writable, stopTimeout: stopTimeout, lease: lease?.seconds, limits: limits)
        try writeOrder()
        try UnitLaunch(unit: unit).start(instance, of: process)
    }

    /// Starts the keeper and the program. When it returns, both run.
    ///
    /// - Throws: why not, in words. Nothing runs then, or, as `isTaken` says, it ran already.
    func start(keeper: String) throws(LaunchError) {
        try writeOrder()
        let output = try Pipe()
        defer { output.closeBoth() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var identifier = pid_t()
        let result = Self.withStrings([keeper, orderPath]) { words in
            Self.withStrings([]) { posix_spawn(&identifier, keeper, &actions, nil, words, $0) }
        }
        guard result == 0 else { throw LaunchError("\(keeper): \(FileError.reason(result))") }
        output.closeWriting()
        let text = output.read()
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        // As WIFEXITED and WEXITSTATUS, which are macros.
        guard status != 0 else { return }
        throw LaunchError(text.isEmpty ? "\(keeper) ended before it had started anything" : text)
    }

    private static func withStrings<Value>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}

/// How long a service may run after an answer of ADMIN.
struct ServiceLease: Sendable {
    var seconds: Int
    /// Milliseconds on the boot clock at which the keeper stops the service unless the lease is renewed.
    var end: Int
}

/// Why a program was not started.
package struct LaunchError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// A pipe by which the keeper tells whether it has started the program.
private struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws(LaunchError) {
        var ends: [Int32] = [0, 0]
        guard portcullis_pipe(&ends) == 0 else { throw LaunchError("pipe: \(FileError.reason(errno))") }
        (reading, writing) = (ends[0], ends[1])
    }

    func closeWriting() { close(writing) }

    /// What the keeper has said, once it is known.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 2_048)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes { Glibc.read(reading, $0.baseAddress! + count, $0.count - count) }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { break }
            count += more
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    func closeBoth() { close(reading) }
}
