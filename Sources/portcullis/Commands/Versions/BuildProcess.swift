import Cloud
import Foundation
import Glibc
import ServiceSupport
import Text
import Versions

/// The command of a build as a child of this process.
struct BuildProcess {
    private let command: BuildCommand

    /// - Parameter environment: of which the command gets `PATH`, `HOME` and `TMPDIR`.
    init(
        _ settings: BuildSection.Settings, _ version: VersionName,
        environment own: [String: String] = ProcessInfo.processInfo.environment
    ) {
        command = BuildCommand(
            settings, version, path: own["PATH"], home: own["HOME"], temporary: own["TMPDIR"])
    }

    /// Runs the command in a directory to its end. Its output goes to standard error; it has no input.
    ///
    /// - Throws: that it cannot be started, its exit status, or the signal that ended it.
    func run(in directory: String) throws {
        let shown = command.words.map(\.printable).joined(separator: " ")
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
        let program: String
        do throws(MissingProgram) {
            program = try command.program(in: ".")
        } catch {
            throw CommandError(
                "the build cannot be started: \(error)",
                hint: error.isInPath ? error.hint : "It is looked for in \(directory.printable).")
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
        let words: [UnsafeMutablePointer<CChar>?] = command.words.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] =
            command.environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, &attributes, words, variables)
        guard code == 0 else {
            throw CommandError("the build cannot be started: \(FileError.reason(code)): \(shown)")
        }
        return process
    }
}
