import Cloud
import Foundation
import Glibc
import ServiceSupport
import Text
import Versions

/// The command that builds a version.
struct BuildProcess {
    private let command: [String]
    /// `NAME=value`
    private let environment: [String]
    private let path: String

    /// What the command gets of this process's environment.
    private static let inherited = ["PATH", "HOME", "TMPDIR"]
    private static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    init(
        _ settings: BuildSection.Settings, _ version: VersionName,
        environment own: [String: String] = ProcessInfo.processInfo.environment
    ) {
        command = settings.command
        var variables: [String: String] = ["PATH": Self.usualPath, "LANG": "C.UTF-8"]
        for name in Self.inherited { variables[name] = own[name] ?? variables[name] }
        for variable in settings.environment { variables[variable.name] = variable.value }
        variables["PORTCULLIS_TYPE"] = version.type
        variables["PORTCULLIS_VERSION"] = version.name
        variables["PORTCULLIS_VARIANT"] = version.variant
        path = variables["PATH"] ?? ""
        environment = variables.map { "\($0)=\($1)" }.sorted()
    }

    /// Runs the command in a directory to its end. Its output goes to standard error; it has no input.
    ///
    /// - Throws: that it cannot be started, its exit status, or the signal that ended it.
    func run(in directory: String) throws {
        let shown = command.map(\.printable).joined(separator: " ")
        let process = try start(in: directory, shown)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else {
                throw CommandError("the build cannot be waited for: \(FileError.reason(errno))")
            }
        }
        let signal = status & 0x7F
        guard signal == 0 else { throw CommandError("the build was ended by signal \(signal): \(shown)") }
        let code = status >> 8 & 0xFF
        guard code == 0 else { throw CommandError("the build ended with exit status \(code): \(shown)") }
    }

    private func start(in directory: String, _ shown: String) throws -> pid_t {
        let here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(here) }
        guard chdir(directory) == 0 else { throw FileError(path: directory, errno: errno) }
        // Nothing else in this process uses relative paths meanwhile.
        defer { _ = fchdir(here) }
        guard let program = program() else {
            throw CommandError(
                "the build cannot be started: there is no program \(command[0].printed())",
                hint: command[0].hasByte("/")
                    ? "It is looked for in \(directory.printable)." : "It is looked for in PATH=\(path.printable).")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        // This thread may block signals, which the command would inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, &attributes, words, variables)
        guard code == 0 else {
            throw CommandError("the build cannot be started: \(FileError.reason(code)): \(shown)")
        }
        return process
    }

    /// Where the program is, as a shell finds it.
    private func program() -> String? {
        guard !command[0].hasByte("/") else { return access(command[0], F_OK) == 0 ? command[0] : nil }
        return path.splitBytes(":").map { $0.isEmpty ? "./\(command[0])" : "\($0)/\(command[0])" }.first { candidate in
            access(candidate, X_OK) == 0 && FileKind(of: candidate) == .regularFile
        }
    }
}
